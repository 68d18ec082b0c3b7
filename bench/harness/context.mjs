/**
 * Context: what a measurement is given. Starts the browser and the servers when they are first
 * needed, and closes whatever it started.
 * Used by: run.mjs; passed to measurements.
 */

import { withDeadline } from '../page/deadline.js';
import { openNodeProcess } from './node-process.mjs';
import { launchBrowser, openPage } from './page.mjs';
import { startPageServer, startPeerServer } from './server.mjs';

/** @typedef {ReturnType<typeof createContext>} Context */

/**
 * @param {object} options
 * @param {'chromium' | 'firefox'} options.browserName
 * @param {number | undefined} options.rounds - asked for on the command line
 * @param {string[]} options.contestants
 * @param {Map<string, string>} options.failures - contestants that cannot take part, and why
 */
export function createContext({ browserName, rounds, contestants, failures }) {
  /** @type {(() => unknown)[]} */
  const closers = [];
  let started;

  async function start() {
    const pageServer = await startPageServer();
    closers.push(() => pageServer.close());
    const peerServer = await startPeerServer();
    closers.push(() => peerServer.close());
    const { browser, version } = await launchBrowser(browserName);
    closers.push(() => browser.close());
    context.browserVersion = `${browserName} ${version}`;
    return { browser, url: pageServer.url, servers: { peerServerPort: peerServer.port } };
  }

  const context = {
    contestants,
    failures,
    browserVersion: undefined,

    /** Rounds to take: what the command line says, or else the measurement's own number. */
    rounds: (usual) => rounds ?? usual,

    /** A fresh page with the runtime loaded. */
    async openPage() {
      started ??= start();
      const { browser, url, servers } = await started;
      return openPage(browser, { url, servers });
    },

    /** A Node process with the same `bench` global. */
    openNodeProcess,

    progress(text) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.trim()}`);
    },

    async close() {
      context.progress('');
      for (const close of closers.reverse()) {
        await withDeadline(Promise.resolve(close()), 5_000, 'closing').catch(() => {});
      }
    },
  };
  return context;
}
