/**
 * Node worker: the counterpart of a page, as a Node process of its own: WebRTC here is native code,
 * and what crashes must not take the run with it.
 * Used by: harness/node-process.mjs.
 */

import { webrtc } from '@meshwork/node';
import { createBench } from '../page/bench.js';

globalThis.bench = createBench({
  importContestant: (url) => import(`../contestants/${url}`),
  servers: {},
  webrtc,
});

process.on('message', async ({ source, argument }) => {
  try {
    const run = new Function(`return (${source})`)();
    process.send({ value: await run(argument) });
  } catch (error) {
    process.send({ error: error.message });
  }
});

process.on('disconnect', () => process.exit());
process.send({ isReady: true });
