/**
 * Rules about data channels: opening, messages, closing. Used by: webrtc-suite.ts.
 */

import { expect } from 'vitest';
import { exchange, messages, next, opened, type Rules, within } from './webrtc-pair.ts';

const bytesOf = (data: unknown): number[] => [...new Uint8Array(data as ArrayBuffer)];

/** Bytes that differ along the message, so that a shift or a hole shows. */
function pattern(count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8)) & 255);
}

function isSame(data: unknown, expected: Uint8Array): boolean {
  const actual = new Uint8Array(data as ArrayBuffer);
  return (
    actual.length === expected.length && actual.every((byte, index) => byte === expected[index])
  );
}

export const CHANNEL_RULES: Rules = {
  WR1: [
    'a negotiated channel with id 0 opens on both sides',
    async (pair) => {
      const [a, b] = await pair.connected(0);
      expect([a.id, b.id, a.negotiated, a.ordered]).toEqual([0, 0, true, true]);
      expect(pair.a.connectionState).not.toBe('closed');
    },
  ],
  WR2: [
    'an in-band channel is announced with label, protocol and id',
    async (pair) => {
      await pair.connected();
      const announced = next<RTCDataChannelEvent>(pair.b, 'datachannel');
      const made = pair.a.createDataChannel('ünïcode', { protocol: 'chat.v1' });
      const { channel } = await announced;
      const arrived = messages(channel, 1);
      await opened(made);
      made.send('first');
      expect(await arrived).toEqual(['first']);
      expect([channel.label, channel.protocol, channel.negotiated]).toEqual([
        'ünïcode',
        'chat.v1',
        false,
      ]);
      expect(channel.id).toBe(made.id);
    },
  ],
  WR3: [
    'the receiver sees how reliable an in-band channel is',
    async (pair) => {
      await pair.connected();
      const announced = next<RTCDataChannelEvent>(pair.b, 'datachannel');
      pair.a.createDataChannel('fast', { ordered: false, maxRetransmits: 3 });
      const { channel } = await announced;
      expect([channel.ordered, channel.maxRetransmits]).toEqual([false, 3]);
    },
  ],
  WR4: [
    'text arrives unchanged, also none',
    async (pair) => {
      const [a, b] = await pair.connected();
      const texts = ['plain', '', 'ünï 🕸️ \u0000 end', 'x'.repeat(70_000)];
      const arrived = messages(b, texts.length);
      for (const text of texts) a.send(text);
      expect(await arrived).toEqual(texts);
    },
  ],
  WR5: [
    'every kind of view arrives with exactly its own bytes, also none',
    async (pair) => {
      const [a, b] = await pair.connected();
      const whole = pattern(32).buffer;
      const views = [
        whole,
        new Uint8Array(whole, 3, 5),
        new Int8Array(whole, 1, 2),
        new Uint8ClampedArray(whole, 2, 3),
        new Uint16Array(whole, 4, 2),
        new Int32Array(whole, 8, 2),
        new Float64Array(whole, 8, 1),
        new BigUint64Array(whole, 16, 2),
        new DataView(whole, 5, 7),
        new ArrayBuffer(0),
        new Uint8Array(whole, 4, 0),
      ];
      const arrived = messages(b, views.length);
      for (const view of views) a.send(view as ArrayBuffer);
      const expected = views.map((view) =>
        view instanceof ArrayBuffer
          ? bytesOf(view)
          : bytesOf(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)),
      );
      const actual = await arrived;
      expect(actual.every((data) => data instanceof ArrayBuffer)).toBe(true);
      expect(actual.map(bytesOf)).toEqual(expected);
    },
  ],
  WR6: [
    'messages of 64 KiB and 250 KiB arrive bit for bit',
    async (pair) => {
      const [a, b] = await pair.connected();
      const large = [pattern(65_536), pattern(256_000)];
      const arrived = messages(b, 2);
      for (const message of large) a.send(message);
      const actual = await arrived;
      expect(large.map((message, index) => isSame(actual[index], message))).toEqual([true, true]);
    },
  ],
  WR7: [
    'bufferedamountlow fires once the buffer has drained to the threshold',
    async (pair) => {
      const [a, b] = await pair.connected();
      const arrived = messages(b, 40);
      a.bufferedAmountLowThreshold = 65_536;
      const low = next(a, 'bufferedamountlow');
      const message = pattern(128_000);
      for (let count = 0; count < 40; count += 1) a.send(message);
      expect(a.bufferedAmount).toBeGreaterThan(65_536);
      await low;
      expect(a.bufferedAmount).toBeLessThanOrEqual(65_536);
      await arrived;
    },
  ],
  WR16: [
    'closing a channel closes the other end, after what was sent',
    async (pair) => {
      const [a, b] = await pair.connected();
      const closed = next(b, 'close');
      const arrived = messages(b, 20);
      for (let count = 0; count < 20; count += 1) a.send(`last ${count}`);
      a.close();
      expect(a.readyState).toBe('closing');
      await closed;
      expect(b.readyState).toBe('closed');
      expect((await arrived).at(-1)).toBe('last 19');
      expect(pair.b.signalingState).toBe('stable');
    },
  ],
  WR17: [
    'closing a connection soon closes the channels of the remote, and is silent here',
    async (pair) => {
      const [, b] = await pair.connected();
      const heard: string[] = [];
      for (const type of ['connectionstatechange', 'signalingstatechange', 'icecandidate']) {
        pair.a.addEventListener(type, () => heard.push(type));
      }
      const closed = within('close within 1 s', next(b, 'close'), 1_000);
      pair.a.close();
      // The state of our own channels is not asked: browsers still say `open` for a moment.
      expect([pair.a.signalingState, pair.a.connectionState]).toEqual(['closed', 'closed']);
      await closed;
      expect(heard).toEqual([]);
    },
  ],
  WR19: [
    'a message that is too large throws and leaves the channel open',
    async (pair) => {
      const [a, b] = pair.channels();
      const open = Promise.all([opened(a), opened(b)]);
      await exchange(pair.a, pair.b, (sdp) =>
        sdp.replace(/a=max-message-size:\d+/, 'a=max-message-size:100000'),
      );
      await open;
      expect(pair.a.sctp?.maxMessageSize).toBe(100_000);
      expect(() => a.send(pattern(100_001))).toThrow();
      expect(a.readyState).toBe('open');
      const arrived = messages(b, 1);
      a.send(pattern(100_000));
      expect(isSame((await arrived)[0], pattern(100_000))).toBe(true);
    },
  ],
  WR20: [
    'sending before the channel is open throws InvalidStateError',
    async (pair) => {
      expect(() => pair.a.createDataChannel('early').send('x')).toThrow(
        expect.objectContaining({ name: 'InvalidStateError' }),
      );
      await pair.connected();
    },
  ],
  WR30: [
    'sending on a closed channel throws InvalidStateError',
    async (pair) => {
      const [a, b] = await pair.connected();
      const closed = Promise.all([next(a, 'close'), next(b, 'close')]);
      a.close();
      await closed;
      const refusal = expect.objectContaining({ name: 'InvalidStateError' });
      expect(() => a.send('x')).toThrow(refusal);
      expect(() => b.send('x')).toThrow(refusal);
    },
  ],
};
