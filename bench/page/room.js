/**
 * Room: brings members of one contestant together and tells when each has heard every other.
 * "Connected" means the same for all: the application's greeting, sent by each member to each
 * remote as soon as the library says that it can, has arrived.
 * Used by: measurements.
 */

import { sleep, withDeadline } from './deadline.js';

/**
 * What a contestant's module exports.
 *
 * @typedef {object} Contestant
 * @property {string} title
 * @property {string} [packageName] - whose version is printed
 * @property {string} signaling - what carries its signaling here; printed with the results
 * @property {boolean} [isModulePerMember] - its module keeps one peer: load it anew for each member
 * @property {(options: MemberOptions) => Member | Promise<Member>} createMember - everything that
 *   a page does before it joins: not timed
 *
 * @typedef {object} MemberOptions
 * @property {import('./bus.js').Bus} bus
 * @property {string} room
 * @property {number} index - of this member, from 0
 * @property {object} servers - addresses of the local servers that the runner started
 * @property {{ RTCPeerConnection: typeof RTCPeerConnection }} webrtc
 * @property {(from: string, text: string) => void} onMessage
 *
 * @typedef {object} Member
 * @property {() => void | Promise<void>} join
 * @property {() => void | Promise<void>} close
 */

/** What each member sends to each remote. */
export const GREETING = 'hello';

/**
 * @param {object} options
 * @param {(index: number) => Promise<Contestant>} options.load - the contestant, for one member
 * @param {number} options.count
 * @param {import('./bus.js').Bus} options.bus
 * @param {object} options.servers
 * @param {object} options.webrtc
 */
export async function createRoom({ load, count, bus, servers, webrtc }) {
  const room = `room-${crypto.randomUUID()}`;
  const places = [];
  for (let index = 0; index < count; index += 1) {
    const heard = new Set();
    const waiting = new Set();
    const onMessage = (from, text) => {
      if (text !== GREETING) throw new Error(`unexpected message: ${text}`);
      heard.add(from);
      for (const check of waiting) check();
    };
    const { createMember } = await load(index);
    const member = await createMember({ bus, room, index, servers, webrtc, onMessage });
    places.push({ member, heard, waiting });
  }

  /**
   * Resolves when the member has heard this many others.
   * @throws when that takes too long, saying how many it was
   */
  async function heard(index, remoteCount, deadlineMs = 20_000) {
    const { heard, waiting } = places[index];
    let check;
    const done = new Promise((resolve) => {
      check = () => heard.size >= remoteCount && resolve();
    });
    waiting.add(check);
    check();
    const missed = () => `member ${index} has heard ${heard.size} of ${remoteCount}`;
    await withDeadline(done, deadlineMs, missed).finally(() => waiting.delete(check));
  }

  return {
    heard,
    join: async (index) => places[index].member.join(),
    /** Resolves when the first `memberCount` members have heard each other. */
    complete: (memberCount = count, deadlineMs = 20_000) =>
      Promise.all(
        places.slice(0, memberCount).map((_, index) => heard(index, memberCount - 1, deadlineMs)),
      ),
    async close() {
      const closing = places.map(async ({ member }) => member.close());
      await withDeadline(Promise.allSettled(closing), 2_000, 'closing the members').catch(() => {});
      bus.close();
      await sleep(0);
    },
  };
}
