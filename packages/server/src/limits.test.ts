import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import {
  connected,
  disconnected,
  messagesOf,
  rawClient,
  rawRequest,
  request,
  serverForTest,
} from './testing.ts';

test.each(['websocket', 'polling'])('maxPayloadBytes by default, over %s', async (transport) => {
  const { url } = await serverForTest();
  const a = await connected(url, { transports: [transport] });
  const b = await connected(url, { transports: [transport] });
  const heard = messagesOf(b);
  await request(b, 'meshwork:subscribe', 'room');
  const largest = new Uint8Array(65_536).fill(255);
  expect(await request(a, 'meshwork:publish', 'room', largest)).toBeUndefined();
  expect(await request(a, 'meshwork:publish', 'room', [...largest])).toBeUndefined();
  const larger = new Uint8Array(65_537);
  for (const payload of [larger, [...larger], new Uint8Array(150_000)]) {
    const refusal = await request(a, 'meshwork:publish', 'room', payload);
    expect(refusal).toMatchObject({ code: 'payload-too-large' });
  }
  await vi.waitFor(() => expect(heard.map(([, bytes]) => bytes.length)).toEqual([65_536, 65_536]));
  expect(a.connected).toBe(true);
});

test('a frame far above maxPayloadBytes closes the connection that sent it, and no other', async () => {
  const { url } = await serverForTest({ limits: { maxPayloadBytes: 100 } });
  const a = await connected(url);
  const b = await connected(url);
  a.emit('meshwork:publish', 'room', new Uint8Array(1_000_000));
  await disconnected(a);
  expect(await request(b, 'meshwork:subscribe', 'room')).toBeUndefined();
  const refusal = await request(b, 'meshwork:publish', 'room', new Uint8Array(101));
  expect(refusal).toMatchObject({ code: 'payload-too-large' });
});

test('maxNamespaceChars', async () => {
  const { url } = await serverForTest({ limits: { maxNamespaceChars: 10 } });
  const a = await connected(url);
  expect(await request(a, 'meshwork:subscribe', 'x'.repeat(10))).toBeUndefined();
  for (const event of ['subscribe', 'unsubscribe', 'publish']) {
    const refusal = await request(a, `meshwork:${event}`, 'x'.repeat(11), [1]);
    expect(refusal).toMatchObject({ code: 'bad-namespace' });
  }
});

test('maxSubscriptionsPerSocket', async () => {
  const { url } = await serverForTest({
    prefix: ['a:', 'b:'],
    limits: { maxSubscriptionsPerSocket: 2 },
  });
  const a = await connected(url);
  expect(await request(a, 'a:subscribe', '1')).toBeUndefined();
  expect(await request(a, 'b:subscribe', '1')).toBeUndefined();
  expect(await request(a, 'a:subscribe', '2')).toMatchObject({ code: 'limit-reached' });
  expect(await request(await connected(url), 'a:subscribe', '2')).toBeUndefined();
});

test('maxConnections', async () => {
  const { url } = await serverForTest({ limits: { maxConnections: 2 } });
  const a = await connected(url);
  await connected(url, { transports: ['polling'] });
  await expect(connected(url)).rejects.toThrow();
  await expect(connected(url, { transports: ['polling'] })).rejects.toThrow();
  a.disconnect();
  await vi.waitFor(() => connected(url));
});

test('maxMessagesPerSecond and burstSeconds', async () => {
  const limits = { maxMessagesPerSecond: 10, burstSeconds: 2 };
  const { url } = await serverForTest({ limits });
  const a = await connected(url);
  const b = await connected(url);
  const heard = messagesOf(b);
  await request(b, 'meshwork:subscribe', 'room');
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => request(a, 'meshwork:publish', 'room', [1])),
  );
  expect(answers.slice(0, 20)).toEqual(Array(20).fill(undefined));
  expect(answers.at(-1)).toMatchObject({ code: 'rate-limited' });
  expect(await request(a, 'meshwork:subscribe', 'room')).toMatchObject({ code: 'rate-limited' });
  expect(heard.length).toBeLessThan(25);
  await sleep(250);
  expect(await request(a, 'meshwork:publish', 'room', [1])).toBeUndefined();
  expect(await request(b, 'meshwork:publish', 'room', [1])).toBeUndefined();
});

test('maxBytesPerSecond', async () => {
  const limits = { maxBytesPerSecond: 1_000, burstSeconds: 1, maxPayloadBytes: 1_000 };
  const { url } = await serverForTest({ limits });
  const a = await connected(url);
  const payload = new Uint8Array(900);
  expect(await request(a, 'meshwork:publish', 'room', payload)).toBeUndefined();
  expect(await request(a, 'meshwork:publish', 'room', payload)).toMatchObject({
    code: 'rate-limited',
  });
  expect(await request(a, 'meshwork:publish', 'room', [])).toBeUndefined();
  await sleep(1_000);
  expect(await request(a, 'meshwork:publish', 'room', payload)).toBeUndefined();
});

test.each(['42["unknown"]', '40/other,', '3', '430[]', '42["meshwork:publish"]'])(
  'a flood of %s is cut off',
  async (packet) => {
    const { url } = await serverForTest({
      limits: { maxMessagesPerSecond: 10, burstSeconds: 1 },
    });
    const b = await connected(url);
    const raw = await rawClient(url);
    raw.send('40');
    const closed = once(raw, 'close');
    for (let count = 0; count < 100; count += 1) raw.send(packet);
    await closed;
    expect(await request(b, 'meshwork:subscribe', 'room')).toBeUndefined();
  },
);

test('leaving and re-entering does not refill the rate', async () => {
  const { url } = await serverForTest({ limits: { maxMessagesPerSecond: 2, burstSeconds: 2 } });
  const raw = await rawClient(url);
  const closed = once(raw, 'close');
  for (let count = 0; count < 20; count += 1) {
    raw.send('40');
    raw.send('41');
  }
  await closed;
});

test('maxQueuedBytesPerSocket: who does not read is cut off, the others are served', async () => {
  const { url, hub } = await serverForTest({
    limits: { maxQueuedBytesPerSocket: 200_000, maxBytesPerSecond: 100_000_000 },
  });
  const slow = await rawClient(url);
  slow.send('40');
  await once(slow, 'message');
  slow.send('42["meshwork:subscribe","room"]');
  await vi.waitFor(() => expect(hub.size.members).toBe(1));
  slow.pause();
  const reader = await connected(url);
  const heard = messagesOf(reader);
  await request(reader, 'meshwork:subscribe', 'room');
  const publisher = await connected(url);
  const payload = new Uint8Array(60_000);
  let sent = 0;
  // The system's own buffers take some megabytes first.
  while (hub.size.members > 1 && sent < 500) {
    expect(await request(publisher, 'meshwork:publish', 'room', payload)).toBeUndefined();
    sent += 1;
  }
  expect(hub.size.members).toBe(1);
  await vi.waitFor(() => expect(heard).toHaveLength(sent));
  slow.terminate();
});

test('handshakeTimeoutMs: half a request, and a Socket.IO client that never says hello', async () => {
  const { url, port } = await serverForTest({ limits: { handshakeTimeoutMs: 200 } });
  const startMs = performance.now();
  const silent = await rawClient(url);
  const [answer] = await Promise.all([
    rawRequest(port, 'GET / HTTP/1.1\r\nHost: x\r\n'),
    rawRequest(port, 'POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'),
    once(silent, 'close'),
  ]);
  expect(answer).toMatch(/^HTTP\/1.1 408/);
  expect(performance.now() - startMs).toBeLessThan(2_000);
});

test('idleTimeoutMs: a client that answers no heartbeat, and a connection that is not used', async () => {
  const { port, url } = await serverForTest({ limits: { idleTimeoutMs: 300 } });
  const living = await connected(url);
  const silent = await rawClient(url);
  silent.send('40');
  const idle = connect(port, '127.0.0.1');
  idle.resume();
  await Promise.all([once(silent, 'close'), once(idle, 'close')]);
  await sleep(400);
  expect(living.connected).toBe(true);
});
