/**
 * Liveness: whether the remote is still there. A remote that leaves says so and a closed
 * connection is seen at once; this is for the rest: killed processes, pulled cables, sleep.
 * Combines silence (we ping an idle connection) with what ICE says; neither alone is enough, for
 * ICE takes half a minute in some stacks and a busy page may be silent for seconds.
 * Used by: connection.ts.
 */

import type { Platform } from '../platform.ts';

export const LIVENESS = {
  /** How often we look, and ping if nothing was heard since the last look. */
  lookEveryMs: 2_000,
  /** Silence after which the connection counts as disconnected, though ICE is content. */
  doubtfulAfterMs: 8_000,
  /** Silence after which it is lost when ICE doubts it too. */
  lostWhenDoubtfulMs: 7_000,
  /** Silence after which it is lost whatever ICE says. */
  lostAfterMs: 16_000,
} as const;

export type Verdict = 'alive' | 'doubtful' | 'lost';

/** The rule itself. Pure. */
export function judge(silentMs: number, transportIsDoubtful: boolean): Verdict {
  if (silentMs >= LIVENESS.lostAfterMs) return 'lost';
  if (transportIsDoubtful) return silentMs >= LIVENESS.lostWhenDoubtfulMs ? 'lost' : 'doubtful';
  return silentMs >= LIVENESS.doubtfulAfterMs ? 'doubtful' : 'alive';
}

export interface LivenessPort {
  ping(): void;
  isTransportDoubtful(): boolean;
  /** The verdict changed. After `lost` nothing more follows. */
  changed(verdict: Verdict): void;
}

export class Liveness {
  readonly #platform: Platform;
  readonly #port: LivenessPort;
  #heardMs: number;
  #lookedMs: number;
  #verdict: Verdict = 'alive';
  #stopTimer: (() => void) | undefined;

  constructor(platform: Platform, port: LivenessPort) {
    this.#platform = platform;
    this.#port = port;
    this.#heardMs = platform.monotonicMs();
    this.#lookedMs = this.#heardMs;
    this.#schedule();
  }

  /** Anything at all arrived from the remote. */
  heard(): void {
    this.#heardMs = this.#platform.monotonicMs();
    if (this.#verdict === 'doubtful') this.look();
  }

  /** Looks now: ICE changed its mind. */
  look(): void {
    if (this.#verdict === 'lost') return;
    this.#forgiveSleep();
    const silentMs = this.#platform.monotonicMs() - this.#heardMs;
    const verdict = judge(silentMs, this.#port.isTransportDoubtful());
    if (verdict === this.#verdict) return;
    this.#verdict = verdict;
    if (verdict === 'lost') this.close();
    this.#port.changed(verdict);
  }

  close(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #schedule(): void {
    this.#stopTimer = this.#platform.after(LIVENESS.lookEveryMs, () => {
      this.#schedule();
      this.#forgiveSleep();
      const silentMs = this.#platform.monotonicMs() - this.#heardMs;
      if (silentMs >= LIVENESS.lookEveryMs) this.#port.ping();
      this.look();
    });
  }

  /** A page that slept has heard nothing through no fault of the remote: give it time to answer. */
  #forgiveSleep(): void {
    const nowMs = this.#platform.monotonicMs();
    const sleptMs = nowMs - this.#lookedMs - LIVENESS.lookEveryMs;
    this.#lookedMs = nowMs;
    if (sleptMs > LIVENESS.lookEveryMs) this.#heardMs = Math.min(nowMs, this.#heardMs + sleptMs);
  }
}
