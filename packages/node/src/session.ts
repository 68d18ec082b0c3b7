/**
 * Session: the signaling state together with the transport that goes with it.
 * The first exchange of descriptions makes a transport; a rollback before the answer replaces it;
 * later exchanges only repeat what was agreed, because data channels need nothing new.
 * Owns: descriptions, ours and theirs. Leaves to peer-connection.ts: events, channels, ordering.
 */

import { parseCandidate } from './candidate.ts';
import {
  answerTo,
  type DataSection,
  type Description,
  dataSection,
  formatDescription,
  offerAgain,
  parseDescription,
  withCandidates,
} from './description.ts';
import { type Side, Signaling } from './signaling.ts';
import type { Transport } from './transport.ts';

/** A description as it is read: plain, with `toJSON` as in browsers. */
export interface SessionDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
  toJSON(): { type: 'offer' | 'answer'; sdp: string };
}

/** What a session asks of its connection. */
export interface SessionPort {
  /** A new transport, nothing on it yet. */
  makeTransport(): Transport;
  /** The transport is the one in use now: put the channels on it. */
  adopt(transport: Transport): void;
  /** The transport is not in use any more: take the channels off. */
  drop(transport: Transport): void;
  /** Whether there is a channel to offer. */
  hasChannel(): boolean;
}

export class Session {
  readonly signaling: Signaling = new Signaling();
  readonly #port: SessionPort;
  #transport: Transport | undefined;

  constructor(port: SessionPort) {
    this.#port = port;
  }

  get transport(): Transport | undefined {
    return this.#transport;
  }

  /** Whether one exchange was completed. */
  get isNegotiated(): boolean {
    return this.signaling.currentRemote !== undefined;
  }

  /** Our side as it is now, candidates included. */
  describeLocal(side: Side | undefined): SessionDescription | null {
    const transport = this.#transport;
    if (!side || !transport) return null;
    const isComplete = transport.gatheringState === 'complete';
    return plain(
      side.type,
      formatDescription(withCandidates(side.description, transport.candidates, isComplete)),
    );
  }

  describeRemote(side: Side | undefined): SessionDescription | null {
    return side ? plain(side.type, side.sdp ?? formatDescription(side.description)) : null;
  }

  /** The offer that we would make now. */
  offer(): Side {
    const { currentLocal, state } = this.signaling;
    if (state === 'have-remote-offer') {
      throw new DOMException('Answer the offer that came first.', 'InvalidStateError');
    }
    if (currentLocal) return localSide('offer', offerAgain(currentLocal.description));
    if (!this.#transport) {
      // Without a channel the native side would end the process instead of making an offer.
      if (!this.#port.hasChannel()) {
        throw new DOMException('There is no data channel to offer.', 'OperationError');
      }
      this.#use(this.#port.makeTransport());
    }
    return localSide('offer', this.#inUse().offer());
  }

  /** The answer that we would give now. */
  answer(): Side {
    const { pendingRemote, currentLocal, currentRemote } = this.signaling;
    if (!pendingRemote) throw new DOMException('There is no offer.', 'InvalidStateError');
    const ours = currentLocal?.description ?? this.#inUse().answer();
    const first = currentLocal?.data.setup ?? dataSection(ours)?.setup;
    // The DTLS roles stay as they were; an offer of ours left the choice to their answer.
    const theirs = currentRemote?.data.setup === 'active' ? 'passive' : 'active';
    const setup = first === 'actpass' || first === undefined ? theirs : first;
    return localSide('answer', answerTo(pendingRemote.description, ours, setup));
  }

  setLocal(side: Side): void {
    this.signaling.setLocal(side);
    this.#transport?.release();
  }

  setRemote(side: Side): void {
    const { state } = this.signaling;
    if (side.type === 'answer' && state !== 'have-local-offer') {
      throw new DOMException(`No answer is due in state ${state}.`, 'InvalidStateError');
    }
    if (this.isNegotiated) this.#checkLater(side);
    else if (side.type === 'answer') accept(this.#inUse(), side);
    else this.#acceptOffer(side);
    if (side.type === 'offer' && state === 'have-local-offer') this.signaling.rollback();
    this.signaling.setRemote(side);
  }

  rollback(): void {
    this.signaling.rollback();
    if (!this.isNegotiated) this.#use(undefined);
  }

  addCandidate(line: string, usernameFragment: string | null | undefined): void {
    const remote = this.signaling.pendingRemote ?? this.signaling.currentRemote;
    if (!remote) {
      throw new DOMException('There is no remote description yet.', 'InvalidStateError');
    }
    if (line === '') return;
    const generation = usernameFragment ?? parseCandidate(line)?.usernameFragment;
    if (generation && generation !== remote.data.usernameFragment) {
      throw new DOMException('The candidate is of another ICE generation.', 'OperationError');
    }
    if (!parseCandidate(line)) {
      throw new DOMException(`Not a candidate: ${line}`, 'OperationError');
    }
    this.#transport?.addCandidate(line, remote.data.mid);
  }

  close(): void {
    this.#transport?.close();
  }

  #inUse(): Transport {
    if (!this.#transport) throw new Error('There is no transport.');
    return this.#transport;
  }

  #use(next: Transport | undefined): void {
    const before = this.#transport;
    this.#transport = next;
    if (before) this.#port.drop(before);
    before?.close();
    if (next) this.#port.adopt(next);
  }

  /** A first offer always starts afresh; what we offered ourselves goes with its transport. */
  #acceptOffer(side: Side): void {
    const next = this.#port.makeTransport();
    try {
      accept(next, side);
    } catch (error) {
      next.close();
      throw error;
    }
    this.#use(next);
  }

  #checkLater(side: Side): void {
    const known = this.signaling.currentRemote?.data.usernameFragment;
    if (side.data.usernameFragment !== known) {
      throw new DOMException(
        'The remote restarts ICE, which is not possible in Node. Make a new connection.',
        'NotSupportedError',
      );
    }
    for (const line of side.data.candidates) this.#transport?.addCandidate(line, side.data.mid);
  }
}

/** @throws DOMException `OperationError` for text that could not connect */
export function parseRemote(type: 'offer' | 'answer', sdp: string): Side {
  const description = parseDescription(sdp);
  const data = description && dataSection(description);
  if (!description || !data || (type === 'answer' && data.setup === 'actpass')) {
    throw new DOMException(`The ${type} has no usable data channel section.`, 'OperationError');
  }
  return { type, description, data, sdp };
}

function accept(transport: Transport, { type, description, data }: Side): void {
  try {
    transport.accept(type, description, data);
  } catch (error) {
    throw new DOMException(`The ${type} was refused: ${String(error)}`, 'OperationError');
  }
}

function localSide(type: 'offer' | 'answer', description: Description): Side {
  const data: DataSection | undefined = dataSection(description);
  if (!data) throw new Error('Our own description has no data section.');
  return { type, description, data };
}

function plain(type: 'offer' | 'answer', sdp: string): SessionDescription {
  return { type, sdp, toJSON: () => ({ type, sdp }) };
}
