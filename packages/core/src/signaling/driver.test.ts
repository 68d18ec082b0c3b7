import { expect, test, vi } from 'vitest';
import { Driver, fromDriverPayload, type Namespace, toDriverMessage } from './driver.ts';

test('a message is bytes to a binary bus and numbers to a text bus', () => {
  const message = toDriverMessage(Uint8Array.of(0, 127, 255));
  expect(message).toBeInstanceOf(Uint8Array);
  expect([...message]).toEqual([0, 127, 255]);
  expect(JSON.stringify(message)).toBe('[0,127,255]');
  expect(JSON.stringify({ data: message })).toBe('{"data":[0,127,255]}');
  expect(JSON.stringify(toDriverMessage(new Uint8Array(0)))).toBe('[]');
});

test('a message survives structured clone as plain bytes', () => {
  const cloned = structuredClone(toDriverMessage(Uint8Array.of(1, 2)));
  expect(cloned).toEqual(Uint8Array.of(1, 2));
  expect(Object.keys(toDriverMessage(Uint8Array.of(1)))).toEqual(['0']);
});

test('[DR6] a message shares no memory with what it was made of', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
  const message = toDriverMessage(bytes);
  bytes.fill(9);
  expect([...message]).toEqual([2, 3]);
  expect(message.buffer.byteLength).toBe(2);
});

test.each([
  ['a Uint8Array', Uint8Array.of(1, 2, 3)],
  ['a part of a larger buffer', Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4)],
  ['a Buffer', Buffer.from([1, 2, 3])],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
  ['a DataView', new DataView(Uint8Array.of(9, 1, 2, 3).buffer, 1)],
  ['an array of numbers', [1, 2, 3]],
  ['a message of ours', toDriverMessage(Uint8Array.of(1, 2, 3))],
  [
    'a message of ours through JSON',
    JSON.parse(JSON.stringify(toDriverMessage(Uint8Array.of(1, 2, 3)))),
  ],
])('a payload may be %s', (_form, payload) => {
  expect(fromDriverPayload(payload, 3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(fromDriverPayload(payload, 2)).toBeUndefined();
});

test('[DR6] a payload is copied: the driver may use its buffer again', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const payloads = [bytes, bytes.buffer].map((payload) => fromDriverPayload(payload, 10));
  bytes.fill(0);
  expect(payloads).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', '\u0001\u0002'],
  ['a number', 3],
  ['an object', { 0: 1, length: 1 }],
  ['a Blob', new Blob(['a'])],
  ['numbers above a byte', [1, 256]],
  ['negative numbers', [-1]],
  ['fractions', [1.5]],
  ['NaN', [Number.NaN]],
  ['text in an array', ['1']],
  ['holes', JSON.parse('[1,null]')],
])('a payload may not be %s', (_form, payload) => {
  expect(fromDriverPayload(payload, 10)).toBeUndefined();
});

test('[DR1] setting active emits the change, once', () => {
  const driver = new Driver();
  const heard: string[] = [];
  driver.on('active', () => heard.push(`active ${driver.active}`));
  driver.on('inactive', () => heard.push(`inactive ${driver.active}`));
  expect(driver.active).toBe(false);
  driver.active = false;
  driver.active = true;
  driver.active = true;
  driver.active = false;
  expect(heard).toEqual(['active true', 'inactive false']);
});

test('an older driver with dispatch publishes through it', async () => {
  const dispatched: unknown[] = [];
  class Older extends Driver {
    async dispatch(namespace: Namespace, message: Uint8Array) {
      dispatched.push([namespace, [...message]]);
    }
  }
  await new Older().publish(['room'], toDriverMessage(Uint8Array.of(1)));
  expect(dispatched).toEqual([[['room'], [1]]]);
});

test('a driver that lacks a method says which', () => {
  class Mine extends Driver {}
  const driver = new Mine();
  expect(() => driver.subscribe([], () => {})).toThrow(/Mine must implement subscribe/);
  expect(() => driver.unsubscribe([], () => {})).toThrow(/Mine must implement unsubscribe/);
  expect(() => driver.publish([], toDriverMessage(new Uint8Array(0)))).toThrow(
    /Mine must implement publish/,
  );
});

test('[DR11] destroy goes inactive, forgets its listeners, and may be called twice', () => {
  const driver = new Driver();
  const onInactive = vi.fn();
  driver.active = true;
  driver.on('inactive', onInactive);
  void driver.destroy();
  void driver.destroy();
  expect(driver.active).toBe(false);
  expect(onInactive).toHaveBeenCalledOnce();
  driver.active = true;
  driver.active = false;
  expect(onInactive).toHaveBeenCalledOnce();
});
