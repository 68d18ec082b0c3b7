/**
 * Calls: announces to single peers whom we know to be here and have not met: another member named
 * them, or there was no room for a connection. Repeated with growing gaps, a few times.
 * Used by: membership.ts. Rule: PROTOCOL.md, SG14.
 */

import { Backoff } from '../async/backoff.ts';
import type { Platform } from '../platform.ts';

const CALLS = { firstMs: 500, maxMs: 30_000, attempts: 6 } as const;

export interface CallsPort {
  hasMet(id: string): boolean;
  announceTo(id: string): void;
}

export class Calls {
  readonly #platform: Platform;
  readonly #maxCalls: number;
  readonly #port: CallsPort;
  readonly #stops = new Map<string, () => void>();

  constructor(platform: Platform, maxCalls: number, port: CallsPort) {
    this.#platform = platform;
    this.#maxCalls = maxCalls;
    this.#port = port;
  }

  /** Calls on a peer until it is met. @param firstMs - it may appear by itself for so long */
  start(id: string, firstMs: number = CALLS.firstMs): void {
    if (this.#stops.has(id) || this.#stops.size >= this.#maxCalls || this.#port.hasMet(id)) return;
    const backoff = new Backoff({ firstMs, maxMs: CALLS.maxMs, random: this.#platform.random });
    const schedule = () => {
      const stop = this.#platform.after(backoff.nextMs(), () => {
        this.#stops.delete(id);
        if (this.#port.hasMet(id)) return;
        this.#port.announceTo(id);
        if (backoff.attempts < CALLS.attempts) schedule();
      });
      this.#stops.set(id, stop);
    };
    schedule();
  }

  close(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }
}
