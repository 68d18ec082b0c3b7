/**
 * Gathering: how long a description waits for candidates, so that the first message already holds
 * the useful ones and most connections need no further candidate message.
 * Used by: connection.ts.
 */

import type { Platform } from '../platform.ts';

export const GATHERING = {
  /**
   * No candidate for this long after the last one: host candidates are all found. Measured in
   * Chromium and Firefox, with and without mDNS names: they follow each other within 1 ms.
   */
  quietMs: 3,
  /** We never wait longer than this in all; what is found later follows by itself. */
  maxMs: 100,
} as const;

/** Resolves when gathering is complete, has gone quiet after a first candidate, or takes too long. */
export function gathered(platform: Platform, rtc: RTCPeerConnection): Promise<void> {
  if (rtc.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    let stopQuiet: (() => void) | undefined;
    const finish = () => {
      stopQuiet?.();
      stopMax();
      rtc.removeEventListener('icecandidate', onCandidate);
      rtc.removeEventListener('icegatheringstatechange', onState);
      resolve();
    };
    const onCandidate = ({ candidate }: RTCPeerConnectionIceEvent) => {
      // Firefox also says that it is done by an empty candidate (RFC 8838, end-of-candidates).
      if (!candidate?.candidate) return finish();
      stopQuiet?.();
      stopQuiet = platform.after(GATHERING.quietMs, finish);
    };
    const onState = () => {
      if (rtc.iceGatheringState === 'complete' || rtc.signalingState === 'closed') finish();
    };
    const stopMax = platform.after(GATHERING.maxMs, finish);
    rtc.addEventListener('icecandidate', onCandidate);
    rtc.addEventListener('icegatheringstatechange', onState);
  });
}
