/**
 * ReplayGuard: knows, within bounds, what was heard before, so that an old message does nothing.
 * Used by: membership.ts. Rules: PROTOCOL.md, SG5 and SG12.
 */

import { Recent } from '../async/recent.ts';
import type { Announce } from './messages.ts';

const MEMORY = {
  /** Peers whose latest announce we remember, and sessions that were opened. */
  entries: 1_024,
  /** A stay that begins this far in the future is a forgery: no clock is that wrong. */
  maxAheadMs: 86_400_000,
} as const;

export class ReplayGuard {
  readonly #latest = new Recent<{ readonly sinceMs: number; readonly sequence: number }>(
    MEMORY.entries,
  );
  readonly #sessions = new Recent<true>(MEMORY.entries);

  /** [SG5] Whether the announce is newer than every one of that peer before; it counts from now on. */
  isNews({ from, sinceMs, sequence }: Announce, nowMs: number): boolean {
    if (sinceMs > nowMs + MEMORY.maxAheadMs) return false;
    const latest = this.#latest.get(from);
    const isNewer =
      !latest ||
      sinceMs > latest.sinceMs ||
      (sinceMs === latest.sinceMs && sequence > latest.sequence);
    if (isNewer) this.#latest.set(from, { sinceMs, sequence });
    return isNewer;
  }

  /** Whether the session was opened before. */
  hasSeen(session: string): boolean {
    return this.#sessions.has(session);
  }

  see(session: string): void {
    this.#sessions.set(session, true);
  }
}
