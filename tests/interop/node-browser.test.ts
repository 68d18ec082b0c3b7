/**
 * A Node connection with a browser page: who offers, both kinds of messages, offer collisions, and
 * a browser that offers media as well.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, firefox, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cleanup, webrtc } from '../../packages/node/src/index.ts';
import { messages, opened, within } from '../../packages/testing/src/webrtc-pair.ts';
import { chromiumLaunch, firefoxLaunch } from '../browsers.ts';
import { installBrowserEnd, NodeEnd } from './ends.ts';

const LARGE_BYTES = 200 * 1_024;

const BROWSERS = {
  chromium: () => chromium.launch({ ...chromiumLaunch, headless: true }),
  firefox: () => firefox.launch({ ...firefoxLaunch, headless: true }),
};

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>interop</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://localhost:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.close();
  cleanup();
});

/** Carries signals between both ends until the channel is open on both. */
async function connect(node: NodeEnd, page: Page): Promise<void> {
  const open = within('open channels', Promise.all([opened(node.channel), inPage(page, 'opened')]));
  let isOver = false;
  const carry = async () => {
    while (!isOver) {
      for (const signal of node.outbox.splice(0)) {
        await page.evaluate((sent) => globalThis.end.receive(sent), signal);
      }
      for (const signal of await page.evaluate(() => globalThis.end.outbox.splice(0))) {
        await node.receive(signal);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all([
    open.finally(() => {
      isOver = true;
    }),
    carry(),
  ]);
}

function inPage(page: Page, what: 'opened' | 'offer'): Promise<void> {
  return page.evaluate((name) => globalThis.end[name](), what);
}

/** Text and a large binary message, both ways; the page echoes. */
async function talk({ channel }: NodeEnd): Promise<void> {
  const large = Uint8Array.from({ length: LARGE_BYTES }, (_, index) => (index * 31) & 255);
  const echoes = messages(channel, 3);
  channel.send('hello from node');
  channel.send(large);
  channel.send(new Uint8Array(0));
  const [text, binary, empty] = await echoes;
  expect(text).toBe('hello from node');
  expect(Buffer.from(large).equals(Buffer.from(binary as ArrayBuffer))).toBe(true);
  expect((empty as ArrayBuffer).byteLength).toBe(0);
}

describe.each(Object.entries(BROWSERS))('Node and %s', (name, launch) => {
  let browser: Browser;
  let page: Page;
  let node: NodeEnd;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    page = await browser.newPage();
    await page.goto(url);
  });
  afterEach(async () => {
    node?.close();
    await page.close();
  });

  async function start(isNodePolite = true): Promise<void> {
    node = new NodeEnd(webrtc, isNodePolite);
    await page.evaluate(installBrowserEnd, !isNodePolite);
  }

  it('connect when Node offers', async () => {
    await start();
    await node.offer();
    await connect(node, page);
    await talk(node);
  });

  it('connect when the browser offers', async () => {
    await start();
    await inPage(page, 'offer');
    await connect(node, page);
    await talk(node);
  });

  it.each([true, false])('resolve an offer collision, Node polite: %s', async (isNodePolite) => {
    await start(isNodePolite);
    await Promise.all([node.offer(), inPage(page, 'offer')]);
    await connect(node, page);
    await talk(node);
  });

  it('keep talking when the browser offers media, which Node declines', async () => {
    await start();
    await inPage(page, 'offer');
    await connect(node, page);
    await page.evaluate(() => {
      globalThis.end.pc.addTransceiver('audio');
      return globalThis.end.offer();
    });
    const offer = await page.evaluate(() => globalThis.end.outbox.splice(0));
    for (const signal of offer) await node.receive(signal);
    for (const signal of node.outbox.splice(0)) {
      await page.evaluate((sent) => globalThis.end.receive(sent), signal);
    }
    expect(await page.evaluate(() => globalThis.end.pc.signalingState)).toBe('stable');
    await talk(node);
  });

  it(`see ${name} leave at once`, async () => {
    await start();
    await node.offer();
    await connect(node, page);
    const closed = within(
      'close within 2 s',
      new Promise((resolve) => node.channel.addEventListener('close', resolve)),
      2_000,
    );
    await page.evaluate(() => globalThis.end.pc.close());
    await closed;
    expect(node.pc.signalingState).toBe('stable');
  });
});
