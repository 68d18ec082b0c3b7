/**
 * The Socket.IO door: the events that SocketIoDriver speaks, turned into calls of the hub.
 *   client to server  {prefix}subscribe(namespace, ack?)     {prefix}unsubscribe(namespace, ack?)
 *                     {prefix}publish(namespace, payload, ack?), or {prefix}dispatch, its older name
 *   server to client  {prefix}message(namespace, payload)
 * An ack is called with nothing on success, and with { code, message } on refusal.
 * Owns: the Socket.IO server, parsing, sizes, rates. Not: who hears what (hub.ts), the port.
 * Socket.IO's own rooms are not used: they would make every socket id a namespace to publish to.
 * Used by: start-server.ts.
 */

import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { Hub, Refusal } from './hub.ts';
import type { Settings } from './options.ts';
import { originCheck } from './origins.ts';
import { type Connection, SocketGuard } from './socket-guard.ts';

/** Where Socket.IO clients look by default. */
export const SOCKET_IO_PATH = '/socket.io/';

/** A byte as JSON takes up to four characters (`255,`); the rest is for namespace and names. */
const JSON_CHARS_PER_BYTE = 4;
const ENVELOPE_BYTES = 16_384;

export interface Door {
  /** Ends every connection. New ones are the HTTP server's to refuse. */
  close(): Promise<void>;
}

/**
 * Opens the door on an HTTP server that does not listen yet.
 *
 * @param nowMs - a clock that never goes back
 */
export function openSocketIoDoor(
  http: HttpServer,
  hub: Hub<Socket>,
  settings: Settings,
  nowMs: () => number,
): Door {
  const { limits } = settings;
  const isAllowed = originCheck(settings.host, settings.allowedOrigins);
  const pingInterval = Math.ceil((limits.idleTimeoutMs * 5) / 9);
  const io = new Server(http, {
    path: SOCKET_IO_PATH,
    serveClient: false,
    // Signals are compressed and encrypted already.
    httpCompression: false,
    perMessageDeflate: false,
    maxHttpBufferSize:
      limits.maxPayloadBytes * JSON_CHARS_PER_BYTE + limits.maxNamespaceChars * 6 + ENVELOPE_BYTES,
    connectTimeout: limits.handshakeTimeoutMs,
    upgradeTimeout: limits.handshakeTimeoutMs,
    pingInterval,
    pingTimeout: limits.idleTimeoutMs - pingInterval,
    cors: ({ headers }, done) => {
      done(null, { origin: isAllowed(headers.origin, headers.host) });
    },
    allowRequest: ({ headers }, done) => {
      if (!isAllowed(headers.origin, headers.host)) {
        done('This page may not connect: its origin is not in allowedOrigins.', false);
      } else if (io.engine.clientsCount >= limits.maxConnections) {
        done('The server is full.', false);
      } else {
        done(null, true);
      }
    },
  });

  const guards = new WeakMap<Connection, SocketGuard>();
  io.engine.on('connection', (connection: Connection) => {
    guards.set(connection, new SocketGuard(connection, limits, nowMs));
  });
  io.on('connection', (socket) => {
    socket.on('disconnect', () => hub.remove(socket));
    const guard = guards.get(socket.conn);
    if (guard === undefined) throw new Error('A socket without a connection.');
    for (const prefix of settings.prefixes) serve(socket, prefix, guard, hub, settings);
  });
  return { close: () => io.close() };
}

/** Answers the events of one prefix on one socket. */
function serve(
  socket: Socket,
  prefix: string,
  guard: SocketGuard,
  hub: Hub<Socket>,
  { limits }: Settings,
): void {
  /** Checks what every event has in common, and lets the ack know. */
  function on(
    event: string,
    run: (namespace: string, topic: string, args: readonly unknown[]) => Refusal | undefined,
  ): void {
    socket.on(`${prefix}${event}`, (...args: unknown[]) => {
      // Socket.IO appends the ack, so that it is the last argument or missing.
      const last = args.at(-1);
      const ack = typeof last === 'function' ? (last as (refusal?: Refusal) => void) : undefined;
      const answer = (): Refusal | undefined => {
        if (!guard.takeMessage()) return RATE_LIMITED;
        const namespace = parseNamespace(args[0], limits.maxNamespaceChars);
        if (typeof namespace !== 'string') return namespace;
        return run(namespace, `${prefix}\n${namespace}`, args);
      };
      const refusal = answer();
      if (refusal === undefined) ack?.();
      else ack?.(refusal);
    });
  }

  on('subscribe', (namespace, topic) =>
    hub.subscribe(socket, topic, (payload) => {
      socket.emit(`${prefix}message`, namespace, payload);
    }),
  );
  on('unsubscribe', (_namespace, topic) => {
    hub.unsubscribe(socket, topic);
    return undefined;
  });
  const publish = (_namespace: string, topic: string, args: readonly unknown[]) => {
    const payload = parsePayload(args[1], limits.maxPayloadBytes);
    if (!(payload instanceof Uint8Array)) return payload;
    if (!guard.takeBytes(payload.byteLength)) return RATE_LIMITED;
    hub.publish(socket, topic, payload);
    return undefined;
  };
  on('publish', publish);
  on('dispatch', publish);
}

const RATE_LIMITED: Refusal = {
  code: 'rate-limited',
  message: 'Too much at once. Try again in a second.',
};

function parseNamespace(value: unknown, maxChars: number): string | Refusal {
  if (typeof value === 'string' && value !== '' && value.length <= maxChars) return value;
  return {
    code: 'bad-namespace',
    message: `A namespace is a string of 1 to ${maxChars} characters.`,
  };
}

/**
 * The bytes of a payload. A plain array becomes binary here, because one copy of it in JSON for
 * each subscriber would let a single client keep the processor busy.
 */
function parsePayload(value: unknown, maxBytes: number): Uint8Array | Refusal {
  if (!(value instanceof Uint8Array) && !Array.isArray(value)) return BAD_PAYLOAD;
  if (value.length > maxBytes) {
    return { code: 'payload-too-large', message: `A payload has at most ${maxBytes} bytes.` };
  }
  if (value instanceof Uint8Array) return value;
  return value.every(isByte) ? Buffer.from(value) : BAD_PAYLOAD;
}

const BAD_PAYLOAD: Refusal = {
  code: 'bad-payload',
  message: 'A payload is binary, or an array of whole numbers from 0 to 255.',
};

function isByte(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
