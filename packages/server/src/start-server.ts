/**
 * startServer: one HTTP port with everything on it, and its end.
 * Owns: the port, the requests that are not signaling, the raw connections. Not: signaling
 * (socket-io-door.ts, hub.ts), files (static-files.ts).
 * Used by: applications and cli.ts.
 */

import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Socket } from 'socket.io';
import { Hub } from './hub.ts';
import { checkOptions, type ServerOptions, type Settings } from './options.ts';
import { ServerError } from './server-error.ts';
import { openSocketIoDoor, SOCKET_IO_PATH } from './socket-io-door.ts';
import { openStaticFiles, type RequestHandler, sendText } from './static-files.ts';

export type { ServerOptions } from './options.ts';

/** A server that is listening. */
export interface MeshworkServer {
  /** Where to open it in a browser on this machine, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The address that it listens on. */
  readonly host: string;
  /** The port that it listens on; the actual one if 0 was asked for. */
  readonly port: number;
  /** Ends every connection at once and frees the port. Resolves when it is free. Twice is fine. */
  close(): Promise<void>;
}

/** TCP connections beyond those of the sockets: page loads, health checks. */
const SPARE_CONNECTIONS_COUNT = 1_024;
/** How long an HTTP connection is kept for a next request. */
const KEEP_ALIVE_MS = 5_000;

/**
 * Starts the signaling server. By default only this machine can reach it, because there is no
 * authentication yet.
 *
 * @returns once it listens
 * @throws TypeError that names the option which is wrong
 * @throws ServerError `port-in-use`, `port-forbidden`, `listen-failed` or `no-static-dir`
 *
 * @example
 * const server = await startServer({ port: 0 });
 * // new SocketIoDriver({ socket: io(server.url), prefix: 'meshwork:' })
 * await server.close();
 */
export async function startServer(options: ServerOptions = {}): Promise<MeshworkServer> {
  const settings = checkOptions(options);
  return startServerWith(settings, new Hub(settings.limits.maxSubscriptionsPerSocket));
}

/** Like startServer, with a hub that a test can look into. */
export async function startServerWith(
  settings: Settings,
  hub: Hub<Socket>,
): Promise<MeshworkServer> {
  const { host, limits, staticDir } = settings;
  const files = staticDir === undefined ? undefined : await openStaticFiles(staticDir);
  const http = createServer({
    headersTimeout: limits.handshakeTimeoutMs,
    requestTimeout: limits.handshakeTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.ceil(limits.handshakeTimeoutMs / 4),
  });
  http.maxConnections = limits.maxConnections + SPARE_CONNECTIONS_COUNT;
  http.timeout = limits.idleTimeoutMs;
  answerRequests(http, files);
  const endConnections = trackConnections(http);
  const door = openSocketIoDoor(http, hub, settings, () => performance.now());

  try {
    await listen(http, settings.port, host);
  } catch (error) {
    await door.close();
    throw listenError(error, settings.port, host);
  }
  const { port } = http.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    const closed = door.close(); // closes the HTTP server as well, and waits for its connections
    // One turn, in which the WebSocket connections say good-bye.
    await new Promise((resolve) => setImmediate(resolve));
    endConnections();
    await closed;
  }
  return {
    url: `http://${urlHost(host)}:${port}`,
    host,
    port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Everything on the port that is not Socket.IO. Must come before the door, which goes first. */
function answerRequests(http: HttpServer, files: RequestHandler | undefined): void {
  http.on('request', (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return sendText(response, 405, 'Method not allowed');
    }
    if (request.url === '/healthz') return sendText(response, 200, 'ok');
    if (files === undefined) {
      return sendText(response, 404, 'This is a Meshwork signaling server. It serves no pages.');
    }
    files(request, response).catch(() => {
      // The visitor went away, or the file could not be read to its end.
      response.destroy();
    });
  });
  http.on('upgrade', ({ url }: IncomingMessage, tcp: TcpSocket) => {
    if (!url?.startsWith(SOCKET_IO_PATH)) tcp.destroy();
  });
}

/** Remembers the TCP connections, those of WebSockets included; the result ends them all. */
function trackConnections(http: HttpServer): () => void {
  const connections = new Set<TcpSocket>();
  let isOver = false;
  http.on('connection', (tcp: TcpSocket) => {
    if (isOver) {
      tcp.destroy();
      return;
    }
    connections.add(tcp);
    tcp.once('close', () => connections.delete(tcp));
  });
  return () => {
    isOver = true;
    for (const tcp of connections) tcp.destroy();
  };
}

function listen(http: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => {
      http.off('error', reject);
      resolve();
    });
  });
}

function listenError(error: unknown, port: number, host: string): ServerError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const text = `Port ${port} is in use. Choose another with --port.`;
    return new ServerError('port-in-use', text, { cause: error });
  }
  if (code === 'EACCES') {
    const text = `Port ${port} is not allowed to this user. Choose one above 1023 with --port.`;
    return new ServerError('port-forbidden', text, { cause: error });
  }
  const text = `Cannot listen on ${host}, port ${port}: ${message}`;
  return new ServerError('listen-failed', text, { cause: error });
}

/** A name under which a browser on this machine finds the address. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
