/**
 * Runtime: the entry of every page.
 * Used by: harness/page.mjs.
 */

import { createBench } from './bench.js';

globalThis.bench = createBench({
  importContestant: (url) => import(/* @vite-ignore */ `/contestants/${url}`),
  servers: globalThis.benchServers,
  webrtc: globalThis,
});
