/**
 * RemotePeer: what an app sees of one remote. A thin face; the work is done in remote.ts.
 * Made by: remote.ts, one per remote and stay in a room.
 */

import { isQuiet, promiseFor, settled } from './async/settled.ts';
import { type Frame, type PendingFrame, type SendableValue, toFrame } from './channels/values.ts';
import type { ConnectionState } from './connection/state.ts';
import type { DebugLog } from './debug.ts';
import type { Emitter, Handler } from './emitter.ts';
import type { RemotePeerEvents } from './events.ts';
import {
  type ChannelInit,
  type OpenOptions,
  toChannelInit,
  toLabel,
} from './wire/channel-options.ts';

/** What a RemotePeer is a face of. */
export interface RemoteWorkings {
  readonly events: Emitter<RemotePeerEvents>;
  readonly state: ConnectionState;
  readonly rtc: RTCPeerConnection;
  readonly log: DebugLog | undefined;
  readonly channels: ReadonlyMap<string, RTCDataChannel>;
  open(init: ChannelInit): void;
  close(label: string): void;
  send(frame: Frame | PendingFrame, label: string | undefined): Promise<void>;
}

/** Options of `send`. */
export interface SendOptions {
  /** The channel to send on. Default: every open channel. */
  readonly label?: string;
}

/**
 * One remote member of the room.
 * What you open here is opened with this remote only, and only until its connection closes.
 *
 * @typeParam Metadata - what the app's peers say of themselves in `join`; it comes from strangers,
 * so check it before you rely on it
 */
export class RemotePeer<Metadata = unknown> {
  /** The remote's peer id. */
  readonly id: string;
  /** What the remote passed to its `join`; undefined when nothing. */
  readonly metadata: Metadata;
  readonly #workings: RemoteWorkings;

  /** @internal */
  constructor(id: string, metadata: Metadata, workings: RemoteWorkings) {
    this.id = id;
    this.metadata = metadata;
    this.#workings = workings;
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#workings.state;
  }

  /** The connection itself, for statistics and what Meshwork does not cover. */
  get connection(): RTCPeerConnection {
    return this.#workings.rtc;
  }

  /** The data channels with this remote, by label. */
  get channels(): ReadonlyMap<string, RTCDataChannel> {
    return this.#workings.channels;
  }

  /**
   * Opens a channel with this remote; it opens at both ends.
   *
   * @throws TypeError for options out of range
   * @throws MeshworkError `channel-exists` when the label is open with other options, `peer-gone`,
   * `limit-reached`
   */
  open(options?: string | OpenOptions): Promise<void> {
    return promiseFor(() => this.#workings.open(toChannelInit(options)));
  }

  /** Closes a channel at both ends; does nothing when the label is not open. */
  close(options?: string | { readonly label?: string }): Promise<void> {
    return promiseFor(() => this.#workings.close(toLabel(options)));
  }

  /**
   * Sends a value. Resolves when more would be accepted; that is not yet delivery.
   * The promise may be ignored: a failure then shows in the debug log only.
   *
   * @param data - a string, Blob, ArrayBuffer, typed array, DataView or JSON value; up to 261,120 bytes
   * @throws TypeError when the value cannot be sent
   * @throws MeshworkError `channel-not-open`, `message-too-large`, `limit-reached`, `peer-gone`
   *
   * @example
   * await remote.send({ x: 1, y: 2 }, { label: 'cursor' });
   */
  send(data: SendableValue, options?: string | SendOptions): Promise<void> {
    return settled(this.#send(data, options), (error) => isQuiet(error, this.#workings.log));
  }

  async #send(data: SendableValue, options?: string | SendOptions): Promise<void> {
    await this.#workings.send(toFrame(data), sendLabel(options));
  }

  /** Hears an event, or several; see {@link RemotePeerEvents}. */
  on<Name extends keyof RemotePeerEvents>(
    names: Name | readonly Name[],
    handler: Handler<RemotePeerEvents, Name>,
  ): this {
    this.#workings.events.on(names, handler);
    return this;
  }

  /** Hears the next one only. */
  once<Name extends keyof RemotePeerEvents>(
    names: Name | readonly Name[],
    handler: Handler<RemotePeerEvents, Name>,
  ): this {
    this.#workings.events.once(names, handler);
    return this;
  }

  /** Removes a handler, or all handlers of those names. */
  off<Name extends keyof RemotePeerEvents>(
    names: Name | readonly Name[],
    handler?: Handler<RemotePeerEvents, Name>,
  ): this {
    this.#workings.events.off(names, handler);
    return this;
  }
}

/** The label that `send` was given, in either spelling. @throws TypeError */
export function sendLabel(options: string | SendOptions | undefined): string | undefined {
  const label = typeof options === 'string' ? options : options?.label;
  return label === undefined ? undefined : toLabel(label);
}
