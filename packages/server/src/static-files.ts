/**
 * Static files: one folder over HTTP, for starter kits. GET and HEAD, no listings, no ranges.
 * Nothing outside the folder is readable, through whatever path or symbolic link, and nothing
 * whose name starts with a dot. Answers carry the headers that a page of a kit should have.
 * Used by: start-server.ts.
 */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ServerError } from './server-error.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** On every answer. A page may connect to any signaling server, and show what peers send it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': [
    "default-src 'self'",
    "connect-src 'self' ws: wss:",
    "img-src 'self' blob: data:",
    "media-src 'self' blob: data:",
    "worker-src 'self' blob:",
    "script-src 'self' 'wasm-unsafe-eval'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
};

/** Vite puts a hash of eight characters into these names, so that their content never changes. */
const HASHED_ASSET = /\/assets\/[^/]*-(?=[\w-]*[A-Z0-9])[\w-]{8}\.[^/]+$/;

/** Answers one request. Rejects only when the file breaks while it is being sent. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Makes the handler for a folder.
 *
 * @throws ServerError `no-static-dir` when it is no folder that we can read
 */
export async function openStaticFiles(folder: string): Promise<RequestHandler> {
  const root = await findFolder(folder);
  return async (request, response) => {
    const path = parsePath(request.url ?? '');
    const file = path === undefined ? undefined : await openInside(root, path);
    if (path === undefined || file === undefined) return sendText(response, 404, 'Not found');
    try {
      await send(request, response, path, file.handle, file.stats);
    } finally {
      await file.handle.close();
    }
  };
}

/** A short plain answer, with the same headers as a page. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      ...PAGE_HEADERS,
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
    })
    .end(text); // node:http leaves the body out of an answer to HEAD
}

async function findFolder(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await stat(root)).isDirectory()) return root;
  } catch (error) {
    throw noFolder(folder, error);
  }
  throw noFolder(folder);
}

function noFolder(folder: string, cause?: unknown): ServerError {
  const message = `There is no folder ${folder} to serve. Choose another with staticDir (--static).`;
  return new ServerError('no-static-dir', message, { cause });
}

/** The path of a request target, decoded once; undefined when it is not one that we serve. */
function parsePath(target: string): string | undefined {
  const encoded = target.split(/[?#]/, 1)[0] ?? '';
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return undefined; // a broken escape
  }
  if (!path.startsWith('/') || path.includes('\0') || path.includes('\\')) return undefined;
  // Covers '..', and files such as .env and .git/config.
  if (path.includes('/.')) return undefined;
  return path.endsWith('/') ? `${path}index.html` : path;
}

async function openInside(
  root: string,
  path: string,
): Promise<{ handle: FileHandle; stats: Stats } | undefined> {
  let handle: FileHandle | undefined;
  try {
    const real = await realpath(join(root, path));
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    // Non-blocking, so that a named pipe does not hold up a thread.
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, stats };
  } catch {
    // Missing, a folder, unreadable, a name too long: to the visitor all of it is "not found".
  }
  await handle?.close();
  return undefined;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  handle: FileHandle,
  stats: Stats,
): Promise<void> {
  const tag = `W/"${stats.size.toString(16)}-${Math.trunc(stats.mtimeMs).toString(16)}"`;
  const isHashed = HASHED_ASSET.test(path);
  const headers = {
    ...PAGE_HEADERS,
    ETag: tag,
    'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  const known = request.headers['if-none-match']?.split(',').map((entry) => entry.trim()) ?? [];
  if (known.includes(tag) || known.includes('*')) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'Content-Type': CONTENT_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream',
    'Content-Length': stats.size,
  });
  // For HEAD node:http would drop the body, after we had read the whole file.
  if (request.method === 'HEAD' || stats.size === 0) {
    response.end();
    return;
  }
  // Not one byte more than announced, should the file grow meanwhile.
  await pipeline(handle.createReadStream({ end: stats.size - 1, autoClose: false }), response);
}
