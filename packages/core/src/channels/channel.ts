/**
 * Channel: one open data channel under one label: sends in order, with backpressure, and turns
 * what arrives into values.
 * Used by: channels.ts.
 */

import { MeshworkError } from '../errors.ts';
import type { ChannelInit } from './channel-options.ts';
import { type Frame, frameBytes, fromFrame, isLargerThan, toFrame } from './values.ts';

export const FLOW = {
  /** Above this many buffered bytes a send waits. */
  highWaterBytes: 1_048_576,
  /** Down to this many, it goes on. */
  lowWaterBytes: 262_144,
  /** Waiting sends may hold this many bytes in all; beyond, a send rejects. */
  maxWaitingBytes: 67_108_864,
  /** The largest message; every stack we know takes it (RFC 8841 default in browsers). */
  maxMessageBytes: 262_144,
} as const;

export interface ChannelPort {
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
  #isOpenReported = false;
  /** Sends that wait, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #waitingSends = 0;
  #waitingBytes = 0;

  constructor(rtc: RTCDataChannel, init: ChannelInit, port: ChannelPort) {
    this.rtc = rtc;
    this.init = init;
    this.#port = port;
    rtc.binaryType = 'arraybuffer';
    rtc.bufferedAmountLowThreshold = FLOW.lowWaterBytes;
    const { signal } = this.#life;
    rtc.addEventListener('open', () => this.reportOpen(), { signal });
    rtc.addEventListener('close', () => this.#onClose(), { signal });
    rtc.addEventListener('error', (event) => this.#onError(event), { signal });
    rtc.addEventListener('message', ({ data }) => this.#onMessage(data), { signal });
  }

  get isOpen(): boolean {
    return this.rtc.readyState === 'open' && !this.#life.signal.aborted;
  }

  /** Reports `open` once, if it is. A channel that a remote made may be open from the start. */
  reportOpen(): void {
    if (this.#isOpenReported || !this.isOpen) return;
    this.#isOpenReported = true;
    this.#port.open();
  }

  /**
   * Sends one value. Resolves when more would be accepted.
   *
   * @throws TypeError when the value cannot be sent
   * @throws MeshworkError `channel-not-open`, `message-too-large`, `limit-reached`, `peer-gone`
   */
  async send(value: unknown): Promise<void> {
    this.#requireOpen();
    const frame = toFrame(value);
    const isClear = this.#waitingSends === 0 && this.rtc.bufferedAmount <= FLOW.highWaterBytes;
    if (isClear && !(frame instanceof Promise)) {
      this.#transmit(frame);
      return;
    }
    await this.#sendInTurn(frame);
  }

  /** Closes without a further event. */
  close(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort(new MeshworkError('peer-gone', 'The channel closed before this was sent.'));
    this.rtc.close();
  }

  async #sendInTurn(pending: Frame | Promise<Frame>): Promise<void> {
    // Reading a Blob starts at once; only the sending takes turns.
    const size = pending instanceof Promise ? 0 : frameBytes(pending);
    if (this.#waitingBytes + size > FLOW.maxWaitingBytes) {
      throw new MeshworkError(
        'limit-reached',
        `${this.#waitingBytes} bytes wait to be sent on this channel. Await send() before sending more.`,
      );
    }
    this.#waitingBytes += size;
    this.#waitingSends += 1;
    const turn = this.#queue.then(async () => {
      const frame = await pending;
      await this.#roomToSend();
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
      throw new MeshworkError(
        'message-too-large',
        `The message is larger than ${FLOW.maxMessageBytes} bytes. Send it in pieces.`,
      );
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

  #onMessage(data: string | ArrayBuffer): void {
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
    this.#life.abort(new MeshworkError('peer-gone', 'The channel closed before this was sent.'));
    this.#port.closed();
  }
}
