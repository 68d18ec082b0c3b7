/**
 * Announcer: says "I am here" to the room: at once when joining, again with growing gaps while
 * alone, whenever the bus comes back, and twice more in case a lossy bus split the room.
 * Used by: membership.ts.
 */

import { Backoff } from '../async/backoff.ts';
import type { Platform } from '../platform.ts';

/** The gaps while alone: a lost announce costs a second, an empty room a message a minute. */
const ANNOUNCE_GAP = { firstMs: 1_000, maxMs: 60_000 } as const;
/** In company one member looks for others that were missed, so often; then the bus is left alone. */
const SEARCH = { gapMs: 30_000, times: 2 } as const;
/** When a bus comes back, everybody would speak at the same instant. */
const RETURN_JITTER_MS = 300;

export interface AnnouncerPort {
  announce(signal?: AbortSignal): Promise<void>;
  isAlone(): boolean;
  /** Whether it is on us to look for others; one member of those who know each other is enough. */
  isSpeaker(): boolean;
  /** A later announce failed; the next one is scheduled already. */
  failed(error: unknown): void;
}

export class Announcer {
  readonly #platform: Platform;
  readonly #port: AnnouncerPort;
  readonly #backoff: Backoff;
  #stopTimer: (() => void) | undefined;
  /** Counts what was scheduled, so that an announce under way does not undo what came meanwhile. */
  #round = 0;
  #searches = 0;
  #isClosed = false;

  constructor(platform: Platform, port: AnnouncerPort) {
    this.#platform = platform;
    this.#port = port;
    this.#backoff = new Backoff({ ...ANNOUNCE_GAP, random: platform.random });
  }

  /** The first announce; resolves when the bus took it. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#port.announce(signal);
    if (this.#round === 0) this.#schedule();
  }

  /** [SG6] The bus is back, or the page is: others may have come meanwhile. */
  again(): void {
    if (this.#isClosed) return;
    this.#backoff.reset();
    this.#searches = 0;
    this.#later(this.#platform.random() * RETURN_JITTER_MS, () => void this.#announce());
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    if (this.#port.isAlone()) {
      this.#later(this.#backoff.nextMs(), () => {
        if (this.#port.isAlone()) void this.#announce();
        else this.#schedule();
      });
    } else {
      const gapMs = SEARCH.gapMs * (0.75 + this.#platform.random() / 2);
      this.#later(gapMs, () => this.#search());
    }
  }

  #search(): void {
    const isOurs = this.#searches < SEARCH.times && this.#port.isSpeaker();
    if (!isOurs && !this.#port.isAlone()) return this.#schedule();
    this.#searches += 1;
    void this.#announce();
  }

  #later(delayMs: number, run: () => void): void {
    this.#round += 1;
    this.#stopTimer?.();
    this.#stopTimer = this.#platform.after(delayMs, run);
  }

  async #announce(): Promise<void> {
    const round = this.#round;
    try {
      await this.#port.announce();
    } catch (error) {
      this.#port.failed(error);
    }
    if (round === this.#round) this.#schedule();
  }
}
