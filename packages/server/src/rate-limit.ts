/**
 * RateLimit: a token bucket. It starts full, is refilled steadily, and holds one burst.
 * It has no timer: it looks at the clock when asked.
 * Used by: socket-guard.ts.
 */

/** Lets `perSecond` through on average, and `burst` at once. */
export class RateLimit {
  #tokens: number;
  #atMs: number;

  /**
   * @param perSecond - how many tokens come back each second
   * @param burst - how many there are at most, and at first
   * @param nowMs - a clock that never goes back, in milliseconds
   */
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly nowMs: () => number,
  ) {
    this.#tokens = burst;
    this.#atMs = nowMs();
  }

  /** Takes that many tokens if they are there; takes none otherwise. */
  take(count = 1): boolean {
    const nowMs = this.nowMs();
    const refill = ((nowMs - this.#atMs) / 1_000) * this.perSecond;
    this.#tokens = Math.min(this.burst, this.#tokens + refill);
    this.#atMs = nowMs;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}
