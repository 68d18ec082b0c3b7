/**
 * FakeNetwork: connections without WebRTC, in virtual time: descriptions are names such as
 * `offer 3` and `answer 4 to 3`, an answer links two connections, and channels carry messages in
 * order after a fixed time. Only what the core uses is there.
 * Used by: the core's unit tests of whole rooms.
 */

import type { WebRtc } from 'meshwork';

interface Clock {
  after(delayMs: number, run: () => void): () => void;
}

export class FakeNetwork {
  readonly connections: FakeConnection[] = [];
  readonly latencyMs: number;
  readonly clock: Clock;
  /** Whether what one sends reaches the other; false plays a pulled cable. */
  isReachable: (from: FakeConnection, to: FakeConnection) => boolean = () => true;
  /** Throws to refuse a further connection, as a browser does. */
  beforeMaking: () => void = () => {};
  /** Throws to refuse a description. */
  beforeDescription: (connection: FakeConnection, type: string) => void = () => {};

  constructor(clock: Clock, latencyMs = 5) {
    this.clock = clock;
    this.latencyMs = latencyMs;
  }

  /** How many connections were made and not closed. */
  get openCount(): number {
    return this.connections.filter(({ connectionState }) => connectionState !== 'closed').length;
  }

  /** An implementation whose connections belong to `owner`. */
  webrtc(owner: string): WebRtc {
    const network = this;
    const Connection = class extends FakeConnection {
      constructor() {
        network.beforeMaking();
        super(network, owner);
      }
    };
    return { RTCPeerConnection: Connection as unknown as typeof RTCPeerConnection };
  }
}

export class FakeConnection extends EventTarget {
  readonly number: number;
  readonly owner: string;
  readonly network: FakeNetwork;
  connectionState: RTCPeerConnectionState = 'new';
  signalingState: RTCSignalingState = 'stable';
  iceGatheringState: RTCIceGatheringState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  /** The other end, once linked. */
  peer: FakeConnection | undefined;
  readonly channels: FakeChannel[] = [];

  constructor(network: FakeNetwork, owner: string) {
    super();
    this.network = network;
    this.owner = owner;
    this.number = network.connections.push(this);
  }

  async createOffer(): Promise<RTCSessionDescriptionInit> {
    return { type: 'offer', sdp: `offer ${this.number}` };
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    const offerer = this.remoteDescription?.sdp?.split(' ')[1];
    return { type: 'answer', sdp: `answer ${this.number} to ${offerer}` };
  }

  async setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.#requireOpen();
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
    this.iceGatheringState = 'complete';
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.#requireOpen();
    this.network.beforeDescription(this, description.type);
    const [, type, number, offerer] =
      /^(offer|answer) (\d+)(?: to (\d+))?$/.exec(description.sdp ?? '') ?? [];
    if (type !== description.type) throw new Error(`Not ${description.type}: ${description.sdp}`);
    if (type === 'answer' && Number(offerer) !== this.number) {
      throw new Error(`Not an answer to ${this.number}: ${description.sdp}`);
    }
    this.remoteDescription = description;
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable';
    const other = this.network.connections[Number(number) - 1];
    if (type === 'answer' && other)
      this.network.clock.after(2 * this.network.latencyMs, () => this.#link(other));
  }

  async addIceCandidate(): Promise<void> {}

  createDataChannel(label: string, init: RTCDataChannelInit = {}): FakeChannel {
    this.#requireOpen();
    const channel = new FakeChannel(this, label, init);
    this.channels.push(channel);
    if (this.peer && !init.negotiated) this.#announce(channel);
    return channel;
  }

  close(): void {
    if (this.connectionState === 'closed') return;
    this.connectionState = 'closed';
    this.signalingState = 'closed';
    for (const channel of this.channels) channel.readyState = 'closed';
    this.carry((peer) => {
      for (const channel of peer.channels) channel.end();
    });
  }

  /** Does something at the other end, after the time it takes, unless it cannot be reached. */
  carry(run: (peer: FakeConnection) => void): void {
    const { peer, network } = this;
    if (!peer) return;
    network.clock.after(network.latencyMs, () => {
      if (peer.connectionState !== 'closed' && network.isReachable(this, peer)) run(peer);
    });
  }

  /** Sets the state of the transport, with its event. */
  setTransport(state: RTCPeerConnectionState): void {
    if (this.connectionState === 'closed') return;
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  #link(other: FakeConnection): void {
    const { isReachable } = this.network;
    const ends = [this, other] as const;
    if (ends.some(({ connectionState }) => connectionState === 'closed')) return;
    if (!isReachable(this, other) || !isReachable(other, this)) return;
    this.peer = other;
    other.peer = this;
    for (const end of ends) end.setTransport('connected');
    for (const end of ends) {
      for (const channel of [...end.channels]) {
        if (channel.isNegotiated) channel.begin();
        else end.#announce(channel);
      }
    }
  }

  /** Opens an in-band channel: the other end gets its event first. */
  #announce(channel: FakeChannel): void {
    this.carry((peer) => {
      const { label, protocol, ordered, number } = channel;
      const far = new FakeChannel(peer, label, { protocol, ordered }, number);
      far.readyState = 'open';
      peer.channels.push(far);
      peer.dispatchEvent(Object.assign(new Event('datachannel'), { channel: far }));
      peer.carry(() => channel.begin());
    });
  }

  #requireOpen(): void {
    if (this.connectionState === 'closed') throw new Error('The connection is closed.');
  }
}

let channelCount = 0;

export class FakeChannel extends EventTarget {
  readonly connection: FakeConnection;
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxPacketLifeTime: number | null;
  readonly maxRetransmits: number | null;
  readonly isNegotiated: boolean;
  /** What both ends of one channel have in common. */
  readonly number: string;
  readyState: RTCDataChannelState = 'connecting';
  binaryType: BinaryType = 'arraybuffer';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;

  constructor(
    connection: FakeConnection,
    label: string,
    init: RTCDataChannelInit,
    number?: string,
  ) {
    super();
    this.connection = connection;
    this.label = label;
    this.protocol = init.protocol ?? '';
    this.ordered = init.ordered ?? true;
    this.maxPacketLifeTime = init.maxPacketLifeTime ?? null;
    this.maxRetransmits = init.maxRetransmits ?? null;
    this.isNegotiated = init.negotiated === true;
    channelCount += 1;
    this.number = number ?? (init.negotiated ? `negotiated ${init.id}` : `in band ${channelCount}`);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new Error('The channel is not open.');
    const copy = typeof data === 'string' ? data : data.slice().buffer;
    this.#carry((far) => far.dispatchEvent(new MessageEvent('message', { data: copy })));
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.#carry((far) => far.end());
    this.end();
  }

  begin(): void {
    if (this.readyState !== 'connecting') return;
    this.readyState = 'open';
    this.dispatchEvent(new Event('open'));
  }

  end(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.dispatchEvent(new Event('close'));
  }

  #carry(run: (far: FakeChannel) => void): void {
    this.connection.carry((peer) => {
      const far = peer.channels.find((channel) => channel.number === this.number);
      if (far && far.readyState !== 'closed') run(far);
    });
  }
}
