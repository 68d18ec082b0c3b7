/**
 * Deadlines and aborts around promises that someone else may never settle.
 * Used by: bus.ts and peer.ts, around every call into a driver.
 */

import type { Platform } from '../platform.ts';

export interface Deadline {
  /** How long to wait, in ms; 0 waits for ever. */
  readonly ms: number;
  /** The error to reject with when it passes. */
  readonly error: () => Error;
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Settles like `work`, or rejects when the deadline passes or the signal aborts first. */
export function withDeadline<T>(
  platform: Pick<Platform, 'after'>,
  work: Promise<T>,
  deadline: Deadline,
): Promise<T> {
  const { ms, error, signal } = deadline;
  return new Promise<T>((resolve, reject) => {
    const stopTimer = ms > 0 ? platform.after(ms, () => finish(() => reject(error()))) : undefined;
    const onAbort = () => finish(() => reject(signal?.reason));
    const finish = (settle: () => void) => {
      stopTimer?.();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    // Before anything else, so that work which fails is never an unhandled rejection.
    work.then(
      (value) => finish(() => resolve(value)),
      (reason) => finish(() => reject(reason)),
    );
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
