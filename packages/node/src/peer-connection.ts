/**
 * PeerConnection: the standard's RTCPeerConnection, for data channels.
 * Owns: its channels, the order of operations, and events. What the descriptions say and which
 * native connection carries them is session.ts.
 * Used by: index.ts.
 */

import type { DataChannel as NativeChannel, RtcConfig } from 'node-datachannel';
import { IceCandidate } from './candidate.ts';
import { type ChannelOptions, channelOptions, nativeChannelInit } from './channel-options.ts';
import { nativeConfiguration } from './configuration.ts';

import { ConnectionStates } from './connection-states.ts';
import { ConnectionSurface, notSupported } from './connection-surface.ts';
import { DataChannel } from './data-channel.ts';
import { formatDescription } from './description.ts';
import { eventWith, nextTask } from './events.ts';
import { OperationQueue } from './operation-queue.ts';
import { parseRemote, Session, type SessionDescription } from './session.ts';
import { type Report, statsReport } from './stats.ts';
import { Transport } from './transport.ts';

/** What we take ourselves; node-datachannel's default. */
const LOCAL_MAX_MESSAGE_BYTES = 262_144;
const MAX_CHANNELS_COUNT = 1_024;

export class PeerConnection extends ConnectionSurface {
  readonly #channels = new Set<DataChannel>();
  readonly #operations = new OperationQueue(() => this.#considerNegotiation());
  readonly #session: Session;
  #configuration: RTCConfiguration;
  #native: RtcConfig;
  #isClosed = false;
  #hasAskedToNegotiate = false;
  readonly #states = new ConnectionStates((type) => this.dispatchEvent(new Event(type)));

  /** @throws TypeError or DOMException for a configuration that makes no sense */
  constructor(configuration: RTCConfiguration = {}) {
    super();
    this.#native = nativeConfiguration(configuration);
    this.#configuration = configuration;
    this.#session = new Session({
      makeTransport: () => this.#makeTransport(),
      adopt: (transport) => {
        for (const channel of this.#channels) bind(channel, transport);
      },
      drop: () => {
        for (const channel of this.#channels) channel.unbind();
      },
      hasChannel: () => this.#hasChannel(),
    });
  }

  get signalingState(): RTCSignalingState {
    return this.#isClosed ? 'closed' : this.#session.signaling.state;
  }
  get connectionState(): RTCPeerConnectionState {
    return this.#states.connection;
  }
  get iceConnectionState(): RTCIceConnectionState {
    return this.#states.ice;
  }
  get iceGatheringState(): RTCIceGatheringState {
    return this.#states.gathering;
  }
  get canTrickleIceCandidates(): boolean | null {
    return this.remoteDescription
      ? /^a=ice-options:.*trickle/m.test(this.remoteDescription.sdp)
      : null;
  }

  get localDescription(): SessionDescription | null {
    return this.pendingLocalDescription ?? this.currentLocalDescription;
  }
  get currentLocalDescription(): SessionDescription | null {
    return this.#session.describeLocal(this.#session.signaling.currentLocal);
  }
  get pendingLocalDescription(): SessionDescription | null {
    return this.#session.describeLocal(this.#session.signaling.pendingLocal);
  }
  get remoteDescription(): SessionDescription | null {
    return this.pendingRemoteDescription ?? this.currentRemoteDescription;
  }
  get currentRemoteDescription(): SessionDescription | null {
    return this.#session.describeRemote(this.#session.signaling.currentRemote);
  }
  get pendingRemoteDescription(): SessionDescription | null {
    return this.#session.describeRemote(this.#session.signaling.pendingRemote);
  }

  /** Null until both descriptions are known, as in the standard. */
  get sctp(): { readonly maxMessageSize: number; readonly maxChannels: number } | null {
    if (!this.#session.isNegotiated) return null;
    return { maxMessageSize: this.#maxMessageBytes(), maxChannels: MAX_CHANNELS_COUNT };
  }

  getConfiguration(): RTCConfiguration {
    return { ...this.#configuration };
  }

  /** @throws DOMException `InvalidModificationError` once gathering has begun: it is fixed then */
  setConfiguration(configuration: RTCConfiguration = {}): void {
    this.#assertOpen();
    const native = nativeConfiguration(configuration);
    if (this.#session.transport && JSON.stringify(native) !== JSON.stringify(this.#native)) {
      throw new DOMException(
        'In Node the ICE servers are fixed once gathering has begun.',
        'InvalidModificationError',
      );
    }
    this.#native = native;
    this.#configuration = configuration;
  }

  createDataChannel(label: string, init: RTCDataChannelInit = {}): DataChannel {
    this.#assertOpen();
    const options = channelOptions(String(label), init);
    for (const { id } of this.#channels) {
      if (id !== null && id === options.id) {
        throw new DOMException(`Another channel has the id ${id}.`, 'OperationError');
      }
    }
    const channel = this.#addChannel(options);
    if (this.#session.transport) bind(channel, this.#session.transport);
    this.#considerNegotiation();
    return channel;
  }

  createOffer(options: RTCOfferOptions = {}): Promise<RTCSessionDescriptionInit> {
    return this.#operate(() => {
      if (options.iceRestart) throw notSupported('An ICE restart');
      return { type: 'offer', sdp: formatDescription(this.#session.offer().description) };
    });
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return this.#operate(() => ({
      type: 'answer',
      sdp: formatDescription(this.#session.answer().description),
    }));
  }

  /** Without a description, or without its text, the right one is made here. */
  setLocalDescription(init: RTCLocalSessionDescriptionInit = {}): Promise<void> {
    return this.#operate(() => {
      const isAnswering = this.signalingState === 'have-remote-offer';
      const { type = isAnswering ? 'answer' : 'offer', sdp = '' } = init;
      if (type === 'pranswer') throw notSupported('A provisional answer');
      if (type === 'rollback') return this.#negotiate(() => this.#session.rollback());
      const side = type === 'offer' ? this.#session.offer() : this.#session.answer();
      if (sdp !== '' && sdp !== formatDescription(side.description)) {
        throw new DOMException('This is not what was made last.', 'InvalidModificationError');
      }
      this.#negotiate(() => this.#session.setLocal(side));
    });
  }

  /** An offer that arrives while ours is pending rolls ours back first. */
  setRemoteDescription(init: RTCSessionDescriptionInit): Promise<void> {
    return this.#operate(() => {
      const { type, sdp = '' } = init;
      if (type === 'pranswer') throw notSupported('A provisional answer');
      if (type === 'rollback') return this.#negotiate(() => this.#session.rollback());
      if (type !== 'offer' && type !== 'answer') throw new TypeError(`Unknown type ${type}.`);
      const side = parseRemote(type, String(sdp));
      this.#negotiate(() => this.#session.setRemote(side));
    });
  }

  /** An empty or missing candidate says that there are no more, and is accepted. */
  addIceCandidate(init?: RTCIceCandidateInit | null): Promise<void> {
    const { candidate = '', sdpMid, sdpMLineIndex, usernameFragment } = init ?? {};
    if (candidate !== '' && (sdpMid ?? sdpMLineIndex ?? null) === null) {
      return Promise.reject(new TypeError('A candidate needs an sdpMid or an sdpMLineIndex.'));
    }
    return this.#operate(() => this.#session.addCandidate(candidate, usernameFragment));
  }

  async getStats(): Promise<Map<string, Report>> {
    await nextTask();
    return statsReport(this.#session.transport);
  }

  /** Closes the connection and its channels. No event follows, neither here nor on them. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#states.close();
    for (const channel of this.#channels) channel.abandon();
    this.#channels.clear();
    this.#session.close();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new DOMException('The connection is closed.', 'InvalidStateError');
  }

  async #operate<Result>(operation: () => Result): Promise<Result> {
    this.#assertOpen();
    return this.#operations.run(() => {
      this.#assertOpen();
      return operation();
    });
  }

  /** Changes descriptions; events follow the change, and the promise follows the events. */
  #negotiate(change: () => void): void {
    const before = this.signalingState;
    change();
    if (this.signalingState === 'stable') this.#hasAskedToNegotiate = false;
    if (this.signalingState !== before) this.dispatchEvent(new Event('signalingstatechange'));
    setImmediate(() => this.#refresh());
  }

  /** Fires `negotiationneeded` as in W3C webrtc-pc 4.7.3: when idle, stable and not yet asked. */
  #considerNegotiation(): void {
    setImmediate(() => {
      if (this.#operations.isBusy || this.signalingState !== 'stable') return;
      if (this.#hasAskedToNegotiate || this.#session.isNegotiated || !this.#hasChannel()) return;
      this.#hasAskedToNegotiate = true;
      this.dispatchEvent(new Event('negotiationneeded'));
    });
  }

  #hasChannel(): boolean {
    return [...this.#channels].some(({ readyState }) => readyState === 'connecting');
  }

  #maxMessageBytes(): number {
    const theirs = this.#session.signaling.currentRemote?.data.maxMessageBytes;
    return Math.min(theirs || LOCAL_MAX_MESSAGE_BYTES, LOCAL_MAX_MESSAGE_BYTES);
  }

  #addChannel(options: ChannelOptions): DataChannel {
    const channel = new DataChannel(options, {
      maxMessageBytes: () => this.#maxMessageBytes(),
      forget: (gone) => this.#channels.delete(gone),
    });
    this.#channels.add(channel);
    return channel;
  }

  #makeTransport(): Transport {
    return new Transport(this.#native, {
      candidate: (line) => this.#announceCandidate(line),
      gathered: () => this.#announceCandidate(null),
      changed: () => this.#refresh(),
      channel: (native) => this.#acceptChannel(native),
      lost: () => {
        this.#refresh();
        for (const channel of [...this.#channels]) channel.lose();
      },
    });
  }

  #announceCandidate(line: string | null): void {
    this.#refresh();
    const { pendingLocal, currentLocal } = this.#session.signaling;
    const data = (pendingLocal ?? currentLocal)?.data;
    if (this.#isClosed || !data) return;
    const candidate =
      line === null
        ? null
        : new IceCandidate({
            candidate: line,
            sdpMid: data.mid,
            sdpMLineIndex: data.index,
            usernameFragment: data.usernameFragment,
          });
    this.dispatchEvent(eventWith('icecandidate', { candidate }));
  }

  #acceptChannel(native: NativeChannel): void {
    // How reliable it is the remote has announced, but node-datachannel does not pass it on.
    const channel = this.#addChannel({
      label: native.getLabel(),
      protocol: native.getProtocol(),
      ordered: true,
      negotiated: false,
    });
    channel.accept(native, () => this.dispatchEvent(eventWith('datachannel', { channel })));
  }

  #refresh(): void {
    this.#states.follow(this.#session.transport);
  }
}

function bind(channel: DataChannel, transport: Transport): void {
  const { options } = channel;
  channel.bind(transport.createChannel(options.label, nativeChannelInit(options)));
}
