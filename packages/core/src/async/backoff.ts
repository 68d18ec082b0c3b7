/**
 * Backoff: growing, jittered gaps between attempts.
 * Used by: announcer.ts, handshake.ts (repeated offers), repeats.ts.
 */

export interface BackoffOptions {
  /** The first gap, before jitter. */
  readonly firstMs: number;
  /** No gap is longer, before jitter. */
  readonly maxMs: number;
  /** A fraction in [0, 1), such as Math.random. */
  readonly random: () => number;
}

/** Each gap is twice the one before, up to `maxMs`, spread over ± 25 % so that peers drift apart. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** How many gaps were asked for since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const { firstMs, maxMs, random } = this.#options;
    const gapMs = Math.min(firstMs * 2 ** this.#attempts, maxMs);
    this.#attempts += 1;
    return gapMs * (0.75 + random() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
