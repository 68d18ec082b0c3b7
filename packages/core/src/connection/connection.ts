/**
 * Connection: owns one RTCPeerConnection from its making to its close: the first exchange of
 * descriptions (asked for by the handshake), then the control channel, renegotiation, candidates
 * and liveness. It reports facts upwards through its port, in the order in which they happened.
 * Not: who it is connected to and why (signaling/), not what the app sends (channels/).
 * Used by: remote.ts.
 */

import type { DebugLog } from '../debug.ts';
import { MeshworkError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { CandidateBatch, EarlyCandidates } from './candidates.ts';
import { ControlChannel } from './control-channel.ts';
import type { ControlMessage } from './control-messages.ts';
import { gathered } from './gathering.ts';
import { Liveness, type Verdict } from './liveness.ts';
import { Negotiator } from './negotiator.ts';
import { transportMeaning } from './state.ts';

/** How long a bye, or the close of the control channel, may come after the end of the transport. */
const LAST_WORDS_MS = 50;

export interface ConnectionPort {
  /** Candidates found while only the bus can carry them. */
  candidates(candidates: readonly string[]): void;
  /** The control channel is open. Called once. */
  open(): void;
  /** The remote fell silent, or spoke again. */
  doubtful(isDoubtful: boolean): void;
  /** The connection is over, by the remote's wish (`left`) or by failure. Called at most once. */
  ended(reason: 'left' | MeshworkError): void;
  /** A control message that is not about the connection itself. */
  control(message: ControlMessage & { type: 'open' | 'members' }): void;
  dataChannel(channel: RTCDataChannel): void;
  error(error: MeshworkError): void;
}

export interface ConnectionOptions {
  readonly platform: Platform;
  readonly configuration: RTCConfiguration;
  readonly candidateWindowMs: number;
  /** Yields when both renegotiate at once. */
  readonly isPolite: boolean;
  readonly log: DebugLog | undefined;
}

export class Connection {
  readonly rtc: RTCPeerConnection;
  readonly #options: ConnectionOptions;
  readonly #port: ConnectionPort;
  readonly #life = new AbortController();
  readonly #control: ControlChannel;
  readonly #batch: CandidateBatch;
  readonly #early: EarlyCandidates;
  #open: { readonly negotiator: Negotiator; readonly liveness: Liveness } | undefined;

  /** @throws MeshworkError `connection-failed` when the browser makes no more connections */
  constructor(options: ConnectionOptions, port: ConnectionPort) {
    this.#options = options;
    this.#port = port;
    const { platform } = options;
    try {
      this.rtc = new platform.webrtc.RTCPeerConnection(options.configuration);
    } catch (cause) {
      throw new MeshworkError(
        'connection-failed',
        'No more connections can be made. Chromium allows 500 a page.',
        { cause },
      );
    }
    this.#batch = new CandidateBatch(platform, options.candidateWindowMs, (candidates) =>
      port.candidates(candidates),
    );
    this.#early = new EarlyCandidates((candidate) => this.#addCandidate(candidate));
    this.#control = new ControlChannel(this.rtc, {
      open: () => this.#onOpen(),
      message: (message) => this.#onControl(message),
      garbage: () => port.error(new MeshworkError('bad-frame')),
      // What never opened did not leave; it failed.
      closed: () => this.#end(new MeshworkError(this.#open ? 'peer-gone' : 'connection-failed')),
    });
    const { signal } = this.#life;
    const { rtc } = this;
    rtc.addEventListener('icecandidate', ({ candidate }) => this.#onCandidate(candidate), {
      signal,
    });
    rtc.addEventListener('connectionstatechange', () => this.#onTransport(), { signal });
    rtc.addEventListener('datachannel', ({ channel }) => port.dataChannel(channel), { signal });
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  // --- the first exchange

  /** Makes the first offer; resolves when it holds the candidates worth waiting for. */
  async offer(): Promise<string> {
    await this.rtc.setLocalDescription(await this.rtc.createOffer());
    return this.#describe();
  }

  /** Takes the first offer; resolves with our answer. */
  async answer(offerSdp: string): Promise<string> {
    await this.rtc.setRemoteDescription({ type: 'offer', sdp: offerSdp });
    this.#early.release();
    await this.rtc.setLocalDescription(await this.rtc.createAnswer());
    return this.#describe();
  }

  /** Takes the answer to our first offer. */
  async accept(answerSdp: string): Promise<void> {
    await this.rtc.setRemoteDescription({ type: 'answer', sdp: answerSdp });
    this.#early.release();
  }

  /** Our description as it stands now. */
  description(): string {
    return this.rtc.localDescription?.sdp ?? '';
  }

  /** Candidates of the remote that came over the bus. */
  addCandidates(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      this.#early.add(firstSection(candidate));
    }
  }

  // --- afterwards

  /** Sends on the control channel; before it is open, and after, nothing happens. */
  send(message: ControlMessage): void {
    this.#control.send(message);
  }

  /** The app's own traffic shows that the remote lives. */
  heard(): void {
    this.#open?.liveness.heard();
  }

  /** Closes for good and reports nothing more. Safe to call twice. */
  close(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#batch.take();
    this.#control.close();
    this.#open?.liveness.close();
    this.#open?.negotiator.close();
    this.rtc.close();
  }

  async #describe(): Promise<string> {
    await gathered(this.#options.platform, this.rtc);
    // What was found so far is in the description; only what comes later needs a message.
    this.#batch.take();
    return this.description();
  }

  #onCandidate(candidate: RTCIceCandidate | null): void {
    if (!candidate?.candidate) return;
    if (this.isOpen) this.send({ type: 'candidate', candidate: candidate.toJSON() });
    // Nobody can call back on a TCP candidate of a browser: it only ever connects out.
    else if (!/\stcptype active/.test(candidate.candidate)) this.#batch.add(candidate.candidate);
  }

  #addCandidate(candidate: RTCIceCandidateInit): void {
    this.rtc.addIceCandidate(candidate).catch((error) => {
      // One bad candidate is no reason to give up on the others (RFC 8838, section 11).
      this.#options.log?.('candidate refused', candidate.candidate, error);
    });
  }

  #onOpen(): void {
    if (this.#open || this.#life.signal.aborted) return;
    const { rtc } = this;
    this.#open = {
      negotiator: new Negotiator(rtc, this.#options.isPolite, {
        send: (description) => this.send({ type: 'description', description }),
        failed: (cause) =>
          this.#port.error(new MeshworkError('negotiation-failed', undefined, { cause })),
      }),
      liveness: new Liveness(this.#options.platform, {
        ping: () => this.send({ type: 'ping' }),
        isTransportDoubtful: () => transportMeaning(rtc.connectionState) === 'doubtful',
        changed: (verdict) => this.#onVerdict(verdict),
      }),
    };
    for (const candidate of this.#batch.take()) {
      this.send({ type: 'candidate', candidate: firstSection(candidate) });
    }
    this.#port.open();
  }

  #onControl(message: ControlMessage): void {
    // Whoever speaks on it has it open; in some stacks we hear that before we are told.
    this.#onOpen();
    const open = this.#open;
    if (!open) return;
    open.liveness.heard();
    switch (message.type) {
      case 'ping':
        return this.send({ type: 'pong' });
      case 'pong':
        return;
      case 'bye':
        return this.#end('left');
      case 'description':
        return open.negotiator.receive(message.description);
      case 'candidate':
        return this.#addCandidate(message.candidate);
      case 'open':
      case 'members':
        return this.#port.control(message);
    }
  }

  #onTransport(): void {
    this.#options.log?.('transport', this.rtc.connectionState);
    if (transportMeaning(this.rtc.connectionState) !== 'lost') {
      this.#open?.liveness.look();
      return;
    }
    const fail = () => this.#end(new MeshworkError('connection-failed'));
    if (!this.#open) return fail();
    // When a remote leaves, some stacks tell that the transport failed before they pass on its bye.
    const stop = this.#options.platform.after(LAST_WORDS_MS, fail);
    this.#life.signal.addEventListener('abort', stop);
  }

  #onVerdict(verdict: Verdict): void {
    if (verdict === 'lost')
      this.#end(new MeshworkError('connection-failed', 'The remote fell silent.'));
    else this.#port.doubtful(verdict === 'doubtful');
  }

  #end(reason: 'left' | MeshworkError): void {
    if (this.#life.signal.aborted) return;
    this.close();
    this.#port.ended(reason);
  }
}

/** The first description has one media section, so its index says which. */
function firstSection(candidate: string): RTCIceCandidateInit {
  return { candidate, sdpMLineIndex: 0, sdpMid: '0' };
}
