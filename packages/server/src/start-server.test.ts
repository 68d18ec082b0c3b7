import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ServerError, startServer } from './index.ts';
import { connected, disconnected, rawRequest, request, serverForTest } from './testing.ts';

test('the public entry starts a server that says where it is', async () => {
  const server = await startServer({ port: 0 });
  onTestFinished(() => server.close());
  expect(server.host).toBe('127.0.0.1');
  expect(server.port).toBeGreaterThan(0);
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  const a = await connected(server.url);
  expect(await request(a, 'meshwork:subscribe', 'room')).toBeUndefined();
});

test('on all addresses, the url is one that a browser here can open', async () => {
  const server = await serverForTest({ host: '0.0.0.0' });
  expect(server.url).toBe(`http://localhost:${server.port}`);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test('a wrong option rejects with a TypeError that names it', async () => {
  await expect(startServer({ port: -1 })).rejects.toThrow(TypeError);
  await expect(startServer({ limits: { maxConnections: 0 } })).rejects.toThrow('maxConnections');
});

test('GET /healthz is ok, and without staticDir there are no pages', async () => {
  const { url } = await serverForTest();
  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.text()]).toEqual([200, 'ok']);
  const page = await fetch(url);
  expect(page.status).toBe(404);
  expect(await page.text()).toContain('Meshwork signaling server');
});

test('a port in use is an error with code, cause and advice', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    other.close();
  });
  const { port } = other.address() as AddressInfo;
  const error = await startServer({ port }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ServerError);
  expect(error).toMatchObject({
    code: 'port-in-use',
    message: `Port ${port} is in use. Choose another with --port.`,
    cause: { code: 'EADDRINUSE' },
  });
});

test('an address that is not ours is an error with its cause', async () => {
  await expect(startServer({ port: 0, host: '203.0.113.1' })).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringContaining('203.0.113.1'),
    cause: expect.any(Error),
  });
});

test('close ends everything at once, and leaves no handle', async () => {
  // Whatever fetch and the test runner keep of their own is there before and after.
  const count = () => process.getActiveResourcesInfo().length;
  const before = count();
  const server = await startServer({ port: 0 });
  const webSocket = await connected(server.url);
  const polling = await connected(server.url, { transports: ['polling'] });
  const upgraded = await connected(server.url, { transports: ['polling', 'websocket'] });
  const idle = connect(server.port, '127.0.0.1');
  const keptAlive = rawRequest(server.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  const halfSent = rawRequest(server.port, 'GET /healthz HTTP/1.1\r\nHo').catch(() => '');
  const deaf = connect(server.port, '127.0.0.1', () => {
    deaf.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n' +
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
  });
  for (const tcp of [idle, deaf]) tcp.on('error', () => undefined);
  await new Promise((resolve) => deaf.once('data', resolve));

  const startMs = performance.now();
  await Promise.all([server.close(), server.close()]);
  await server.close();
  expect(performance.now() - startMs).toBeLessThan(500);
  await Promise.all([webSocket, polling, upgraded].map(disconnected));
  expect(await keptAlive).toContain('ok');
  await halfSent;
  for (const tcp of [idle, deaf]) tcp.destroy();
  await vi.waitFor(() => expect(count()).toBeLessThanOrEqual(before), 3_000);

  const again = await startServer({ port: server.port }); // the port is free
  await again.close();
});

test('an upgrade that is not for us ends the connection', async () => {
  const { port } = await serverForTest();
  const bytes =
    'GET /other HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  expect(await rawRequest(port, bytes)).toBe('');
});

test.each([
  '\r\n\r\n',
  'GARBAGE\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
])('what is not HTTP does not stop the server: %j', async (bytes) => {
  const { port, url } = await serverForTest({ limits: { handshakeTimeoutMs: 200 } });
  await rawRequest(port, bytes).catch(() => '');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
