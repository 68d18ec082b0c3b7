/**
 * Platform: the outside world as an argument. WebRTC, the clock, timers and random bytes come in
 * through it, so that a test can play a whole room without sleeping.
 * Used by: everything that would otherwise touch a global.
 */

import { MeshworkError } from './errors.ts';

/** The WebRTC implementation: the browser's own, or the one of `@meshwork/node`. */
export interface WebRtc {
  readonly RTCPeerConnection: typeof RTCPeerConnection;
}

/** What the core needs from the world around it. */
export interface Platform {
  /** The WebRTC implementation. */
  readonly webrtc: WebRtc;
  /** Milliseconds since the epoch; jumps when somebody sets the clock. */
  nowMs(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
  /** Cryptographically strong random bytes. */
  randomBytes(count: number): Uint8Array<ArrayBuffer>;
  /** A fraction in [0, 1) for jitter; nothing secret rests on it. */
  random(): number;
  /** Hears that the page is being closed or put away, and that it is shown again. */
  onPageAway(handlers: { away(): void; back(): void }): () => void;
}

/**
 * The platform we run on.
 *
 * @param webrtc - overrides the global implementation
 * @throws MeshworkError `webrtc-unavailable` when there is neither
 */
export function systemPlatform(webrtc?: WebRtc): Platform {
  const implementation = webrtc ?? globalThis;
  if (typeof implementation.RTCPeerConnection !== 'function') {
    throw new MeshworkError('webrtc-unavailable');
  }
  return {
    webrtc: implementation,
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    random: () => Math.random(),
    onPageAway,
  };
}

/** `pagehide` is the last event a page reliably gets; `pageshow` may follow from the back/forward cache. */
function onPageAway({ away, back }: { away(): void; back(): void }): () => void {
  const life = new AbortController();
  const { addEventListener } = globalThis as {
    addEventListener?: typeof globalThis.addEventListener;
  };
  if (typeof document === 'undefined' || !addEventListener) return () => {};
  addEventListener('pagehide', away, { signal: life.signal });
  addEventListener(
    'pageshow',
    ({ persisted }) => {
      if (persisted) back();
    },
    { signal: life.signal },
  );
  return () => life.abort();
}
