/**
 * Seldom: lets something through once in a while, however often it is asked.
 * Used by: membership.ts, so that no stranger floods the app with error events.
 */

import type { Platform } from '../platform.ts';

export class Seldom {
  readonly #platform: Pick<Platform, 'monotonicMs'>;
  readonly #gapMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** @param gapMs - how long nothing more is let through */
  constructor(platform: Pick<Platform, 'monotonicMs'>, gapMs: number) {
    this.#platform = platform;
    this.#gapMs = gapMs;
  }

  /** Calls `act` with how often it was asked in all, unless it did so a short while ago. */
  do(act: (count: number) => void): void {
    this.#count += 1;
    const nowMs = this.#platform.monotonicMs();
    if (nowMs - this.#lastMs < this.#gapMs) return;
    this.#lastMs = nowMs;
    act(this.#count);
  }
}
