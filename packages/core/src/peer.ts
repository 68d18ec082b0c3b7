/**
 * Peer: the local member of a room, and the entry to everything. It remembers what the app wants
 * (channels, add-ons, handlers) across stays, starts and ends a stay, and forwards its events.
 * Dull on purpose: the work is in room-session.ts and below.
 */

import type { Addon } from './addon.ts';
import { isQuiet, promiseFor, settled } from './async/settled.ts';
import { type SendableValue, toFrame } from './channels/values.ts';
import { type DebugLog, debugLog } from './debug.ts';
import { Emitter, type Handler } from './emitter.ts';
import { asMeshworkError, MeshworkError } from './errors.ts';
import { groupOf, type PeerEvents, type RemoteFact } from './events.ts';
import { PEER_ID_BYTES, peerIdFromBytes } from './identity/peer-id.ts';
import {
  type JoinOptions,
  type PeerOptions,
  type Settings,
  toJoinSettings,
  toSettings,
} from './options.ts';
import { type Platform, systemPlatform } from './platform.ts';
import { payloadFor, type Remote } from './remote.ts';
import { type RemotePeer, sendLabel } from './remote-peer.ts';
import { RoomSession } from './room-session.ts';
import {
  type ChannelInit,
  isSameInit,
  type OpenOptions,
  toChannelInit,
  toLabel,
} from './wire/channel-options.ts';

/** Options of `peer.send`. */
export interface PeerSendOptions {
  /** The channel to send on. Default: every open channel. */
  readonly label?: string;
  /** The ids of the remotes to send to. Default: everyone connected. */
  readonly to?: string | readonly string[];
}

/** Where this peer is: nowhere, on its way in, in a room, or on its way out. */
type Stay =
  | { readonly phase: 'out' }
  | {
      readonly phase: 'joining' | 'joined';
      readonly session: RoomSession;
      readonly room: string;
      readonly metadata: unknown;
      readonly life: AbortController;
      readonly joined: Promise<void>;
    }
  | { readonly phase: 'leaving'; readonly left: Promise<void> };

/**
 * A member of a room. Make one, listen to its events, open channels, join.
 *
 * @typeParam Metadata - what the peers of your app say of themselves in `join`
 *
 * @example
 * const peer = new Peer({ driver: new BroadcastChannelDriver() });
 * peer.on('channel:message', ({ remote, data }) => console.log(remote.id, data));
 * peer.on('channel:open', ({ remote }) => remote.send('hello'));
 * await peer.open('chat');
 * await peer.join('lobby');
 */
export class Peer<Metadata = unknown> {
  readonly #settings: Settings;
  readonly #platform: Platform;
  readonly #events = new Emitter<PeerEvents<RemotePeer<Metadata>>>();
  readonly #channels = new Map<string, ChannelInit>();
  readonly #connections = new Map<string, RemotePeer<Metadata>>();
  readonly #addons = new Set<Addon<this>>();
  readonly #log: DebugLog | undefined;
  #id = '';
  #lastSinceMs = 0;
  #stay: Stay = { phase: 'out' };

  /**
   * @throws TypeError that names the option which is wrong
   * @throws MeshworkError `webrtc-unavailable` when there is no RTCPeerConnection
   */
  constructor(options?: PeerOptions) {
    this.#settings = toSettings(options);
    this.#platform = systemPlatform(this.#settings.webrtc);
    this.#log = debugLog('meshwork:peer');
  }

  /** Our id in rooms; empty before the first join, then the same for the life of this Peer. */
  get id(): string {
    return this.#id;
  }

  /** The room we are in; empty outside. */
  get room(): string {
    return 'room' in this.#stay ? this.#stay.room : '';
  }

  /** What we passed to `join`; undefined outside a room. */
  get metadata(): Metadata | undefined {
    return 'metadata' in this.#stay ? (this.#stay.metadata as Metadata) : undefined;
  }

  /** Whether we are in a room, announced. */
  get active(): boolean {
    return this.#stay.phase === 'joined';
  }

  /** The remotes of this room by id, from `connection:new` until `connection:closed`. */
  get connections(): ReadonlyMap<string, RemotePeer<Metadata>> {
    return this.#connections;
  }

  /** The channels that are open with everyone in the room, now and to come. */
  get channels(): ReadonlyMap<string, ChannelInit> {
    return this.#channels;
  }

  /** The add-ons that are attached. */
  get addons(): ReadonlySet<Addon<this>> {
    return this.#addons;
  }

  /**
   * Joins a room. Resolves once we are announced; remotes follow as `connection` events.
   * Joining the room we are in, or are joining, changes nothing.
   *
   * @throws TypeError for options out of range
   * @throws MeshworkError `already-joined` (another room), `metadata-too-large`,
   * `signaling-failed`, `signaling-timeout`, `aborted` when `leave` is called meanwhile
   * @throws the signal's reason when it aborts
   *
   * @example
   * await peer.join({ room: 'lobby', metadata: { name: 'Ada' } });
   */
  join(options?: string | JoinOptions<Metadata>): Promise<void> {
    // Leaving at once, without having awaited this, is no failure that anybody should hear of.
    return settled(
      this.#join(options),
      (error) => error instanceof MeshworkError && error.code === 'aborted',
    );
  }

  async #join(options?: string | JoinOptions<Metadata>): Promise<void> {
    const join = toJoinSettings(options);
    if (this.#stay.phase === 'leaving') await this.#stay.left;
    join.signal?.throwIfAborted();
    if ('room' in this.#stay) {
      if (this.#stay.room === join.room) return this.#stay.joined;
      throw new MeshworkError(
        'already-joined',
        `This peer is in "${this.#stay.room}". Call leave() first.`,
      );
    }
    this.#id ||= peerIdFromBytes(this.#platform.randomBytes(PEER_ID_BYTES));
    this.#lastSinceMs = Math.max(this.#lastSinceMs + 1, this.#platform.nowMs());
    const session = new RoomSession(
      {
        settings: this.#settings,
        join,
        platform: this.#platform,
        selfId: this.#id,
        sinceMs: this.#lastSinceMs,
      },
      {
        channels: () => this.#channels.values(),
        emit: (remote, fact) => this.#emitFact(remote, fact),
        signaling: (isUp) => this.#emitSignaling(isUp),
        error: (error) => this.#emitError(error),
      },
    );
    const life = new AbortController();
    const signal = join.signal ? AbortSignal.any([life.signal, join.signal]) : life.signal;
    const joined = this.#enter(session, signal);
    const { room, metadata } = join;
    this.#stay = { phase: 'joining', session, room, metadata, life, joined };
    await joined;
  }

  /**
   * Leaves the room: every connection closes at once, with its events; then the driver is told.
   * What is open room-wide stays wanted for the next join. Does nothing outside a room.
   * Never rejects: what the driver does wrong is an `error` event.
   */
  async leave(): Promise<void> {
    const stay = this.#stay;
    if (stay.phase === 'leaving') return stay.left;
    if (stay.phase === 'out') return;
    stay.life.abort(new MeshworkError('aborted', 'The room was left while it was being joined.'));
    const left = stay.session.leave().then(() => {
      this.#stay = { phase: 'out' };
    });
    this.#stay = { phase: 'leaving', left };
    await left;
  }

  /**
   * Opens a channel with everyone in the room, now and to come; before or after joining.
   *
   * @throws TypeError for options out of range
   * @throws MeshworkError `channel-exists` when the label is open with other options;
   * `limit-reached` beyond limits.channels
   *
   * @example
   * await peer.open({ label: 'cursor', ordered: false, maxRetransmits: 0 });
   */
  open(options?: string | OpenOptions): Promise<void> {
    return promiseFor(() => {
      const init = toChannelInit(options);
      const wanted = this.#channels.get(init.label);
      if (wanted && !isSameInit(wanted, init)) throw new MeshworkError('channel-exists');
      if (!wanted && this.#channels.size >= this.#settings.maxChannels) {
        throw new MeshworkError(
          'limit-reached',
          `limits.channels is ${this.#settings.maxChannels}.`,
        );
      }
      this.#channels.set(init.label, init);
      for (const remote of this.#remotes().values()) {
        try {
          remote.open(init);
        } catch (error) {
          // One remote that has the label otherwise must not keep it from the others.
          this.#emitError(asMeshworkError(error, 'channel-failed'));
        }
      }
    });
  }

  /** Closes a channel with everyone; does nothing when the label is not open. @throws TypeError */
  close(options?: string | { readonly label?: string }): Promise<void> {
    return promiseFor(() => {
      const label = toLabel(options);
      this.#channels.delete(label);
      for (const remote of this.#remotes().values()) remote.close(label);
    });
  }

  /**
   * Sends a value to everyone connected, on one channel or on all that are open. A remote whose
   * channel is not open yet is passed over. Resolves when all would accept more.
   * The promise may be ignored: a failure then shows in the debug log only.
   *
   * @param data - a string, Blob, ArrayBuffer, typed array, DataView or JSON value; up to 261,120 bytes
   * @throws TypeError when the value cannot be sent
   * @throws MeshworkError `channel-not-open` for a label that is open nowhere, `unknown-peer` for
   * an id in `to` that is not here, `not-joined` outside a room, `message-too-large`, `limit-reached`
   *
   * @example
   * await peer.send('hello', { label: 'chat', to: remote.id });
   */
  send(data: SendableValue, options?: string | PeerSendOptions): Promise<void> {
    return settled(this.#send(data, options), (error) => isQuiet(error, this.#log));
  }

  /**
   * Attaches an add-on; one that is attached already stays as it is.
   *
   * @throws TypeError when it has no attach and detach
   * @throws MeshworkError `addon-failed` when its attach throws; it is not attached then
   */
  async attach(addon: Addon<this>): Promise<void> {
    if (typeof addon?.attach !== 'function' || typeof addon.detach !== 'function') {
      throw new TypeError('An add-on must have the methods attach(peer) and detach(peer).');
    }
    if (this.#addons.has(addon)) return;
    this.#addons.add(addon);
    try {
      await addon.attach(this);
    } catch (error) {
      this.#addons.delete(addon);
      throw asMeshworkError(error, 'addon-failed');
    }
  }

  /** Detaches an add-on. @throws MeshworkError `addon-failed` when its detach throws; it is gone anyway */
  async detach(addon: Addon<this>): Promise<void> {
    if (!this.#addons.delete(addon)) return;
    try {
      await addon.detach(this);
    } catch (error) {
      throw asMeshworkError(error, 'addon-failed');
    }
  }

  /** Hears an event, or several; see {@link PeerEvents}. */
  on<Name extends keyof PeerEvents<RemotePeer<Metadata>>>(
    names: Name | readonly Name[],
    handler: Handler<PeerEvents<RemotePeer<Metadata>>, Name>,
  ): this {
    this.#events.on(names, handler);
    return this;
  }

  /** Hears the next one only. */
  once<Name extends keyof PeerEvents<RemotePeer<Metadata>>>(
    names: Name | readonly Name[],
    handler: Handler<PeerEvents<RemotePeer<Metadata>>, Name>,
  ): this {
    this.#events.once(names, handler);
    return this;
  }

  /** Removes a handler, or all handlers of those names. */
  off<Name extends keyof PeerEvents<RemotePeer<Metadata>>>(
    names: Name | readonly Name[],
    handler?: Handler<PeerEvents<RemotePeer<Metadata>>, Name>,
  ): this {
    this.#events.off(names, handler);
    return this;
  }

  // --- the stay

  async #enter(session: RoomSession, signal: AbortSignal): Promise<void> {
    // The stay is set before the first await of the session can come back to us.
    await Promise.resolve();
    try {
      await session.join(signal);
    } catch (error) {
      if (this.#isIn(session)) this.#stay = { phase: 'out' };
      throw error;
    }
    const stay = this.#stay;
    if (stay.phase === 'joining' && stay.session === session) {
      this.#stay = { ...stay, phase: 'joined' };
    }
  }

  #isIn(session: RoomSession): boolean {
    return 'session' in this.#stay && this.#stay.session === session;
  }

  #remotes(): ReadonlyMap<string, Remote> {
    return 'session' in this.#stay ? this.#stay.session.remotes : new Map();
  }

  async #send(data: SendableValue, options?: string | PeerSendOptions): Promise<void> {
    const label = sendLabel(options);
    // Made once for everybody, and before we look who is here: a bad value is refused in any case.
    const frame = toFrame(data);
    if (!('session' in this.#stay)) throw new MeshworkError('not-joined');
    const to = typeof options === 'object' ? options.to : undefined;
    const remotes = to === undefined ? [...this.#remotes().values()] : this.#chosen(to);
    const able = remotes.filter((remote) => label === undefined || remote.hasOpen(label));
    const isKnown = label === undefined || this.#channels.has(label);
    if (able.length === 0 && (!isKnown || to !== undefined)) {
      throw new MeshworkError('channel-not-open', `No channel "${label}" is open.`);
    }
    const results = await Promise.allSettled(able.map((remote) => remote.send(frame, label)));
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      // A remote that left meanwhile is no failure of sending to the room.
      if (!isGone(result.reason) || to !== undefined) throw result.reason;
    }
  }

  #chosen(to: string | readonly string[]): Remote[] {
    const ids = typeof to === 'string' ? [to] : to;
    if (!Array.isArray(ids)) throw new TypeError('to must be a peer id or an array of peer ids.');
    return ids.map((id) => {
      const remote = this.#remotes().get(id);
      if (!remote) throw new MeshworkError('unknown-peer', `No remote "${id}" is connected.`);
      return remote;
    });
  }

  // --- events

  #emitFact(remote: Remote, fact: RemoteFact): void {
    const face = remote.face as RemotePeer<Metadata>;
    // Before the event, so that its handler sees who is here after it.
    if (fact.name === 'connection:new') this.#connections.set(remote.id, face);
    else if (fact.name === 'connection:closed') this.#connections.delete(remote.id);
    const payload = { ...payloadFor(this.#id, fact), remote: face };
    const emit = this.#events.emit.bind(this.#events) as (name: string, payload: unknown) => void;
    emit(groupOf(fact.name), payload);
    emit(fact.name, payload);
  }

  #emitSignaling(isUp: boolean): void {
    if (isUp) this.#events.emit('signaling:up', { id: this.#id, name: 'signaling:up' });
    else this.#events.emit('signaling:down', { id: this.#id, name: 'signaling:down' });
  }

  #emitError(error: MeshworkError): void {
    this.#log?.('error', error.code, error);
    this.#events.emit('error', { id: this.#id, name: 'error', error });
  }
}

/** Whether a channel that was open is so no more. */
function isGone(error: unknown): boolean {
  if (!(error instanceof MeshworkError)) return false;
  return error.code === 'peer-gone' || error.code === 'channel-not-open';
}
