/**
 * Bus: publish and subscribe inside one page, with a delay and a count of what passes.
 * It is the signaling of every contestant that lets us bring our own, so that what differs between
 * them is the library, not the bus. A payload is a string or bytes.
 * Used by: contestants and measurements.
 */

const textEncoder = new TextEncoder();

/** @typedef {{ messages: number, bytes: number }} Traffic - what was published, not what was delivered */
/** @typedef {ReturnType<typeof createBus>} Bus */

/**
 * @param {object} [options]
 * @param {number} [options.delayMs] - from publishing to delivery; 0 delivers in a microtask
 */
export function createBus({ delayMs = 0 } = {}) {
  /** @type {Map<string, Set<(payload: string | Uint8Array) => void>>} */
  const handlersByTopic = new Map();
  /** @type {Traffic} */
  const traffic = { messages: 0, bytes: 0 };

  /** Counts a message; called by contestants whose own server carries it. */
  function count(payload) {
    traffic.messages += 1;
    traffic.bytes +=
      typeof payload === 'string' ? textEncoder.encode(payload).length : payload.byteLength;
  }

  // As with a broker, those hear it who are subscribed when it arrives.
  function deliver(topic, payload) {
    for (const handler of [...(handlersByTopic.get(topic) ?? [])]) {
      handler(typeof payload === 'string' ? payload : payload.slice());
    }
  }

  return {
    delayMs,
    traffic,
    count,

    /** Delivers what is published on the topic from now on; the returned function ends that. */
    subscribe(topic, handler) {
      const handlers = handlersByTopic.get(topic) ?? new Set();
      handlersByTopic.set(topic, handlers.add(handler));
      return () => this.unsubscribe(topic, handler);
    },

    unsubscribe(topic, handler) {
      handlersByTopic.get(topic)?.delete(handler);
    },

    /** Sends to everyone subscribed to the topic, the publisher included. */
    publish(topic, payload) {
      count(payload);
      const copy = typeof payload === 'string' ? payload : payload.slice();
      const run = () => deliver(topic, copy);
      if (delayMs > 0) setTimeout(run, delayMs);
      else queueMicrotask(run);
    },

    /** Forgets every subscription. */
    close() {
      handlersByTopic.clear();
    },
  };
}
