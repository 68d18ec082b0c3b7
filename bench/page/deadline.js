/**
 * Deadlines: no promise of the bench waits for ever.
 * Used by: everything here, in pages and in Node.
 */

/**
 * Resolves as the promise does, or rejects once `deadlineMs` have passed.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {number} deadlineMs
 * @param {string | (() => string)} what - completes "timed out: …"; asked when it is too late
 * @returns {Promise<T>}
 */
export function withDeadline(promise, deadlineMs, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const detail = typeof what === 'function' ? what() : what;
      reject(new Error(`timed out after ${deadlineMs} ms: ${detail}`));
    }, deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** @param {number} delayMs */
export const sleep = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs));

/** Resolves in a task of its own, without the 4 ms that nested timers cost in browsers. */
export function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
