/**
 * What the tests of this package share: servers and clients that end with the test, a request that
 * nothing normalises. Not part of the package.
 */

import type { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import type { Socket as ServerSocket } from 'socket.io';
import {
  io,
  Manager,
  type ManagerOptions,
  type Socket,
  type SocketOptions,
} from 'socket.io-client';
import { onTestFinished } from 'vitest';
import { Hub } from './hub.ts';
import { checkOptions, type ServerOptions } from './options.ts';
import { type MeshworkServer, startServerWith } from './start-server.ts';

export interface TestServer extends MeshworkServer {
  readonly hub: Hub<ServerSocket>;
}

/** A server on any free port, closed when the test ends. */
export async function serverForTest(options: ServerOptions = {}): Promise<TestServer> {
  const settings = checkOptions({ port: 0, ...options });
  const hub = new Hub<ServerSocket>(settings.limits.maxSubscriptionsPerSocket);
  const server = await startServerWith(settings, hub);
  onTestFinished(() => server.close());
  return { ...server, hub };
}

/** A client of its own connection, not yet connected; disconnected when the test ends. */
export function clientForTest(
  url: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Socket {
  const socket = io(url, {
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    ...options,
  });
  onTestFinished(() => {
    socket.disconnect();
  });
  return socket;
}

/** A client that is connected. */
export async function connected(
  url: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<Socket> {
  const socket = clientForTest(url, options);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

/** Emits and resolves with what the server acknowledged: undefined, or a refusal. */
export function request(socket: Socket, event: string, ...args: unknown[]): Promise<unknown> {
  return socket.timeout(3_000).emitWithAck(event, ...args);
}

/** The messages that a socket gets from now on, as `[namespace, bytes]`. */
export function messagesOf(socket: Socket, prefix = 'meshwork:'): [string, number[]][] {
  const messages: [string, number[]][] = [];
  socket.on(`${prefix}message`, (namespace: string, payload: Uint8Array | ArrayBuffer) => {
    messages.push([namespace, [...new Uint8Array(payload)]]);
  });
  return messages;
}

/** Resolves once the server closed the client's connection. */
export function disconnected(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.disconnected) resolve();
    else socket.once('disconnect', () => resolve());
  });
}

/** The WebSocket below a client, in our hands: nothing answers for it, not even heartbeats. */
export interface RawClient extends EventEmitter {
  onmessage: null;
  send(frame: string | Uint8Array): void;
  pause(): void;
  terminate(): void;
}

/** A client of which every frame is ours to choose, after the greeting of Engine.IO. */
export async function rawClient(url: string): Promise<RawClient> {
  const manager = new Manager(url, {
    autoConnect: false,
    reconnection: false,
    transports: ['websocket'],
  });
  await new Promise<void>((resolve, reject) => {
    manager.open((error) => (error === undefined ? resolve() : reject(error)));
  });
  const { ws: raw } = manager.engine.transport as unknown as { ws: RawClient };
  raw.onmessage = null;
  raw.on('error', () => undefined);
  onTestFinished(() => raw.terminate());
  return raw;
}

/** Sends exactly these bytes and gives back whatever comes until the server ends the connection. */
export function rawRequest(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const tcp = connect(port, '127.0.0.1', () => tcp.write(bytes, 'latin1'));
    tcp.setEncoding('latin1');
    tcp.on('data', (text) => {
      answer += text;
    });
    tcp.on('close', () => resolve(answer));
    tcp.on('error', reject);
  });
}

/** A raw GET (or other) of exactly this target. */
export function rawGet(port: number, target: string, method = 'GET'): Promise<string> {
  return rawRequest(
    port,
    `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
}
