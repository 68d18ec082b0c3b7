/**
 * Calls: announces to single peers whom we know to be here and have not met: another member named
 * them, or there was no room for a connection. Repeated with growing gaps, a few times.
 * Used by: membership.ts. Rule: PROTOCOL.md, SG14.
 */

import { Repeats } from '../async/repeats.ts';
import type { Platform } from '../platform.ts';

const CALLS = { firstMs: 500, maxMs: 30_000, attempts: 6 } as const;

export interface CallsPort {
  hasMet(id: string): boolean;
  announceTo(id: string): void;
}

export class Calls {
  readonly #repeats: Repeats;
  readonly #maxCalls: number;
  readonly #port: CallsPort;

  constructor(platform: Platform, maxCalls: number, port: CallsPort) {
    this.#repeats = new Repeats(platform);
    this.#maxCalls = maxCalls;
    this.#port = port;
  }

  /** Calls on a peer until it is met. @param firstMs - it may appear by itself for so long */
  start(id: string, firstMs: number = CALLS.firstMs): void {
    const isFull = this.#repeats.size >= this.#maxCalls;
    if (isFull || this.#repeats.has(id) || this.#port.hasMet(id)) return;
    this.#repeats.start(id, { ...CALLS, firstMs }, () => {
      if (this.#port.hasMet(id)) return false;
      this.#port.announceTo(id);
      return true;
    });
  }

  close(): void {
    this.#repeats.stopAll();
  }
}
