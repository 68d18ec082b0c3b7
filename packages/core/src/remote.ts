/**
 * Remote: the workings of one remote: its state, its connection, its channels, and the events that
 * follow. The handshake drives it through an Introduction; a RemotePeer is its face.
 * Used by: room-session.ts.
 */

import { Channels } from './channels/channels.ts';
import type { Frame, PendingFrame } from './channels/values.ts';
import { Connection, type ConnectionOptions } from './connection/connection.ts';
import { type ConnectionState, canFollow } from './connection/state.ts';
import type { DebugLog } from './debug.ts';
import { Emitter } from './emitter.ts';
import { MeshworkError } from './errors.ts';
import {
  type ChannelPayload,
  type ConnectionPayload,
  groupOf,
  type RemoteFact,
  type RemotePeerEvents,
} from './events.ts';
import type { Platform } from './platform.ts';
import { RemotePeer, type RemoteWorkings } from './remote-peer.ts';
import type { Member } from './signaling/doorkeeper.ts';
import type { Introduction } from './signaling/handshake.ts';
import type { ChannelInit } from './wire/channel-options.ts';

export interface RemotePort {
  /** Candidates for the bus. */
  candidates(candidates: readonly string[]): void;
  /** The connection is open. */
  connected(): void;
  /** Peers that this remote knows. */
  members(ids: readonly string[]): void;
  /** It is over; every event has been dispatched. Called once. */
  ended(reason: EndReason): void;
  /** A fact for the app. */
  emit(fact: RemoteFact): void;
  error(error: MeshworkError): void;
}

/** Why a remote is gone: it left, we did, a newer stay replaces it, or it failed. */
export type EndReason = 'left' | 'replaced' | MeshworkError;

export interface RemoteOptions extends Omit<ConnectionOptions, 'log'> {
  readonly platform: Platform;
  readonly member: Member;
  /** How long until connected, in ms; 0 is for ever. */
  readonly timeoutMs: number;
  readonly maxChannels: number;
  readonly log: DebugLog | undefined;
}

export class Remote implements RemoteWorkings {
  readonly face: RemotePeer;
  readonly events: Emitter<RemotePeerEvents> = new Emitter();
  readonly #options: RemoteOptions;
  readonly #port: RemotePort;
  /** What to open as soon as there is a connection; a further attempt opens it again. */
  readonly #inits = new Map<string, ChannelInit>();
  #state: ConnectionState = 'new';
  #connection: Connection;
  #channels: Channels;
  #wasConnected = false;
  #stopTimeout: (() => void) | undefined;

  /** @param inits - the channels to open as soon as there is a connection */
  constructor(options: RemoteOptions, inits: Iterable<ChannelInit>, port: RemotePort) {
    this.#options = options;
    this.#port = port;
    for (const init of inits) this.#inits.set(init.label, init);
    const { id, metadata } = options.member;
    this.face = new RemotePeer(id, metadata, this);
    [this.#connection, this.#channels] = this.#connect();
  }

  get id(): string {
    return this.#options.member.id;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether there ever was a connection. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  get log(): DebugLog | undefined {
    return this.#options.log;
  }

  get rtc(): RTCPeerConnection {
    return this.#connection.rtc;
  }

  get channels(): ReadonlyMap<string, RTCDataChannel> {
    return new Map(
      Array.from(this.#channels.entries(), ([label, channel]) => [label, channel.rtc]),
    );
  }

  /** Tells the app that there is this remote, and starts the clock. */
  start(): void {
    const { platform, timeoutMs } = this.#options;
    if (timeoutMs > 0) {
      this.#stopTimeout = platform.after(timeoutMs, () => {
        this.end(new MeshworkError('connection-timeout'));
      });
    }
    this.#emit({ name: 'connection:new', state: 'new' });
  }

  /** One attempt at the connection; a further one replaces what the last one made. */
  introduce(): Introduction {
    if (this.#state === 'new') this.#setState('connecting');
    else this.#reconnect();
    for (const init of this.#inits.values()) this.#channels.open(init);
    const connection = this.#connection;
    return {
      offer: () => connection.offer(),
      answer: (sdp) => connection.answer(sdp),
      accept: (sdp) => connection.accept(sdp),
      addCandidates: (candidates) => connection.addCandidates(candidates),
      description: () => connection.description(),
      close: () => connection.close(),
    };
  }

  /** Tells the remote whom else we know, so that a lost announce is made good. */
  tellMembers(ids: readonly string[]): void {
    if (ids.length > 0) this.#connection.send({ type: 'members', ids });
  }

  /** Tells the remote that we leave on purpose. */
  sayBye(): void {
    this.#connection.send({ type: 'bye' });
  }

  /** Ends it, with the events that belong to it. Safe to call twice. */
  end(reason: EndReason): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    this.#stopTimeout?.();
    this.#connection.close();
    this.#channels.closeAll();
    const isFailure = reason instanceof MeshworkError && reason.code !== 'peer-gone';
    if (isFailure) this.#setState('failed');
    this.#setState('closed');
    if (isFailure) this.#port.error(reason);
    this.#port.ended(reason);
    this.events.clear();
  }

  // --- what the app asks for

  open(init: ChannelInit): void {
    if (this.#state === 'closed' || this.#state === 'failed') throw new MeshworkError('peer-gone');
    this.#channels.open(init);
    if (!this.#connection.isOpen) this.#inits.set(init.label, init);
  }

  close(label: string): void {
    this.#inits.delete(label);
    this.#channels.close(label);
  }

  async send(frame: Frame | PendingFrame, label: string | undefined): Promise<void> {
    if (label !== undefined) {
      const channel = this.#channels.get(label);
      if (!channel) {
        throw new MeshworkError(
          'channel-not-open',
          `No channel "${label}" is open with ${this.id}.`,
        );
      }
      return channel.send(frame);
    }
    const open = Array.from(this.#channels.entries(), ([, channel]) => channel).filter(
      (channel) => channel.isOpen,
    );
    await Promise.all(open.map((channel) => channel.send(frame)));
  }

  /** Whether a value could be sent on this label now. */
  hasOpen(label: string): boolean {
    return this.#channels.get(label) !== undefined;
  }

  // --- the connection

  #reconnect(): void {
    this.#connection.close();
    this.#channels.closeAll();
    [this.#connection, this.#channels] = this.#connect();
  }

  #connect(): [Connection, Channels] {
    const { isPolite, maxChannels, platform } = this.#options;
    const connection = new Connection(this.#options, {
      candidates: (candidates) => this.#port.candidates(candidates),
      open: () => {
        this.#markConnected();
        channels.connected();
        this.#inits.clear();
        this.#port.connected();
      },
      doubtful: (isDoubtful) => this.#setState(isDoubtful ? 'disconnected' : 'connected'),
      ended: (reason) => this.end(reason),
      control: (message) => {
        if (message.type === 'members') this.#port.members(message.ids);
        else channels.onRequest({ label: message.label, ...message.options }, message.seen);
      },
      dataChannel: (channel) => {
        // In some stacks an in-band channel is reported before the negotiated one opens.
        this.#markConnected();
        channels.accept(channel);
      },
      error: (error) => this.#port.error(error),
    });
    const channels: Channels = new Channels(isPolite, maxChannels, {
      after: (delayMs, run) => platform.after(delayMs, run),
      create: ({ label, ...init }) => connection.rtc.createDataChannel(label, init),
      request: ({ label, ...options }, seen) =>
        connection.send({ type: 'open', label, seen, options }),
      emit: (fact) => {
        if (fact.name === 'channel:open') this.#markConnected();
        else if (fact.name === 'channel:message') connection.heard();
        this.#emit(fact);
      },
      error: (error) => this.#port.error(error),
    });
    return [connection, channels];
  }

  #markConnected(): void {
    if (this.#state !== 'connecting') return;
    this.#stopTimeout?.();
    this.#wasConnected = true;
    this.#setState('connected');
  }

  #setState(state: ConnectionState): void {
    if (!canFollow(this.#state, state)) return;
    this.#state = state;
    this.#options.log?.('connection', state);
    this.#emit({ name: `connection:${state}`, state });
  }

  /** First to those who listen to this remote, then to the room. */
  #emit(fact: RemoteFact): void {
    const payload = payloadFor(this.id, fact);
    const emit = this.events.emit.bind(this.events) as (name: string, payload: unknown) => void;
    emit(groupOf(fact.name), payload);
    emit(fact.name, payload);
    this.#port.emit(fact);
  }
}

/** The documented payload of a fact: every field of its group, undefined where it has no say. */
export function payloadFor(
  id: string,
  fact: RemoteFact,
): { readonly id: string } & (ConnectionPayload | ChannelPayload) {
  return 'label' in fact
    ? ({ id, data: undefined, error: undefined, ...fact } as ChannelPayload)
    : { id, ...fact };
}
