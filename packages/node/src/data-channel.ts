/**
 * DataChannel: the standard's RTCDataChannel over a native channel.
 * Exists before its native channel does, and survives when a rollback replaces that: until SCTP is
 * up there is nothing native that the application could notice.
 * Used by: peer-connection.ts, which binds it and tells it when the connection is gone.
 */

import type { DataChannel as NativeChannel } from 'node-datachannel';
import type { ChannelOptions } from './channel-options.ts';
import { defineHandlers, type EventHandler, eventWith } from './events.ts';

/** What a channel asks of its connection. */
export interface ChannelHost {
  /** The largest message that the remote takes, in bytes. */
  maxMessageBytes(): number;
  /** The channel is closed for good. */
  forget(channel: DataChannel): void;
}

/** A view or buffer as `send` takes it. */
export type ChannelData = string | ArrayBuffer | ArrayBufferView;

export class DataChannel extends EventTarget {
  readonly #host: ChannelHost;
  readonly #options: ChannelOptions;
  #native: NativeChannel | undefined;
  #id: number | null;
  #readyState: RTCDataChannelState = 'connecting';
  #lowThresholdBytes = 0;
  /** Messages that came before the application could have heard `open`. */
  #early: (string | Uint8Array)[] | undefined;

  declare onbufferedamountlow: EventHandler<DataChannel>;
  declare onclose: EventHandler<DataChannel>;
  declare onclosing: EventHandler<DataChannel>;
  declare onerror: EventHandler<DataChannel>;
  declare onmessage: EventHandler<DataChannel, MessageEvent>;
  declare onopen: EventHandler<DataChannel>;

  static {
    defineHandlers(DataChannel.prototype, [
      'bufferedamountlow',
      'close',
      'closing',
      'error',
      'message',
      'open',
    ]);
  }

  constructor(options: ChannelOptions, host: ChannelHost) {
    super();
    this.#options = options;
    this.#host = host;
    this.#id = options.id ?? null;
  }

  get label(): string {
    return this.#options.label;
  }
  get protocol(): string {
    return this.#options.protocol;
  }
  get ordered(): boolean {
    return this.#options.ordered;
  }
  get maxPacketLifeTime(): number | null {
    return this.#options.maxPacketLifeTime ?? null;
  }
  get maxRetransmits(): number | null {
    return this.#options.maxRetransmits ?? null;
  }
  get negotiated(): boolean {
    return this.#options.negotiated;
  }
  /** Null until it is known, which for a channel announced in-band is when it opens. */
  get id(): number | null {
    return this.#id;
  }
  get readyState(): RTCDataChannelState {
    return this.#readyState;
  }
  get bufferedAmount(): number {
    return this.#native?.bufferedAmount() ?? 0;
  }

  get bufferedAmountLowThreshold(): number {
    return this.#lowThresholdBytes;
  }
  set bufferedAmountLowThreshold(bytes: number) {
    this.#lowThresholdBytes = Number(bytes) >>> 0;
    if (this.#isUsable()) this.#native?.setBufferedAmountLowThreshold(this.#lowThresholdBytes);
  }

  get binaryType(): BinaryType {
    return 'arraybuffer';
  }
  set binaryType(type: BinaryType) {
    if (type !== 'arraybuffer') {
      throw new DOMException('Only arraybuffer is supported in Node.', 'NotSupportedError');
    }
  }

  /** What the connection needs to make this channel's native one. */
  get options(): ChannelOptions {
    return this.#options;
  }

  /**
   * Sends one message.
   *
   * @throws DOMException `InvalidStateError` when the channel is not open, `OperationError` when
   *   the native side fails
   * @throws TypeError for a message that is too large, or none of the accepted kinds
   */
  send(data: ChannelData): void {
    const message = asMessage(data);
    const native = this.#native;
    if (this.#readyState !== 'open' || !native) {
      throw new DOMException(`The channel is ${this.#readyState}, not open.`, 'InvalidStateError');
    }
    const bytes = typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength;
    const maxBytes = this.#host.maxMessageBytes();
    // The native side would only throw, but a browser's reason is the better one.
    if (bytes > maxBytes) {
      throw new TypeError(`The message has ${bytes} bytes; the remote takes up to ${maxBytes}.`);
    }
    // The remote may have closed it a moment ago, and the event be on its way.
    if (!native.isOpen()) return;
    try {
      if (typeof message === 'string') native.sendMessage(message);
      else native.sendMessageBinary(message);
    } catch (error) {
      throw new DOMException(`The message was not sent: ${String(error)}`, 'OperationError');
    }
  }

  close(): void {
    if (this.#readyState === 'closing' || this.#readyState === 'closed') return;
    this.#readyState = 'closing';
    // What is buffered still goes out; the native side then reports that it closed.
    if (this.#native) this.#native.close();
    else setImmediate(() => this.#end());
  }

  /** Takes a native channel, the first or one that replaces it after a rollback. */
  bind(native: NativeChannel): void {
    if (this.#readyState !== 'connecting') {
      native.onClosed(() => {});
      native.close();
      return;
    }
    this.unbind();
    this.#native = native;
    const whenMine = (run: () => void) => () => {
      if (this.#native === native) run();
    };
    native.setBufferedAmountLowThreshold(this.#lowThresholdBytes);
    // Registered in the order in which they should run when several are due at once.
    native.onOpen(whenMine(() => this.#open()));
    native.onMessage((data) => {
      if (this.#native === native) this.#receive(data as string | Uint8Array);
    });
    native.onBufferedAmountLow(
      whenMine(() => {
        if (this.#readyState === 'open') this.dispatchEvent(new Event('bufferedamountlow'));
      }),
    );
    native.onError((reason) => {
      if (this.#native === native) this.#fail(reason);
    });
    native.onClosed(whenMine(() => this.#end()));
  }

  /** Lets go of the native channel, whose transport is being replaced. */
  unbind(): void {
    const native = this.#native;
    this.#native = undefined;
    native?.close();
  }

  /**
   * For a channel that the remote opened: `announce` shows it to the application, which gets to
   * hear `open` and the messages in a later task.
   */
  accept(native: NativeChannel, announce: () => void): void {
    this.#early = [];
    this.bind(native);
    this.#id = native.getId();
    this.#readyState = 'open';
    announce();
    setImmediate(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      if (this.#isUsable()) this.dispatchEvent(new Event('open'));
      for (const data of early) this.#receive(data);
    });
  }

  /** The connection was closed here: closed at once and in silence, as the standard says. */
  abandon(): void {
    this.#readyState = 'closed';
    this.unbind();
  }

  /** The connection is lost. */
  lose(): void {
    if (this.#native) this.#native.close();
    else this.#end();
  }

  #isUsable(): boolean {
    return this.#readyState === 'connecting' || this.#readyState === 'open';
  }

  #open(): void {
    if (this.#readyState !== 'connecting' || !this.#native) return;
    this.#readyState = 'open';
    this.#id = this.#native.getId();
    this.dispatchEvent(new Event('open'));
  }

  #receive(data: string | Uint8Array): void {
    // A message proves that the channel is open, whichever callback runs first.
    this.#open();
    if (this.#early) this.#early.push(data);
    else if (this.#readyState === 'open' || this.#readyState === 'closing') {
      this.dispatchEvent(
        new MessageEvent('message', { data: typeof data === 'string' ? data : bufferOf(data) }),
      );
    }
  }

  #fail(reason: string): void {
    const error = new DOMException(reason, 'OperationError');
    this.dispatchEvent(eventWith('error', { error }));
  }

  #end(): void {
    if (this.#early) {
      // Closed before the application knew of it: what came still comes first.
      setImmediate(() => this.#end());
      return;
    }
    if (this.#readyState === 'closed') return;
    const wasClosedByRemote = this.#readyState === 'open';
    this.#native = undefined;
    if (wasClosedByRemote) {
      this.#readyState = 'closing';
      this.dispatchEvent(new Event('closing'));
    }
    this.#readyState = 'closed';
    this.#host.forget(this);
    this.dispatchEvent(new Event('close'));
  }
}

function asMessage(data: unknown): string | Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data))
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof Blob) {
    throw new TypeError('Blobs cannot be sent in Node: send await blob.arrayBuffer().');
  }
  return String(data);
}

/** Exactly these bytes: a Buffer may be a window on a larger one. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
  return (isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer;
}
