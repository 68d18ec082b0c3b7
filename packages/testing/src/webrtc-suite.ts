/**
 * What the core needs from a WebRTC implementation, as numbered rules. The same suite runs in
 * Chromium, in Firefox and over @meshwork/node.
 * Used by: webrtc.browser.test.ts here, webrtc.test.ts in packages/node.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pair, type Rules, type WebRtcUnderTest } from './webrtc-pair.ts';
import { CHANNEL_RULES } from './webrtc-rules-channels.ts';
import { CONNECTION_RULES } from './webrtc-rules-connections.ts';

export interface WebRtcSuiteOptions {
  /** Rules that this implementation cannot keep, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

const RULES: Rules = { ...CHANNEL_RULES, ...CONNECTION_RULES };

/** Registers one test per rule. A skip for a rule that does not exist fails. */
export function webrtcSuite(webrtc: WebRtcUnderTest, { skip = {} }: WebRtcSuiteOptions = {}): void {
  describe('WebRTC implementation', () => {
    let pair: Pair;
    beforeEach(() => {
      pair = new Pair(webrtc);
    });
    afterEach(() => pair.close());

    for (const rule of Object.keys(skip)) {
      if (!(rule in RULES)) it(`[${rule}] is a rule`, () => expect.fail(`There is no ${rule}.`));
    }
    for (const [rule, [promise, test]] of Object.entries(RULES)) {
      const reason = skip[rule];
      if (reason === undefined) it(`[${rule}] ${promise}`, () => test(pair, webrtc), 30_000);
      else it.skip(`[${rule}] ${promise} (${reason})`, () => {});
    }
  });
}
