/**
 * Announcer: says "I am here" to the room: at once when joining, again with growing gaps while
 * nobody is found, and whenever the bus comes back.
 * Used by: membership.ts.
 */

import { Backoff } from '../async/backoff.ts';
import type { Platform } from '../platform.ts';

/** The gaps while alone: a lost announce costs a second, an empty room a message a minute. */
const ANNOUNCE_GAP = { firstMs: 1_000, maxMs: 60_000 } as const;
/** When a bus comes back, everybody would speak at the same instant. */
const RETURN_JITTER_MS = 300;

export interface AnnouncerPort {
  announce(signal?: AbortSignal): Promise<void>;
  isAlone(): boolean;
}

export class Announcer {
  readonly #platform: Platform;
  readonly #port: AnnouncerPort;
  readonly #backoff: Backoff;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(platform: Platform, port: AnnouncerPort) {
    this.#platform = platform;
    this.#port = port;
    this.#backoff = new Backoff({ ...ANNOUNCE_GAP, random: platform.random });
  }

  /** The first announce; resolves when the bus took it. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#port.announce(signal);
    this.#schedule();
  }

  /** [SG6] The bus is back, or the page is: others may have come meanwhile. */
  again(): void {
    if (this.#isClosed) return;
    this.#stopTimer?.();
    this.#backoff.reset();
    this.#stopTimer = this.#platform.after(this.#platform.random() * RETURN_JITTER_MS, () => {
      void this.#announceAndSchedule();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#stopTimer?.();
    this.#stopTimer = this.#platform.after(this.#backoff.nextMs(), () => {
      if (this.#port.isAlone()) void this.#announceAndSchedule();
      else this.#schedule();
    });
  }

  async #announceAndSchedule(): Promise<void> {
    try {
      await this.#port.announce();
    } catch {
      // The bus reported it; the next gap tries again.
    }
    this.#schedule();
  }
}
