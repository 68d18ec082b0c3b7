import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import {
  clientForTest,
  connected,
  messagesOf,
  rawClient,
  rawRequest,
  request,
  serverForTest,
} from './testing.ts';

const BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);

test.each(['websocket', 'polling'])('two clients exchange bytes, over %s', async (transport) => {
  const { url } = await serverForTest();
  const a = await connected(url, { transports: [transport] });
  const b = await connected(url, { transports: [transport] });
  const [heardA, heardB] = [messagesOf(a), messagesOf(b)];
  expect(await request(a, 'meshwork:subscribe', 'room')).toBeUndefined();
  expect(await request(b, 'meshwork:subscribe', 'room')).toBeUndefined();

  expect(await request(a, 'meshwork:publish', 'room', BYTES)).toBeUndefined();
  expect(await request(b, 'meshwork:publish', 'room', new Uint8Array())).toBeUndefined();
  await vi.waitFor(() => expect([heardA.length, heardB.length]).toEqual([1, 1]));
  expect(heardB).toEqual([['room', [...BYTES]]]);
  expect(heardA).toEqual([['room', []]]); // and not its own
});

test('a plain array of bytes arrives as bytes', async () => {
  const { url } = await serverForTest();
  const a = await connected(url);
  const b = await connected(url);
  const heard = messagesOf(b);
  await request(b, 'meshwork:subscribe', 'room');
  await request(a, 'meshwork:publish', 'room', [...BYTES]);
  await request(a, 'meshwork:publish', 'room', []);
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  expect(heard).toEqual([
    ['room', [...BYTES]],
    ['room', []],
  ]);
});

test('a publisher need not be subscribed, and its payloads keep their order', async () => {
  const { url } = await serverForTest();
  const a = await connected(url);
  const b = await connected(url);
  const heard = messagesOf(b);
  await request(b, 'meshwork:subscribe', 'room');
  const numbers = Array.from({ length: 200 }, (_, index) => index);
  // Binary and arrays in turn: they must not overtake each other.
  for (const n of numbers) a.emit('meshwork:publish', 'room', n % 2 ? [n] : Uint8Array.of(n));
  await vi.waitFor(() => expect(heard).toHaveLength(200));
  expect(heard.map(([, bytes]) => bytes[0])).toEqual(numbers);
});

test('namespaces match exactly, whatever characters they hold', async () => {
  const { url } = await serverForTest();
  const a = await connected(url);
  const b = await connected(url);
  const heard = messagesOf(b);
  const names = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '*',
    '#',
    '.',
    '..',
    '/',
    'a/b',
    'a:b',
    ' ',
    'a ',
    'A',
    'a',
    '\n',
    '\0',
    '\u{1F300}',
    'é',
    'e\u0301',
    '"',
    '$',
    'room',
    'room2',
    'roo',
  ];
  for (const name of names) await request(b, 'meshwork:subscribe', name);
  for (const name of names) await request(a, 'meshwork:publish', name, [1]);
  await request(a, 'meshwork:publish', 'nobody is here', [1]);
  await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(names.length));
  await sleep(30);
  expect(heard.map(([name]) => name)).toEqual(names);
});

test('after unsubscribing: silence, and no change for others', async () => {
  const { url, hub } = await serverForTest();
  const [a, b, c] = [await connected(url), await connected(url), await connected(url)];
  const [heardB, heardC] = [messagesOf(b), messagesOf(c)];
  await request(b, 'meshwork:subscribe', 'room');
  await request(c, 'meshwork:subscribe', 'room');
  expect(await request(b, 'meshwork:unsubscribe', 'room')).toBeUndefined();
  expect(await request(b, 'meshwork:unsubscribe', 'room')).toBeUndefined();
  await request(a, 'meshwork:publish', 'room', [7]);
  await vi.waitFor(() => expect(heardC).toEqual([['room', [7]]]));
  expect(heardB).toEqual([]);
  expect(hub.size).toEqual({ topics: 1, members: 1 });
});

test('a client that goes away leaves nothing behind', async () => {
  const { url, hub } = await serverForTest();
  const a = await connected(url);
  const b = await connected(url);
  await request(a, 'meshwork:subscribe', 'room');
  await request(a, 'meshwork:subscribe', 'other');
  await request(b, 'meshwork:subscribe', 'room');
  a.disconnect();
  await vi.waitFor(() => expect(hub.size).toEqual({ topics: 1, members: 1 }));
  b.io.engine.close(); // without a good-bye of Socket.IO
  await vi.waitFor(() => expect(hub.size).toEqual({ topics: 0, members: 0 }));
});

test("another client's socket id is no namespace", async () => {
  const { url } = await serverForTest();
  const a = await connected(url);
  const b = await connected(url);
  const heard = messagesOf(b);
  const spy = vi.fn();
  b.onAny(spy);
  for (const id of [b.id, `${b.id}`, `/#${b.id}`, `meshwork:\n${b.id}`]) {
    expect(await request(a, 'meshwork:publish', id, [1])).toBeUndefined();
  }
  await request(b, 'meshwork:unsubscribe', b.id); // must not cut b off from Socket.IO itself
  await request(b, 'meshwork:subscribe', 'room');
  await request(a, 'meshwork:publish', 'room', [2]);
  await vi.waitFor(() => expect(heard).toEqual([['room', [2]]]));
  expect(spy).toHaveBeenCalledTimes(1);
});

test("the documented server's client works: prefix peerix:, dispatch, acks optional", async () => {
  const { url } = await serverForTest({ prefix: ['meshwork:', 'peerix:'] });
  const [a, b, ours] = [await connected(url), await connected(url), await connected(url)];
  const [heardB, heardOurs] = [messagesOf(b, 'peerix:'), messagesOf(ours)];
  b.emit('peerix:subscribe', 'room');
  await request(ours, 'meshwork:subscribe', 'room');
  await vi.waitFor(async () => {
    await new Promise<void>((resolve) => a.emit('peerix:dispatch', 'room', BYTES, resolve));
    expect(heardB[0]).toEqual(['room', [...BYTES]]);
  });
  expect(heardOurs).toEqual([]); // prefixes are kept apart
  // A prefix and a namespace that look like another pair when joined.
  const { url: other } = await serverForTest({ prefix: ['a:', 'a:b:'] });
  const [c, d] = [await connected(other), await connected(other)];
  const heardD = [messagesOf(d, 'a:'), messagesOf(d, 'a:b:')];
  await request(d, 'a:b:subscribe', 'c');
  await request(c, 'a:publish', 'b:c', [1]);
  await request(c, 'a:b:publish', 'c', [2]);
  await vi.waitFor(() => expect(heardD).toEqual([[], [['c', [2]]]]));
});

test('what is not a namespace or a payload is refused, and harms nobody', async () => {
  const { url, hub } = await serverForTest();
  const a = await connected(url);
  const b = await connected(url);
  const heard = messagesOf(b);
  await request(b, 'meshwork:subscribe', 'room');

  const noNamespaces = [
    undefined,
    null,
    1,
    true,
    '',
    {},
    [],
    ['room'],
    BYTES,
    [BYTES],
    { a: BYTES },
  ];
  for (const event of ['subscribe', 'unsubscribe', 'publish', 'dispatch']) {
    for (const value of noNamespaces) {
      const refusal = await request(a, `meshwork:${event}`, value, [1]);
      expect(refusal, `${event} ${String(value)}`).toMatchObject({ code: 'bad-namespace' });
      a.emit(`meshwork:${event}`, value, [1]); // without an ack
    }
    a.emit(`meshwork:${event}`);
    a.emit(`meshwork:${event}`, 'x', 'not a function');
    a.emit(`meshwork:${event}`, 'x', [1], { call: 'me' }, 'more', 1);
  }
  const noPayloads = [
    undefined,
    null,
    1,
    'text',
    {},
    [256],
    [-1],
    [0.5],
    ['1'],
    [null],
    [[1]],
    [BYTES],
    { a: BYTES },
    { length: 3 },
    { type: 'Buffer', data: [1] },
    { _placeholder: true, num: 0 },
  ];
  for (const value of noPayloads) {
    const refusal = await request(a, 'meshwork:publish', 'room', value);
    expect(refusal, JSON.stringify(value)).toMatchObject({ code: 'bad-payload' });
    a.emit('meshwork:publish', 'room', value);
  }
  // An event called 'error' threw in servers that do not listen to it, before Socket.IO 4.6.2.
  for (const event of ['error', 'message', '__proto__', 'meshwork:', 'meshwork:message', '']) {
    a.emit(event, 'room', [1]);
    a.emit(event, new Error('x'), () => undefined);
  }

  expect(await request(a, 'meshwork:publish', 'room', [42])).toBeUndefined();
  await vi.waitFor(() => expect(heard).toEqual([['room', [42]]]));
  // Of all that only ('x', 'not a function') was a subscription, and then unsubscribed again.
  expect(hub.size).toEqual({ topics: 1, members: 1 });
});

test.each([
  '42',
  '42{}',
  '42["error"]',
  '42[1,2]',
  '42[null]',
  '42["meshwork:subscribe"',
  '420["meshwork:publish","room"]',
  '43[]',
  '430[]',
  '43{}',
  '44{"message":"x"}',
  '40{}',
  '40/other,{}',
  '41',
  '49',
  '4',
  '451-["x",{"_placeholder":true,"num":5}]',
  '4599-["x"]',
  '451-["meshwork:subscribe",{"_placeholder":true,"num":0}]',
  '42["__proto__",{"__proto__":1}]',
  `42["meshwork:publish","room",${'['.repeat(60_000)}${']'.repeat(60_000)}]`,
  `451-["meshwork:publish",${'['.repeat(60_000)}${']'.repeat(60_000)}]`,
  '2',
  '3probe',
  '6',
  'x',
  '',
])('a broken packet does not stop the server: %s', async (packet) => {
  const { url } = await serverForTest();
  const witness = await connected(url);
  const heard = messagesOf(witness);
  await request(witness, 'meshwork:subscribe', 'room');
  for (const binaryAfter of [false, true]) {
    const raw = await rawClient(url);
    raw.send('40');
    await once(raw, 'message');
    raw.send(packet);
    if (binaryAfter) raw.send(BYTES);
    await sleep(15);
    raw.terminate();
  }
  const publisher = await connected(url);
  expect(await request(publisher, 'meshwork:publish', 'room', [1])).toBeUndefined();
  await vi.waitFor(() => expect(heard).toContainEqual(['room', [1]]));
});

test('pages of this machine and of the server may connect, strangers may not', async () => {
  const local = await serverForTest();
  const listed = await serverForTest({ allowedOrigins: ['https://chat.example'] });
  const open = await serverForTest({ allowedOrigins: ['*'] });
  const wide = await serverForTest({ host: '0.0.0.0' });
  const tries: [{ port: number }, string, string | undefined, boolean][] = [
    [local, 'localhost', 'http://localhost:5173', true],
    [local, 'localhost', 'http://127.0.0.1:1', true],
    [local, 'localhost', 'http://[::1]:1', true],
    [local, 'localhost', undefined, true],
    [local, 'localhost', 'https://evil.example', false],
    [local, 'localhost', 'http://localhost.evil.example', false],
    [local, 'localhost', 'http://127.0.0.1.evil.example', false],
    [local, 'localhost', 'null', false],
    [local, 'evil.example', 'http://evil.example', false], // DNS rebinding
    [listed, 'localhost', 'https://chat.example', true],
    [listed, 'localhost', 'https://evil.example', false],
    [open, 'localhost', 'https://evil.example', true],
    [wide, 'mesh.example:8080', 'http://mesh.example:8080', true],
    [wide, 'mesh.example:8080', 'http://evil.example:8080', false],
  ];
  for (const [{ port }, host, origin, isAllowed] of tries) {
    const extraHeaders = { host, ...(origin === undefined ? {} : { origin }) };
    const attempt = connected(`ws://127.0.0.1:${port}`, { extraHeaders });
    const isConnected = await attempt.then(
      () => true,
      () => false,
    );
    expect(isConnected, `WebSocket, ${origin} at ${host}`).toBe(isAllowed);

    const headers = Object.entries({ ...extraHeaders, connection: 'close' });
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const target = '/socket.io/?EIO=4&transport=polling';
    const answer = await rawRequest(port, `GET ${target} HTTP/1.1\r\n${lines}\r\n`);
    expect(answer, `polling, ${origin} at ${host}`).toMatch(isAllowed ? /^\S+ 200 / : /^\S+ 403 /);
  }
});

test('a page on another port of this machine gets CORS headers, a stranger does not', async () => {
  const { url } = await serverForTest();
  const handshake = (origin: string) =>
    fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
  const own = await handshake('http://localhost:5173');
  expect(own.status).toBe(200);
  expect(own.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
  const stranger = await handshake('https://evil.example');
  expect(stranger.status).toBe(403);
  expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
});

test('the client library is not served, and older protocols are not spoken', async () => {
  const { url } = await serverForTest();
  const library = await fetch(`${url}/socket.io/socket.io.js`);
  expect(library.status).toBe(400);
  const older = await fetch(`${url}/socket.io/?EIO=3&transport=polling`);
  expect(older.status).toBe(400);
  const other = clientForTest(`${url}/admin`);
  const refused = await new Promise<Error>((resolve) => other.once('connect_error', resolve));
  expect(refused.message).toBe('Invalid namespace');
});
