/**
 * Channel: one open data channel under one label: sends in order, with backpressure, and turns
 * what arrives into values.
 * Used by: channels.ts.
 */

import { MeshworkError } from '../errors.ts';
import type { ChannelInit } from '../wire/channel-options.ts';
import {
  type Frame,
  frameBytes,
  fromFrame,
  isLargerThan,
  isReady,
  type PendingFrame,
} from './values.ts';

export const FLOW = {
  /** Above this many buffered bytes a send waits. */
  highWaterBytes: 1_048_576,
  /** Down to this many, it goes on. */
  lowWaterBytes: 262_144,
  /** Waiting sends may hold this many bytes in all; beyond, a send rejects. */
  maxWaitingBytes: 67_108_864,
  /** The largest value: 255 KiB, which with its kind fits the 256 KiB that every stack takes. */
  maxMessageBytes: 261_120,
} as const;

/**
 * Chromium 156 loses data that the accepting end sends as soon as it is told that the channel is
 * open, or never lowers bufferedAmount again: 53 of 750 connections on a busy machine in the same
 * task, 4 of 500 in the next one, none of 500 after 3 ms or in answer to a first message. Remove it
 * when Chromium has mended that.
 */
const ACCEPTED_SETTLES_MS = 3;

export interface ChannelPort {
  /** Calls `run` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
  open(): void;
  message(value: unknown): void;
  error(error: MeshworkError): void;
  closed(): void;
}

export class Channel {
  readonly rtc: RTCDataChannel;
  /** How it was opened. */
  readonly init: ChannelInit;
  readonly #port: ChannelPort;
  readonly #life = new AbortController();
  /** Resolves when `open` was reported, or the channel is over. */
  readonly #usable: Promise<void>;
  #becomeUsable: () => void = () => {};
  #isOpenReported = false;
  #wasOpen = false;
  /** Sends that wait, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #waitingSends = 0;
  #waitingBytes = 0;

  /** @param isOurs - whether we created it, or the remote did */
  constructor(rtc: RTCDataChannel, init: ChannelInit, isOurs: boolean, port: ChannelPort) {
    this.rtc = rtc;
    this.init = init;
    this.#port = port;
    this.#usable = new Promise((resolve) => {
      this.#becomeUsable = resolve;
    });
    this.#life.signal.addEventListener('abort', () => this.#becomeUsable());
    rtc.binaryType = 'arraybuffer';
    rtc.bufferedAmountLowThreshold = FLOW.lowWaterBytes;
    const { signal } = this.#life;
    if (isOurs) rtc.addEventListener('open', () => this.#reportOpen(), { signal });
    else if (rtc.readyState === 'open') this.#onAccepted();
    else rtc.addEventListener('open', () => this.#onAccepted(), { signal });
    rtc.addEventListener('close', () => this.#onClose(), { signal });
    rtc.addEventListener('error', (event) => this.#onError(event), { signal });
    rtc.addEventListener('message', ({ data }) => this.#onMessage(data), { signal });
  }

  get isOpen(): boolean {
    return this.rtc.readyState === 'open' && !this.#life.signal.aborted;
  }

  /**
   * Sends one frame. Resolves when more would be accepted.
   *
   * @throws MeshworkError `channel-not-open`, `message-too-large`, `limit-reached`, `peer-gone`
   */
  async send(frame: Frame | PendingFrame): Promise<void> {
    this.#requireOpen();
    const isClear =
      this.#isOpenReported &&
      this.#waitingSends === 0 &&
      this.rtc.bufferedAmount <= FLOW.highWaterBytes;
    if (isClear && isReady(frame)) {
      this.#transmit(frame);
      return;
    }
    await this.#sendInTurn(frame);
  }

  /** Closes without a further event. */
  close(): void {
    if (this.#life.signal.aborted) return;
    if (this.rtc.readyState === 'open') this.#reportOpen();
    this.#life.abort(gone());
    const { rtc } = this;
    // Firefox 153 sometimes never tells the remote of a channel that is closed while it opens.
    if (rtc.readyState !== 'connecting') rtc.close();
    else rtc.addEventListener('open', () => rtc.close(), { once: true });
  }

  async #sendInTurn(pending: Frame | PendingFrame): Promise<void> {
    // Reading a Blob starts at once; only the sending takes turns.
    const size = frameBytes(pending);
    if (this.#waitingBytes + size > FLOW.maxWaitingBytes) {
      throw new MeshworkError('limit-reached', 'Too much waits on this channel: await send().');
    }
    this.#waitingBytes += size;
    this.#waitingSends += 1;
    const turn = this.#queue.then(async () => {
      const frame = isReady(pending) ? pending : await pending.ready;
      await this.#usable;
      await this.#roomToSend();
      if (!this.isOpen) throw gone();
      this.#transmit(frame);
    });
    this.#queue = turn.catch(() => {});
    try {
      await turn;
    } finally {
      this.#waitingBytes -= size;
      this.#waitingSends -= 1;
    }
  }

  #transmit(frame: Frame): void {
    this.#requireOpen();
    if (isLargerThan(frame, FLOW.maxMessageBytes)) {
      throw new MeshworkError('message-too-large');
    }
    // Two overloads: TypeScript will not choose between them for a union.
    if (typeof frame === 'string') this.rtc.send(frame);
    else this.rtc.send(frame);
  }

  /** Waits until the buffer drains below the low-water mark, or the channel closes. */
  #roomToSend(): Promise<void> {
    if (this.rtc.bufferedAmount <= FLOW.highWaterBytes) return Promise.resolve();
    const { signal } = this.#life;
    return new Promise((resolve, reject) => {
      const finish = () => {
        this.rtc.removeEventListener('bufferedamountlow', onLow);
        signal.removeEventListener('abort', onAbort);
      };
      const onLow = () => {
        finish();
        resolve();
      };
      const onAbort = () => {
        finish();
        reject(signal.reason);
      };
      if (signal.aborted) return onAbort();
      this.rtc.addEventListener('bufferedamountlow', onLow);
      signal.addEventListener('abort', onAbort);
    });
  }

  #requireOpen(): void {
    if (this.isOpen) return;
    throw new MeshworkError('channel-not-open', `The channel "${this.rtc.label}" is not open.`);
  }

  #reportOpen(): void {
    if (this.#isOpenReported || this.#life.signal.aborted) return;
    this.#isOpenReported = true;
    this.#port.open();
    this.#becomeUsable();
  }

  #onAccepted(): void {
    this.#wasOpen = true;
    const stop = this.#port.after(ACCEPTED_SETTLES_MS, () => this.#reportOpen());
    this.#life.signal.addEventListener('abort', stop);
  }

  #onMessage(data: string | ArrayBuffer): void {
    // The remote's first message may be quicker, and its sender must be open to an answer.
    this.#reportOpen();
    const parsed = fromFrame(data);
    if (parsed) this.#port.message(parsed.value);
    else this.#port.error(new MeshworkError('bad-frame'));
  }

  #onError(event: Event): void {
    const cause = (event as RTCErrorEvent).error;
    // Closing a connection makes Chromium report its channels as aborted; that is no failure.
    if (cause?.errorDetail === 'sctp-failure' && /abort/i.test(cause.message)) return;
    this.#port.error(new MeshworkError('channel-failed', cause?.message, { cause }));
  }

  #onClose(): void {
    // What was open for a moment is told to have been, before it is told to be closed.
    if (this.#wasOpen) this.#reportOpen();
    this.#life.abort(gone());
    this.#port.closed();
  }
}

function gone(): MeshworkError {
  return new MeshworkError('peer-gone');
}
