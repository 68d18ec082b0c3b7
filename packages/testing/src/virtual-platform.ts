/**
 * VirtualClock: time that passes only when a test says so, and platforms that live in it.
 * Owns: timers, the time of day, seeded chance. Not: WebRTC, which a test hands in.
 * Used by: the core's unit tests.
 */

import type { WebRtc } from 'meshwork';

/** The core's `Platform`, by shape: it is internal there, and nobody imports it from outside. */
export interface VirtualPlatform {
  readonly webrtc: WebRtc;
  nowMs(): number;
  monotonicMs(): number;
  after(delayMs: number, run: () => void): () => void;
  randomBytes(count: number): Uint8Array<ArrayBuffer>;
  random(): number;
  onPageAway(handlers: PageHandlers): () => void;
  /** Plays `pagehide` and `pageshow`. */
  readonly page: PageHandlers;
}

export interface PageHandlers {
  away(): void;
  back(): void;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** For tests that must never touch WebRTC: making a connection is a failure of the test. */
const NO_WEBRTC: WebRtc = {
  RTCPeerConnection: class {
    constructor() {
      throw new Error('This test has no WebRTC.');
    }
  } as unknown as typeof RTCPeerConnection,
};

export class VirtualClock {
  /** Uninterrupted time since the start, which timers go by. */
  #elapsedMs = 0;
  /** What must be added for the time of day. */
  #offsetMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 1_700_000_000_000) {
    this.#offsetMs = startMs;
  }

  nowMs(): number {
    return this.#offsetMs + this.#elapsedMs;
  }

  /** How many timers wait. Nothing pending means none. */
  get timerCount(): number {
    return this.#timers.size;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = {
      atMs: this.#elapsedMs + Math.max(0, delayMs),
      order: this.#order++,
      run,
    };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass: runs what is due, in order, and everything that follows from it. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settle();
    for (;;) {
      const timer = this.#next();
      if (!timer || timer.atMs > untilMs) break;
      this.#elapsedMs = timer.atMs;
      this.#timers.delete(timer);
      timer.run();
      await settle();
    }
    this.#elapsedMs = untilMs;
  }

  /** Changes the time of day and nothing else: a user sets the clock. */
  setTimeOfDay(changeMs: number): void {
    this.#offsetMs += changeMs;
  }

  /** Time passes and no timer has run yet: the moment of waking up. */
  oversleep(ms: number): void {
    this.#elapsedMs += ms;
  }

  /** Sleeps through `ms`, as a closed laptop does: timers due meanwhile run late, all at once. */
  async sleep(ms: number): Promise<void> {
    this.oversleep(ms);
    const due = [...this.#timers].filter((timer) => timer.atMs <= this.#elapsedMs);
    for (const timer of due.sort(byTime)) {
      if (!this.#timers.delete(timer)) continue;
      timer.run();
      await settle();
    }
  }

  /** A platform in this time. Each draws its own chance from its seed. */
  platform(seed: number, webrtc: WebRtc = NO_WEBRTC): VirtualPlatform {
    const random = seededRandom(seed);
    const randomForBytes = seededRandom(seed ^ 0x5bd1_e995);
    const handlers = new Set<PageHandlers>();
    return {
      webrtc,
      nowMs: () => this.nowMs(),
      monotonicMs: () => this.#elapsedMs,
      after: (delayMs, run) => this.after(delayMs, run),
      randomBytes: (count) =>
        Uint8Array.from({ length: count }, () => Math.floor(randomForBytes() * 256)),
      random,
      onPageAway: (added) => {
        handlers.add(added);
        return () => handlers.delete(added);
      },
      page: {
        away: () => {
          for (const { away } of handlers) away();
        },
        back: () => {
          for (const { back } of handlers) back();
        },
      },
    };
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || byTime(timer, first) < 0) first = timer;
    return first;
  }
}

function byTime(a: Timer, b: Timer): number {
  return a.atMs - b.atMs || a.order - b.order;
}

/** Resolves when every promise that can go on has gone on; takes no time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Fractions in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
