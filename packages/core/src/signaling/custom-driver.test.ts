// biome-ignore-all lint/correctness/noUnusedFunctionParameters: the snippets stay as they are
// @ts-nocheck The snippets are untyped JavaScript, and stay as their users have them.
/** The custom drivers of the seed's documentation run as written; only the import is ours. */

import { expect, test } from 'vitest';
import { Driver } from '../index.ts';
import { toDriverMessage } from './driver.ts';

class MyDriver extends Driver {
  async subscribe(namespace, handler) {
    // implement subscription logic for the given namespace and handler
  }
  async unsubscribe(namespace, handler) {
    // implement unsubscription logic for the given namespace and handler
  }
  async dispatch(namespace, message) {
    // implement dispatch logic for the given namespace and message
  }
}

// Minimal in-memory signaling driver
class MemoryDriver extends Driver {
  constructor() {
    super();
    this.handlers = new Map();
  }
  subscribe(namespace, handler) {
    const k = namespace.join(':');
    if (!this.handlers.has(k)) {
      this.handlers.set(k, new Set());
    }
    this.handlers.get(k).add(handler);
  }
  unsubscribe(namespace, handler) {
    const k = namespace.join(':');
    this.handlers.get(k)?.delete(handler);
  }
  dispatch(namespace, message) {
    const k = namespace.join(':');
    if (!this.handlers.has(k)) return;
    for (const handler of this.handlers.get(k)) {
      setTimeout(() => handler(message), 0);
    }
  }
}

const message = toDriverMessage(Uint8Array.of(0, 1, 254, 255));

test('what is published through the minimal in-memory driver arrives', async () => {
  const driver = new MemoryDriver();
  const arrived = [];
  const handler = (payload) => arrived.push(payload);
  const next = () =>
    new Promise((resolve) => driver.subscribe(['room', 'other'], (payload) => resolve(payload)));

  await driver.subscribe(['room', 'peer'], handler);
  const heard = next();
  await driver.publish(['room', 'peer'], message);
  await driver.publish(['room', 'other'], message);
  // Timers of one delay run in order, so the first payload has arrived when the second does.
  expect([...(await heard)]).toEqual([0, 1, 254, 255]);
  expect(arrived.map((payload) => [...payload])).toEqual([[0, 1, 254, 255]]);

  await driver.unsubscribe(['room', 'peer'], handler);
  const heardAgain = next();
  await driver.publish(['room', 'peer'], message);
  await driver.publish(['room', 'other'], message);
  await heardAgain;
  expect(arrived).toHaveLength(1);
});

test('the interface that the page shows is enough', async () => {
  const driver = new MyDriver();
  await driver.subscribe(['room'], () => {});
  await driver.publish(['room'], message);
  await driver.unsubscribe(['room'], () => {});
  await driver.destroy();
  expect(driver.active).toBe(false);
});

test('a driver that can neither publish nor dispatch says so', () => {
  class Mute extends Driver {}
  expect(() => new Mute().publish(['room'], message)).toThrow('Mute must implement publish');
});
