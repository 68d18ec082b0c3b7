/**
 * Channels: the labels that are open with one remote.
 * The impolite end creates every channel, in band (RFC 8832); the polite end asks it to over the
 * control channel. So both may open one label at the same moment and still share one channel.
 * Owns: labels and their channels. Not: what is sent on them (channel.ts).
 * Used by: remote.ts. Rules: PROTOCOL.md, CH4 to CH7.
 */

import { Recent } from '../async/recent.ts';
import { MeshworkError } from '../errors.ts';
import { type ChannelInit, isSameInit } from '../wire/channel-options.ts';
import { Channel } from './channel.ts';

/** As many closed labels as we remember the count of. */
const COUNTED_LABELS = 1_024;

export type ChannelEvent =
  | { readonly name: 'channel:new'; readonly channel: RTCDataChannel; readonly label: string }
  | { readonly name: 'channel:open'; readonly channel: RTCDataChannel; readonly label: string }
  | { readonly name: 'channel:close'; readonly channel: RTCDataChannel; readonly label: string }
  | {
      readonly name: 'channel:message';
      readonly channel: RTCDataChannel;
      readonly label: string;
      readonly data: unknown;
    }
  | {
      readonly name: 'channel:error';
      readonly channel: RTCDataChannel;
      readonly label: string;
      readonly error: MeshworkError;
    };

export interface ChannelsPort {
  /** Calls `run` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, run: () => void): () => void;
  create(init: ChannelInit): RTCDataChannel;
  /** Asks the impolite end to open a label, of which we have seen so many channels. */
  request(init: ChannelInit, seen: number): void;
  emit(event: ChannelEvent): void;
  error(error: MeshworkError): void;
}

export class Channels {
  readonly #isPolite: boolean;
  readonly #maxChannels: number;
  readonly #port: ChannelsPort;
  readonly #channels = new Map<string, Channel>();
  /** Labels we asked the impolite end for, or will as soon as we can. */
  readonly #wanted = new Map<string, ChannelInit>();
  /** How many channels each label has had, so that both ends know which one a request is about. */
  readonly #counts = new Recent<number>(COUNTED_LABELS);
  /** Labels closed here while a request for them was under way: what it brings is closed again. */
  readonly #recalled = new Set<string>();
  #canRequest = false;

  /** @param maxChannels - labels at most; a remote's channel beyond is closed again */
  constructor(isPolite: boolean, maxChannels: number, port: ChannelsPort) {
    this.#isPolite = isPolite;
    this.#maxChannels = maxChannels;
    this.#port = port;
  }

  /** The open channel under this label. */
  get(label: string): Channel | undefined {
    const channel = this.#channels.get(label);
    return channel?.isOpen ? channel : undefined;
  }

  /** Every channel by label, open or about to be. */
  *entries(): IterableIterator<[label: string, channel: Channel]> {
    yield* this.#channels;
  }

  /**
   * Opens a label, unless it is open already.
   *
   * @throws MeshworkError `channel-exists` when it is open with other options; `limit-reached`
   */
  open(init: ChannelInit): void {
    const { label } = init;
    const channel = this.#channels.get(label);
    const existing = channel?.init ?? this.#wanted.get(label);
    if (existing) {
      if (isSameInit(existing, init)) return;
      throw new MeshworkError(
        'channel-exists',
        `The channel "${label}" is open with other options.`,
      );
    }
    if (this.#channels.size + this.#wanted.size >= this.#maxChannels) {
      throw new MeshworkError('limit-reached', `limits.channels is ${this.#maxChannels}.`);
    }
    if (this.#isPolite) {
      this.#recalled.delete(label);
      this.#wanted.set(label, init);
      if (this.#canRequest) this.#request(init);
    } else {
      this.#add(this.#port.create(init), init, true);
    }
  }

  /** Closes a label at both ends. Does nothing when it is not open. */
  close(label: string): void {
    if (this.#wanted.delete(label) && this.#canRequest) this.#recalled.add(label);
    const channel = this.#channels.get(label);
    if (!channel) return;
    channel.close();
    this.#remove(label, channel);
  }

  /** A channel that the remote created. */
  accept(rtc: RTCDataChannel): void {
    const { label } = rtc;
    if (this.#recalled.delete(label)) {
      this.#count(label);
      return rtc.close();
    }
    const existing = this.#channels.get(label);
    if (!existing && this.#channels.size >= this.#maxChannels) {
      rtc.close();
      this.#port.error(
        new MeshworkError(
          'limit-reached',
          `A remote opened more than ${this.#maxChannels} channels.`,
        ),
      );
      return;
    }
    if (existing) {
      // The remote closed its end and opened the label anew; the news of the first is on its way.
      existing.close();
      this.#remove(label, existing);
    }
    // Some stacks do not tell the receiver how a channel was opened; what we asked for, we know.
    const init = this.#wanted.get(label) ?? initOf(rtc);
    this.#wanted.delete(label);
    this.#add(rtc, init, false);
  }

  /** [CH5] The polite end asks for a label. */
  onRequest(init: ChannelInit, seen: number): void {
    if (this.#isPolite) return;
    const { label } = init;
    const existing = this.#channels.get(label);
    if (existing) {
      // It has not seen our latest channel yet: that one answers the request.
      if (seen < (this.#counts.get(label) ?? 0)) return;
      existing.close();
      this.#remove(label, existing);
    }
    try {
      this.open(init);
    } catch (error) {
      if (error instanceof MeshworkError) this.#port.error(error);
      else this.#port.error(new MeshworkError('channel-failed', undefined, { cause: error }));
    }
  }

  /** The control channel is open: what was wanted so far can be asked for. */
  connected(): void {
    this.#canRequest = true;
    for (const init of this.#wanted.values()) this.#request(init);
  }

  /** Closes all, each with its event. */
  closeAll(): void {
    this.#wanted.clear();
    this.#recalled.clear();
    for (const [label, channel] of [...this.#channels]) {
      channel.close();
      this.#remove(label, channel);
    }
  }

  #request(init: ChannelInit): void {
    this.#port.request(init, this.#counts.get(init.label) ?? 0);
  }

  #add(rtc: RTCDataChannel, init: ChannelInit, isOurs: boolean): void {
    const { label } = rtc;
    const about = { channel: rtc, label };
    this.#count(label);
    const channel: Channel = new Channel(rtc, init, isOurs, {
      after: (delayMs, run) => this.#port.after(delayMs, run),
      open: () => this.#port.emit({ name: 'channel:open', ...about }),
      message: (data) => this.#port.emit({ name: 'channel:message', ...about, data }),
      error: (error) => this.#port.emit({ name: 'channel:error', ...about, error }),
      closed: () => this.#remove(label, channel),
    });
    this.#channels.set(label, channel);
    this.#port.emit({ name: 'channel:new', ...about });
  }

  #count(label: string): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  #remove(label: string, channel: Channel): void {
    // A newer channel may have taken the label.
    if (this.#channels.get(label) !== channel) return;
    this.#channels.delete(label);
    this.#port.emit({ name: 'channel:close', channel: channel.rtc, label });
  }
}

function initOf(rtc: RTCDataChannel): ChannelInit {
  const { label, protocol, ordered, maxPacketLifeTime, maxRetransmits } = rtc;
  return {
    label,
    protocol,
    ordered,
    ...(maxPacketLifeTime === null ? {} : { maxPacketLifeTime }),
    ...(maxRetransmits === null ? {} : { maxRetransmits }),
  };
}
