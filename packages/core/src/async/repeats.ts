/**
 * Repeats: something done about one peer after another, again with growing gaps, a few times, until
 * it is called off or has become unnecessary.
 * Used by: calls.ts (announces to a peer), room-session.ts (the news of a lost connection).
 */

import type { Platform } from '../platform.ts';
import { Backoff } from './backoff.ts';

export interface Schedule {
  /** The first gap, in ms, before jitter. */
  readonly firstMs: number;
  /** No gap is longer, in ms, before jitter. */
  readonly maxMs: number;
  /** How often at most. */
  readonly attempts: number;
}

export class Repeats {
  readonly #platform: Platform;
  readonly #stops = new Map<string, () => void>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** How many are under way. */
  get size(): number {
    return this.#stops.size;
  }

  has(id: string): boolean {
    return this.#stops.has(id);
  }

  /** Starts for this peer, in place of what was under way. @param act - false ends it early */
  start(id: string, schedule: Schedule, act: () => boolean): void {
    const backoff = new Backoff({ ...schedule, random: this.#platform.random });
    const next = () => {
      const stop = this.#platform.after(backoff.nextMs(), () => {
        this.#stops.delete(id);
        if (act() && backoff.attempts < schedule.attempts) next();
      });
      this.#stops.set(id, stop);
    };
    this.stop(id);
    next();
  }

  stop(id: string): void {
    this.#stops.get(id)?.();
    this.#stops.delete(id);
  }

  /** Calls everything off. */
  stopAll(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }
}
