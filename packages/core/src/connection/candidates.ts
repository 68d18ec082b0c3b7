/**
 * Candidates on their way: those found here, gathered into few messages, and those that arrived
 * before the description they belong to.
 * Used by: connection.ts.
 */

import type { Platform } from '../platform.ts';

/** As many early candidates as we keep; a remote with more has its first ones tried. */
const MAX_EARLY = 64;

/** Shares messages between candidates found within one window, which the first of them opens. */
export class CandidateBatch {
  readonly #platform: Platform;
  readonly #windowMs: number;
  readonly #send: (candidates: string[]) => void;
  readonly #waiting: string[] = [];
  #stopTimer: (() => void) | undefined;

  /** @param windowMs - 0 sends each at once */
  constructor(platform: Platform, windowMs: number, send: (candidates: string[]) => void) {
    this.#platform = platform;
    this.#windowMs = windowMs;
    this.#send = send;
  }

  add(candidate: string): void {
    if (this.#windowMs === 0) return this.#send([candidate]);
    this.#waiting.push(candidate);
    // The window is not restarted: a slow trickle must not hold back the first.
    this.#stopTimer ??= this.#platform.after(this.#windowMs, () => this.#send(this.take()));
  }

  /** What waits, which is then no longer sent. */
  take(): string[] {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    return this.#waiting.splice(0);
  }
}

/** Keeps a remote's candidates until its description is set, then passes them on. */
export class EarlyCandidates {
  readonly #add: (candidate: RTCIceCandidateInit) => void;
  #waiting: RTCIceCandidateInit[] | undefined = [];

  constructor(add: (candidate: RTCIceCandidateInit) => void) {
    this.#add = add;
  }

  add(candidate: RTCIceCandidateInit): void {
    if (!this.#waiting) this.#add(candidate);
    else if (this.#waiting.length < MAX_EARLY) this.#waiting.push(candidate);
  }

  /** The remote description is set. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const candidate of waiting) this.#add(candidate);
  }
}
