/**
 * Bench: what the functions that a measurement sends into a page, or into a Node process, find
 * there as the global `bench`.
 * Used by: page/runtime.js, harness/node-worker.mjs.
 */

import { createBus } from './bus.js';
import { nextTask, sleep, withDeadline } from './deadline.js';
import { createRoom } from './room.js';

/**
 * @param {object} options
 * @param {(url: string) => Promise<import('./room.js').Contestant>} options.importContestant -
 *   imports `<name>.js`, which may be followed by a query that asks for a copy of the module
 * @param {object} options.servers - addresses of local servers
 * @param {{ RTCPeerConnection: typeof RTCPeerConnection }} options.webrtc
 */
export function createBench({ importContestant, servers, webrtc }) {
  /** @type {Map<string, Promise<import('./room.js').Contestant>>} */
  const modules = new Map();
  let copyCount = 0;

  /** One module for all members, or a copy for each when the contestant asks for that. */
  async function load(name) {
    if (!modules.has(name)) modules.set(name, importContestant(`${name}.js`));
    const contestant = await modules.get(name);
    if (!contestant.isModulePerMember) return contestant;
    copyCount += 1;
    return importContestant(`${name}.js?copy=${copyCount}`);
  }

  return {
    createBus,
    nextTask,
    sleep,
    withDeadline,
    now: () => performance.now(),
    /** What a contestant says about itself. */
    async describe(name) {
      const { title, packageName, signaling } = await load(name);
      return { title, packageName, signaling };
    },
    /** A room of `count` members of the contestant; see createRoom. */
    createRoom: ({ contestant, count, bus }) =>
      createRoom({ load: () => load(contestant), count, bus, servers, webrtc }),
  };
}
