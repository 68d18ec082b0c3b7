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
 * The same promise, but a MeshworkError in it never counts as unhandled: the documented
 * `remote.send('hi')` without `await` must not end a Node process because a remote just left.
 * A TypeError is a mistake in the app and stays loud.
 */
export function settled<T>(promise: Promise<T>, log: DebugLog | undefined): Promise<T> {
  const result = promise.catch((error) => {
    if (error instanceof MeshworkError) {
      log?.(error.code, error);
      // Whoever awaits the result still gets the error; whoever does not has handled it now.
      result.catch(() => {});
    }
    throw error;
  });
  return result;
}
