/**
 * Servers: the files for the page, and the PeerServer that PeerJS needs. On 127.0.0.1 only.
 * Used by: run.mjs.
 */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { PeerServer } from 'peer';
import { withDeadline } from '../page/deadline.js';
import { folders } from './folders.mjs';

const HOST = '127.0.0.1';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

const PAGE = '<!doctype html><title>bench</title><script type="module" src="/runtime.js"></script>';

/** Serves an empty page with the runtime, and what was built. */
export async function startPageServer() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    // Isolation gives the page its finest clock.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    response.setHeader('content-type', TYPES[path.extname(pathname)] ?? TYPES['.html']);
    if (pathname === '/') return response.end(PAGE);
    try {
      const file = path.join(folders.build, path.normalize(pathname));
      response.end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, HOST, resolve));
  return {
    url: `http://localhost:${server.address().port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The signaling server of PeerJS, the published one. */
export async function startPeerServer() {
  const listening = new Promise((resolve) => {
    PeerServer({ host: HOST, port: 0, path: '/' }, resolve);
  });
  const server = await withDeadline(listening, 5_000, 'starting the PeerServer');
  return {
    port: server.address().port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
