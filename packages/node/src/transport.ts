/**
 * Transport: one native connection (ICE, DTLS and SCTP) for one exchange of descriptions.
 * Owns: every call into node-datachannel's PeerConnection, and keeping those calls safe: a C++
 * exception in the wrong place ends the process, so nothing native is called out of turn. Rolling
 * back means closing this and making another: after the native rollback Firefox at times never saw a
 * nomination, apparently because the ICE role is kept.
 * Leaves to peer-connection.ts: states and events as the standard has them.
 */

import nodeDataChannel, {
  type DataChannel as NativeChannel,
  type PeerConnection as NativeConnection,
  type RtcConfig,
} from 'node-datachannel';
import { parseCandidate } from './candidate.ts';
import {
  type DataSection,
  type Description,
  forNative,
  parseDescription,
  withoutCandidates,
} from './description.ts';

/** What the owner of a transport hears. Every call comes in a task of its own. */
export interface TransportPort {
  /** A local candidate, `candidate:…`, was found. */
  candidate(line: string): void;
  /** Every local candidate was reported. */
  gathered(): void;
  /** `connectionState` or `iceState` changed. */
  changed(): void;
  /** The remote opened a channel in-band. */
  channel(native: NativeChannel): void;
  /** The connection is gone for good: the remote closed it, or ICE or DTLS failed. */
  lost(): void;
}

/** How the native side is told to open a channel. */
export interface NativeChannelInit {
  readonly protocol: string;
  readonly unordered: boolean;
  readonly negotiated?: true;
  readonly id?: number;
  readonly maxPacketLifeTime?: number;
  readonly maxRetransmits?: number;
}

/** What a transport is doing: fresh, then one of offering or answering, then both know both. */
type Phase = 'fresh' | 'offered' | 'remote-offer' | 'negotiated' | 'closed';

/**
 * How long an answerer keeps the offerer's candidates from ICE, in milliseconds. Without them it
 * waits for the offerer's checks, which come once the offerer has the answer. Otherwise two
 * libdatachannel ends race: checks that arrive while the offerer takes the answer start DTLS before
 * it has stored our fingerprint, and DTLS fails; or a ClientHello comes too early and is repeated a
 * second later (libdatachannel#1635). Not longer, because behind a NAT our checks must go out too.
 * Figures in README.md. To be removed when neither happens any more.
 */
const HOLD_MS = 100;

/** Transports that are open, for {@link closeAll}. */
const open = new Set<Transport>();

export class Transport {
  readonly #native: NativeConnection;
  readonly #port: TransportPort;
  #phase: Phase = 'fresh';
  #ours: Description | undefined;
  #isReleased = false;
  #isGathered = false;
  #isLost = false;
  readonly #candidates: string[] = [];
  /** Candidates of the remote that the native side must not have yet. */
  #held: [line: string, mid: string][] | undefined = [];
  #holdTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(config: RtcConfig, port: TransportPort) {
    this.#port = port;
    this.#native = new nodeDataChannel.PeerConnection('meshwork', config);
    open.add(this);
    // Callbacks of one kind keep their order, but kinds overtake each other; when several are due
    // at once they run in the order of registration.
    this.#native.onLocalCandidate((line) => this.#addCandidate(line));
    this.#native.onGatheringStateChange((state) => {
      if (state === 'complete') this.#finishGathering();
    });
    this.#native.onDataChannel((channel) => {
      if (this.#phase !== 'closed') this.#port.channel(channel);
    });
    this.#native.onIceStateChange(() => this.#report());
    this.#native.onStateChange(() => this.#report());
  }

  /** Local candidates reported so far. */
  get candidates(): readonly string[] {
    return this.#isReleased ? this.#candidates : [];
  }

  get gatheringState(): RTCIceGatheringState {
    if (!this.#isReleased) return 'new';
    return this.#isGathered ? 'complete' : 'gathering';
  }

  /** Never `closed`: that is for whoever closes it to say. What closed by itself has failed. */
  get connectionState(): Exclude<RTCPeerConnectionState, 'closed'> {
    if (this.#isLost) return 'failed';
    const state = this.#isReachable() ? this.#native.state() : 'new';
    return state === 'closed' ? 'failed' : state;
  }

  /** As {@link connectionState}. */
  get iceState(): Exclude<RTCIceConnectionState, 'closed'> {
    if (this.#isLost) return 'failed';
    const state = this.#isReachable() ? this.#native.iceState() : 'new';
    return state === 'closed' ? 'failed' : state;
  }

  /** What statistics are made of; zeros and null after closing. */
  get measurements(): {
    readonly pair: ReturnType<NativeConnection['getSelectedCandidatePair']>;
    readonly roundTripMs: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
  } {
    const native = this.#native;
    const isUp = this.#phase === 'negotiated' && native.state() !== 'closed';
    if (!isUp) return { pair: null, roundTripMs: -1, sentBytes: 0, receivedBytes: 0 };
    return {
      pair: native.getSelectedCandidatePair(),
      roundTripMs: native.rtt(),
      sentBytes: native.bytesSent(),
      receivedBytes: native.bytesReceived(),
    };
  }

  /** Opens a channel; before an answer it only waits for one. */
  createChannel(label: string, init: NativeChannelInit): NativeChannel {
    return this.#native.createDataChannel(label, init);
  }

  /** Our offer, without candidates. The same each time. Needs a channel to exist. */
  offer(): Description {
    if (this.#phase !== 'fresh') return this.#described();
    this.#phase = 'offered';
    return this.#describe('offer');
  }

  /** Our answer to the offer that was accepted, without candidates. The same each time. */
  answer(): Description {
    if (this.#phase !== 'remote-offer') return this.#described();
    this.#phase = 'negotiated';
    const answer = this.#describe('answer');
    this.#holdTimer = setTimeout(() => this.#releaseRemote(), HOLD_MS);
    return answer;
  }

  /**
   * Takes the remote's description.
   *
   * @throws Error when the native side refuses it; close this transport then
   */
  accept(type: 'offer' | 'answer', description: Description, data: DataSection): void {
    this.#native.setRemoteDescription(forNative(description, data), type);
    this.#phase = type === 'offer' ? 'remote-offer' : 'negotiated';
    if (type === 'answer') this.#releaseRemote();
    // One by one and only now: with candidates inside the description, ICE can be done before the
    // native side has stored the remote fingerprint, and DTLS then fails.
    for (const line of data.candidates) this.addCandidate(line, data.mid);
  }

  /** Adds a candidate of the remote. Those over TCP are skipped: the native side has UDP only. */
  addCandidate(line: string, mid: string): void {
    if (parseCandidate(line)?.protocol !== 'udp') return;
    if (this.#held) this.#held.push([line, mid]);
    // Before the remote description, and after closing, this call would end the process.
    else if (this.#phase === 'negotiated' && this.#native.state() !== 'closed') {
      this.#native.addRemoteCandidate(line, mid);
    }
  }

  /** Lets candidates be reported: our description is in force. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    // Those found already, because createOffer or createAnswer came long before.
    const found = this.#candidates.splice(0);
    if (found.length === 0 && !this.#isGathered) return;
    setImmediate(() => {
      for (const line of found) this.#addCandidate(line);
      if (this.#isGathered && this.#phase !== 'closed') this.#port.gathered();
    });
  }

  /** Ends everything. Nothing is reported afterwards. */
  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    open.delete(this);
    clearTimeout(this.#holdTimer);
    this.#native.close();
  }

  #releaseRemote(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const [line, mid] of held) this.addCandidate(line, mid);
  }

  #describe(type: 'offer' | 'answer'): Description {
    this.#native.setLocalDescription(type);
    const native = parseDescription(this.#native.localDescription()?.sdp ?? '');
    if (!native) throw new Error(`The native side made no ${type}.`);
    this.#ours = withoutCandidates(native);
    return this.#ours;
  }

  #described(): Description {
    if (!this.#ours) throw new Error('There is no description yet.');
    return this.#ours;
  }

  #addCandidate(nativeLine: string): void {
    const line = nativeLine.replace(/^a=/, '');
    if (this.#phase === 'closed' || this.#candidates.includes(line)) return;
    this.#candidates.push(line);
    if (this.#isReleased) this.#port.candidate(line);
  }

  /** `complete` may overtake the last candidates; the description already has them. */
  #finishGathering(): void {
    if (this.#phase === 'closed' || this.#isGathered) return;
    const native = parseDescription(this.#native.localDescription()?.sdp ?? '');
    for (const line of native?.sections.flat() ?? []) {
      if (line.startsWith('a=candidate:')) this.#addCandidate(line);
    }
    this.#isGathered = true;
    if (this.#isReleased) this.#port.gathered();
  }

  #report(): void {
    if (this.#phase === 'closed') return;
    if (this.#native.state() !== 'closed') this.#port.changed();
    else this.#lose();
  }

  /** The native side closes by itself whatever is disconnected; it never comes back. */
  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#port.lost();
    // Later, because callbacks of channels may still be due; then they no longer hold the process.
    setImmediate(() => this.close());
  }

  /** The native side says `connecting` as soon as it gathers; for us that needs a remote. */
  #isReachable(): boolean {
    return this.#phase === 'remote-offer' || this.#phase === 'negotiated';
  }
}

/** Closes every open transport. */
export function closeAll(): void {
  for (const transport of open) transport.close();
}
