/**
 * Promises of methods that an app may call without awaiting them.
 * Used by: peer.ts, remote-peer.ts.
 */

import type { DebugLog } from '../debug.ts';
import { MeshworkError } from '../errors.ts';

/** What a synchronous step gives, as a promise: what it throws becomes a rejection, as in WebIDL. */
export async function promiseFor<T>(step: () => T): Promise<T> {
  return step();
}

/**
 * The same promise, but an error that `isQuiet` never counts as unhandled. Whoever awaits it gets
 * the error all the same.
 */
export function settled<T>(promise: Promise<T>, isQuiet: (error: unknown) => boolean): Promise<T> {
  const result = promise.catch((error) => {
    if (isQuiet(error)) result.catch(() => {});
    throw error;
  });
  return result;
}

/**
 * For sending: the documented `remote.send('hi')` without `await` must not end a Node process
 * because a remote just left. A TypeError is a mistake in the app and stays loud.
 */
export function isQuiet(error: unknown, log: DebugLog | undefined): boolean {
  if (!(error instanceof MeshworkError)) return false;
  log?.(error.code, error);
  return true;
}
