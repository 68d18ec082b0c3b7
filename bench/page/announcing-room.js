/**
 * Announcing room: the least signaling by which strangers on a bus find each other.
 * A newcomer announces itself; each member that hears it makes it an offer. Both at once: the offer
 * of the lower id stands. For contestants that are links between two peers and know no rooms.
 * Used by: contestants/raw.js, contestants/simple-peer.js.
 */

/**
 * @typedef {object} Link - a connection to one remote
 * @property {(signal: object) => void} receive - a signal of the remote
 * @property {() => void} close
 */

/**
 * @param {object} options
 * @param {import('./bus.js').Bus} options.bus
 * @param {string} options.room
 * @param {(options: { remoteId: string, isOfferer: boolean, send: (signal: object) => void }) => Link} options.createLink
 */
export function createAnnouncingRoom({ bus, room, createLink }) {
  const id = crypto.randomUUID().slice(0, 8);
  /** @type {Map<string, Link & { isOfferer: boolean }>} */
  const links = new Map();
  /** @type {(() => void)[]} */
  const unsubscribers = [];

  function open(remoteId, isOfferer) {
    links.get(remoteId)?.close();
    const send = (signal) =>
      bus.publish(`${room}/${remoteId}`, JSON.stringify({ from: id, signal }));
    const link = Object.assign(createLink({ remoteId, isOfferer, send }), { isOfferer });
    links.set(remoteId, link);
    return link;
  }

  function hear(payload) {
    const { from } = JSON.parse(payload);
    if (from !== id && !links.has(from)) open(from, true);
  }

  function receive(payload) {
    const { from, signal } = JSON.parse(payload);
    const current = links.get(from);
    if (signal.type !== 'offer') return current?.receive(signal);
    const isCollision = current?.isOfferer === true;
    if (isCollision && id < from) return; // ours stands; theirs is dropped there as well
    open(from, false).receive(signal);
  }

  return {
    join() {
      unsubscribers.push(bus.subscribe(room, hear), bus.subscribe(`${room}/${id}`, receive));
      bus.publish(room, JSON.stringify({ from: id }));
    },
    close() {
      for (const unsubscribe of unsubscribers) unsubscribe();
      for (const link of links.values()) link.close();
      links.clear();
    },
  };
}
