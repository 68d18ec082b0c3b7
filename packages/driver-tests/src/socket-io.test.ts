/** SocketIoDriver against real Socket.IO servers; the first is the one its users already run. */

import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Driver, MeshworkError, SocketIoDriver } from 'meshwork';
import { Server, type Socket as ServerSocket } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { afterAll, describe, expect, test } from 'vitest';
import { Lab, toMessage } from './harness.ts';
import { type DriverHarness, describeDriver } from './index.ts';

type Serve = (socket: ServerSocket, io: Server) => void;

/** The server that the Socket.IO page has shown since the beginning, as it is written there. */
const seedServer: Serve = (socket) => {
  socket.on('peerix:subscribe', (namespace, callback) => {
    socket.join(namespace);
    if (callback) callback();
  });

  socket.on('peerix:unsubscribe', (namespace, callback) => {
    socket.leave(namespace);
    if (callback) callback();
  });

  socket.on('peerix:dispatch', (namespace, payload, callback) => {
    socket.broadcast.to(namespace).emit('peerix:message', namespace, payload);
    if (callback) callback();
  });
};

/** The same with the newer word. */
function publishServer(prefix: string, word = 'publish'): Serve {
  return (socket) => {
    socket.on(`${prefix}subscribe`, (namespace, callback) => {
      socket.join(namespace);
      if (callback) callback();
    });
    socket.on(`${prefix}unsubscribe`, (namespace, callback) => {
      socket.leave(namespace);
      if (callback) callback();
    });
    socket.on(`${prefix}${word}`, (namespace, payload, callback) => {
      socket.broadcast.to(namespace).emit(`${prefix}message`, namespace, payload);
      if (callback) callback();
    });
  };
}

/** A server that can be stopped for real and started again on the same port. */
class TestServer {
  io: Server | undefined;
  #http: HttpServer | undefined;
  #port = 0;
  serve: Serve;

  constructor(serve: Serve) {
    this.serve = serve;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const http = createServer();
    const server = new Server(http, { serveClient: false });
    server.use((socket, next) => {
      next(socket.handshake.auth['refuse'] ? new Error('not today') : undefined);
    });
    server.on('connection', (socket) => this.serve(socket, server));
    await new Promise<void>((resolve) => http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (http.address() as AddressInfo).port;
    this.io = server;
    this.#http = http;
  }

  async stop(): Promise<void> {
    const http = this.#http;
    this.#http = undefined;
    // Cuts the connections as a crash would: no word of goodbye in Socket.IO's protocol.
    this.io?.engine.close();
    http?.closeAllConnections();
    await new Promise<void>((resolve) => (http ? http.close(() => resolve()) : resolve()));
  }
}

const sockets: Socket[] = [];
const servers: TestServer[] = [];

async function started(serve: Serve): Promise<TestServer> {
  const server = new TestServer(serve);
  await server.start();
  servers.push(server);
  return server;
}

function connect(server: TestServer, options: Record<string, unknown> = {}): Socket {
  const socket = io(server.url, {
    forceNew: true,
    transports: ['websocket'],
    reconnectionDelay: 20,
    reconnectionDelayMax: 50,
    ...options,
  });
  sockets.push(socket);
  return socket;
}

afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  for (const server of servers) await server.stop();
});

function harnessOf(server: TestServer, prefix: string, transports: string[]): DriverHarness {
  const socketOf = new Map<Driver, Socket>();
  const onSocket = (socket: Socket) => {
    const driver = new SocketIoDriver({ socket, prefix, ackTimeout: 2_000 });
    socketOf.set(driver, socket);
    return driver;
  };
  return {
    create: () => onSocket(connect(server, { transports })),
    createSibling: (driver) => onSocket(socketOf.get(driver) as Socket),
    refuse: () => onSocket(connect(server, { transports, auth: { refuse: true } })),
    interrupt: () => server.stop(),
    restore: () => server.start(),
    maxPayloadBytes: SocketIoDriver.maxPayloadBytes,
  };
}

const seed = await started(seedServer);
const newer = await started(publishServer('meshwork:'));
const bare = await started(publishServer(''));
const runner = { describe, test, after: afterAll };
describeDriver('the server with `dispatch`', harnessOf(seed, 'peerix:', ['websocket']), runner);
describeDriver('the server with `publish`', harnessOf(newer, 'meshwork:', ['websocket']), runner);
describeDriver('over HTTP polling, no prefix', harnessOf(bare, '', ['polling']), runner);

describe('SocketIoDriver, besides', () => {
  /** A server, two drivers on sockets of their own, and what the server was asked. */
  async function scene(serve: Serve, options: Record<string, unknown> = {}) {
    const events: string[] = [];
    const server = await started((socket, server) => {
      socket.onAny((event, topic) => events.push(`${event} ${topic}`));
      serve(socket, server);
    });
    const onSocket = (socket: Socket) => lab.keep(new SocketIoDriver({ socket, ...options }));
    const lab: Lab = new Lab({ create: () => onSocket(connect(server)) });
    return { server, events, lab, onSocket };
  }

  /** A round trip on the socket: what was sent before it has been handled. */
  function flush(socket: Socket): Promise<void> {
    return new Promise((resolve) => socket.emit('subscribe', 'flush', resolve));
  }

  test.each(['publish', 'dispatch'])(
    'asks once for each connection whether the word is "%s"',
    async (word) => {
      const { server, events, lab } = await scene(publishServer('', word));
      const [sender, receiver] = [await lab.create(), await lab.create()];
      const inbox = await lab.listen(receiver, ['room']);
      for (const text of ['1', '2', '3']) await lab.publish(sender, ['room'], text);
      await lab.publish(receiver, ['room'], 'back');
      await inbox.untilText('3');
      expect(inbox.texts).toEqual(['1', '2', '3']);
      const asked = ['publish ?', 'dispatch ?', 'publish ?', 'dispatch ?'];
      expect(events.filter((event) => event.endsWith('?'))).toEqual(asked);
      expect(events.filter((event) => event.endsWith('h room'))).toEqual(
        Array(4).fill(`${word} room`),
      );

      // The server may be a newer one after its restart.
      const lost = [lab.untilInactive(sender), lab.untilInactive(receiver)];
      await server.stop();
      await Promise.all(lost);
      const otherWord = word === 'publish' ? 'dispatch' : 'publish';
      server.serve = publishServer('', otherWord);
      const back = [lab.untilActive(sender), lab.untilActive(receiver)];
      await server.start();
      await Promise.all(back);
      await lab.publish(sender, ['room'], '4');
      await inbox.untilText('4');
      expect(inbox.texts).toEqual(['1', '2', '3', '4']);
      await lab.close();
    },
  );

  test('a server that knows both words is sent each payload once', async () => {
    const { lab } = await scene((socket, server) => {
      publishServer('', 'dispatch')(socket, server);
      publishServer('', 'publish')(socket, server);
    });
    const [sender, receiver] = [await lab.create(), await lab.create()];
    const inbox = await lab.listen(receiver, ['room']);
    await lab.publish(sender, ['room'], 'once');
    await lab.pass(sender, ['room'], inbox);
    expect(inbox.texts.filter((text) => text === 'once')).toEqual(['once']);
    await lab.close();
  });

  test('a server that never acknowledges is a signaling-timeout, said as an error too', async () => {
    const { lab, server, onSocket } = await scene(() => {}, { ackTimeout: 30 });
    const driver = onSocket(connect(server));
    const error = new Promise<unknown>((resolve) => driver.on('error', resolve));
    const timeout = { code: 'signaling-timeout' };
    await expect(driver.subscribe(['room'], () => {})).rejects.toMatchObject(timeout);
    await expect(driver.publish(['room'], toMessage('x'))).rejects.toMatchObject(timeout);
    expect(await error).toMatchObject(timeout);
    expect(driver.active).toBe(false);
    await lab.close();
  });

  test.each([
    ['a string', 'no'],
    ['an Error', new Error('no')],
    ['an object with a message', { message: 'no' }],
    ['an object with an error', { error: 'no' }],
  ])('%s in the acknowledgement is a refusal', async (_, answer) => {
    const { lab } = await scene((socket, server) => {
      socket.use(([event, topic, ...rest], next) => {
        if (topic !== 'forbidden') return next();
        const callback = rest.at(-1) as (answer: unknown) => void;
        expect(event).toMatch(/subscribe|publish/);
        callback(answer);
      });
      publishServer('')(socket, server);
    });
    const driver = await lab.create();
    const refused = { code: 'signaling-failed', cause: expect.anything() };
    await expect(driver.subscribe(['forbidden'], () => {})).rejects.toMatchObject(refused);
    await expect(driver.publish(['forbidden'], toMessage('x'))).rejects.toMatchObject(refused);
    await lab.pass(driver, ['room'], await lab.listen(await lab.create(), ['room']));
    await lab.close();
  });

  test.each([[{ ok: true }], ['' as unknown], [null], [true], [0]])(
    '%j in the acknowledgement is none',
    async (answer) => {
      const { lab } = await scene((socket) => {
        for (const event of ['subscribe', 'publish']) {
          socket.on(event, (...args) => args.at(-1)(answer));
        }
      });
      const driver = await lab.create();
      await driver.subscribe(['room'], () => {});
      await driver.publish(['room'], toMessage('x'));
      await lab.close();
    },
  );

  test('a client with an ackTimeout of its own hears a refusal all the same', async () => {
    const { lab, server, onSocket } = await scene((socket) => {
      socket.on('publish', (_topic, _payload, callback) => callback());
      socket.on('subscribe', (_topic, callback) => callback('no'));
    });
    const driver = onSocket(connect(server, { ackTimeout: 2_000 }));
    const refused = { code: 'signaling-failed' };
    await expect(driver.subscribe(['room'], () => {})).rejects.toMatchObject(refused);
    await lab.close();
  });

  test('payloads travel as binary, and plain arrays are understood', async () => {
    const payloads: unknown[] = [];
    const { lab } = await scene((socket, server) => {
      socket.on('publish', (_topic, payload) => payloads.push(payload));
      publishServer('')(socket, server);
    });
    const [sender, receiver] = [await lab.create(), await lab.create()];
    const inbox = await lab.listen(receiver, ['room']);
    await lab.publish(sender, ['room'], 'binary');
    await inbox.untilText('binary');
    expect(payloads.at(-1)).toBeInstanceOf(Buffer);
    servers.at(-1)?.io?.emit('message', 'room', [...Buffer.from('array')]);
    servers.at(-1)?.io?.emit('message', 'room', 'garbage');
    servers.at(-1)?.io?.emit('message', { room: 1 }, [1]);
    servers.at(-1)?.io?.emit('message');
    await inbox.untilText('array');
    await lab.pass(sender, ['room'], inbox);
    expect(inbox.texts.slice(0, 2)).toEqual(['binary', 'array']);
    expect(inbox.texts).toHaveLength(4);
    await lab.close();
  });

  test('drivers on one socket share its subscriptions; the last one out ends them', async () => {
    const { server, events, lab, onSocket } = await scene(publishServer(''));
    const socket = connect(server);
    const [first, second] = [onSocket(socket), onSocket(socket)];
    const sender = await lab.create();
    await lab.listen(first, ['room']);
    const inbox = await lab.listen(second, ['room']);
    const listenerCount = socket.listeners('message').length;
    void first.destroy();
    void first.destroy();
    await lab.pass(sender, ['room'], inbox);
    await flush(socket);
    expect(events).not.toContain('unsubscribe room');
    await second.unsubscribe(['room'], inbox.receive);
    await flush(socket);
    expect(events.filter((event) => event === 'unsubscribe room')).toHaveLength(1);
    void second.destroy();
    expect(listenerCount).toBe(2);
    for (const event of ['connect', 'disconnect', 'connect_error', 'error', 'message']) {
      expect(socket.listeners(event as 'connect')).toEqual([]);
    }
    expect(socket.connected).toBe(true);
    await lab.close();
  });

  test('nothing waits in the socket to be sent after an outage', async () => {
    const { server, lab, onSocket } = await scene(publishServer(''));
    const socket = connect(server);
    const driver = onSocket(socket);
    await lab.untilActive(driver);
    const lost = lab.untilInactive(driver);
    await server.stop();
    await lost;
    const failed = { code: 'signaling-failed' };
    await expect(driver.publish(['room'], toMessage('old'))).rejects.toMatchObject(failed);
    expect(socket.sendBuffer).toEqual([]);
    await lab.close();
  });

  test('a packet that the client would hold back is taken back', async () => {
    const { server, lab, onSocket } = await scene(publishServer(''));
    const socket = connect(server);
    const driver = onSocket(socket);
    await lab.untilActive(driver);
    // As the client decides for itself when a heartbeat is overdue.
    (socket.io.engine as unknown as { _hasPingExpired(): boolean })._hasPingExpired = () => true;
    const failed = { code: 'signaling-failed' };
    await expect(driver.publish(['room'], toMessage('old'))).rejects.toMatchObject(failed);
    expect(socket.sendBuffer).toEqual([]);
    await lab.close();
  });

  test('subscribing waits for the connection, and ends with destroy', async () => {
    const { server, lab, onSocket } = await scene(publishServer(''));
    const socket = connect(server, { autoConnect: false });
    const [driver, other] = [onSocket(socket), onSocket(socket)];
    const subscribed = driver.subscribe(['room'], () => {});
    const abandoned = expect(other.subscribe(['room'], () => {})).rejects.toMatchObject({
      code: 'driver-destroyed',
    });
    const handler = () => {};
    const undone = expect(driver.subscribe(['undone'], handler)).rejects.toMatchObject({
      code: 'aborted',
    });
    await driver.unsubscribe(['undone'], handler);
    void other.destroy();
    await Promise.all([abandoned, undone]);
    socket.connect();
    await subscribed;
    await lab.close();
  });

  test('a refusal is reported with what the server said', async () => {
    const { server, lab, onSocket } = await scene(publishServer(''));
    const driver = onSocket(connect(server, { auth: { refuse: true } }));
    const error = await new Promise((resolve) => driver.on('error', resolve));
    expect(error).toMatchObject({ message: 'not today' });
    expect(error).not.toBeInstanceOf(MeshworkError);
    await lab.close();
  });

  test('a server that throws us out is an error, for the client does not come back', async () => {
    const { server, lab } = await scene(publishServer(''));
    const driver = await lab.create();
    const error = new Promise((resolve) => driver.on('error', resolve));
    server.io?.disconnectSockets();
    expect(await error).toBe('io server disconnect');
    expect(driver.active).toBe(false);
    await lab.close();
  });
});
