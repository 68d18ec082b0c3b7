/**
 * Handshake: introduces two peers to each other over the bus, as a state machine per remote.
 * Owns: sessions, roles, collisions, repetition. Not: descriptions, which an Introduction makes
 * and takes; not: who is in the room (membership.ts).
 * Used by: membership.ts.
 *
 *   idle ──hear announce──► offering ──► offered ──answer──► answered ──► connected
 *     └───────hear offer──────────────► answering ─────────► answered ──► connected
 *   and from everywhere to closed. Rules: PROTOCOL.md, SG8 to SG14.
 */

import { Backoff } from '../async/backoff.ts';
import { asMeshworkError, type MeshworkError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import {
  type Answer,
  type Candidates,
  MESSAGE_LIMITS,
  type Offer,
  SESSION_ID_BYTES,
  sessionFromBytes,
} from './messages.ts';

const REPEAT = { firstMs: 1_000, maxMs: 8_000 } as const;

/** Makes and takes the descriptions of one attempt at a connection. */
export interface Introduction {
  /** Resolves with the offer, holding the candidates found so far. */
  offer(): Promise<string>;
  /** Takes an offer; resolves with the answer. */
  answer(offerSdp: string): Promise<string>;
  accept(answerSdp: string): Promise<void>;
  addCandidates(candidates: readonly string[]): void;
  /** The offer or answer as it stands now, with the candidates found since. */
  description(): string;
  close(): void;
}

export interface HandshakePort {
  /** Starts a fresh attempt at a connection. */
  introduce(): Introduction;
  /** Sends a message of this session to the remote's inbox. */
  send(message: HandshakeMessage): void;
  /** The handshake is over without a connection. */
  failed(error: MeshworkError): void;
}

/** What a handshake sends; membership adds who it is from. */
export type HandshakeMessage =
  | { readonly type: 'offer'; readonly session: string; readonly sdp: string }
  | { readonly type: 'answer'; readonly session: string; readonly sdp: string }
  | {
      readonly type: 'candidates';
      readonly session: string;
      readonly candidates: readonly string[];
    }
  | { readonly type: 'bye'; readonly session: string };

type State =
  | { readonly phase: 'idle' }
  | { readonly phase: 'offering'; readonly session: string; readonly introduction: Introduction }
  | { readonly phase: 'offered'; readonly session: string; readonly introduction: Introduction }
  | { readonly phase: 'answering'; readonly session: string; readonly introduction: Introduction }
  | {
      readonly phase: 'answered';
      readonly session: string;
      readonly introduction: Introduction;
      readonly weAnswered: boolean;
    }
  | { readonly phase: 'connected'; readonly session: string; readonly introduction: Introduction }
  /** The session that ended, if there was one. */
  | { readonly phase: 'closed'; readonly session: string | undefined };

export class Handshake {
  readonly #platform: Platform;
  readonly #winsCollisions: boolean;
  readonly #port: HandshakePort;
  readonly #backoff: Backoff;
  #state: State = { phase: 'idle' };
  /** The session of the latest step; one that fails late is no longer our concern. */
  #attempted: string | undefined;
  #stopRepeating: (() => void) | undefined;

  /** @param winsCollisions - whether our offer stands when both offer at once: lower id wins */
  constructor(platform: Platform, winsCollisions: boolean, port: HandshakePort) {
    this.#platform = platform;
    this.#winsCollisions = winsCollisions;
    this.#port = port;
    this.#backoff = new Backoff({ ...REPEAT, random: platform.random });
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** The session under way, or the last one; undefined before the first message. */
  get session(): string | undefined {
    return 'session' in this.#state ? this.#state.session : undefined;
  }

  /** [SG8] Offers the remote a connection. */
  async offer(): Promise<void> {
    if (this.#state.phase !== 'idle') return;
    const session = sessionFromBytes(this.#platform.randomBytes(SESSION_ID_BYTES));
    await this.#attempt(session, async () => {
      const introduction = this.#introduce('offering', session);
      const sdp = await introduction.offer();
      if (!this.#isIn('offering', session)) return;
      this.#state = { phase: 'offered', session, introduction };
      this.#port.send({ type: 'offer', session, sdp });
      this.#repeat();
    });
  }

  /** [SG9] [SG10] Answers an offer, unless ours to the same remote stands. */
  async onOffer(offer: Offer): Promise<void> {
    const state = this.#state;
    if (state.phase === 'connected' || state.phase === 'closed') return;
    if ('session' in state && state.session === offer.session) {
      // Our answer was lost or is on its way: the same answer again does no harm.
      if (state.phase === 'answered' && state.weAnswered) this.#sendDescription('answer', state);
      return;
    }
    if (state.phase !== 'idle') {
      const isOurs =
        state.phase !== 'answering' && !(state.phase === 'answered' && state.weAnswered);
      if (isOurs && this.#winsCollisions) return;
      // We yield, or the remote gave its last session up.
      state.introduction.close();
    }
    this.#stopRepeating?.();
    const { session } = offer;
    await this.#attempt(session, async () => {
      const introduction = this.#introduce('answering', session);
      const sdp = await introduction.answer(offer.sdp);
      if (!this.#isIn('answering', session)) return;
      this.#state = { phase: 'answered', session, introduction, weAnswered: true };
      this.#port.send({ type: 'answer', session, sdp });
    });
  }

  async onAnswer({ session, sdp }: Answer): Promise<void> {
    const state = this.#state;
    if (state.phase !== 'offered' || state.session !== session) return;
    const { introduction } = state;
    this.#stopRepeating?.();
    this.#state = { phase: 'answered', session, introduction, weAnswered: false };
    await this.#attempt(session, () => introduction.accept(sdp));
  }

  onCandidates({ session, candidates }: Candidates): void {
    const state = this.#state;
    if (!('introduction' in state) || state.session !== session) return;
    try {
      state.introduction.addCandidates(candidates);
    } catch {
      // Without these candidates others may still do; this must not reach the driver that called.
    }
  }

  /** Candidates found here after the description went out. */
  sendCandidates(candidates: readonly string[]): void {
    const state = this.#state;
    // While the description is being made it will hold them.
    if (state.phase !== 'offered' && state.phase !== 'answered') return;
    for (let at = 0; at < candidates.length; at += MESSAGE_LIMITS.candidates) {
      this.#port.send({
        type: 'candidates',
        session: state.session,
        candidates: candidates.slice(at, at + MESSAGE_LIMITS.candidates),
      });
    }
  }

  /** The connection of this session is open. */
  connected(): void {
    if (!('introduction' in this.#state)) return;
    const { session, introduction } = this.#state;
    this.#stopRepeating?.();
    this.#state = { phase: 'connected', session, introduction };
  }

  /**
   * Ends the handshake. Safe to call twice.
   *
   * @param isRemoteTold - says bye to a remote that may still be waiting; one that said it is not
   */
  close(isRemoteTold = true): void {
    const { phase } = this.#state;
    const { session } = this;
    this.#stopRepeating?.();
    this.#state = { phase: 'closed', session };
    const isAwaited = phase === 'offered' || phase === 'answering' || phase === 'answered';
    if (session && isAwaited && isRemoteTold) this.#port.send({ type: 'bye', session });
  }

  #isIn(phase: State['phase'], session: string): boolean {
    return this.#state.phase === phase && this.session === session;
  }

  /** @throws MeshworkError `connection-failed` when no connection can be made */
  #introduce(phase: 'offering' | 'answering', session: string): Introduction {
    const introduction = this.#port.introduce();
    this.#state = { phase, session, introduction };
    return introduction;
  }

  /** Runs one step of a session; a failure ends the handshake if the session is still the one. */
  async #attempt(session: string, step: () => Promise<void>): Promise<void> {
    this.#attempted = session;
    try {
      await step();
    } catch (error) {
      const isOver = this.#state.phase === 'closed' || this.#state.phase === 'connected';
      if (isOver || this.#attempted !== session) return;
      this.close();
      this.#port.failed(asMeshworkError(error, 'negotiation-failed'));
    }
  }

  /** [SG11] Sends the offer again, with growing gaps, until an answer or the end. */
  #repeat(): void {
    this.#stopRepeating = this.#platform.after(this.#backoff.nextMs(), () => {
      if (this.#state.phase !== 'offered') return;
      this.#sendDescription('offer', this.#state);
      this.#repeat();
    });
  }

  #sendDescription(
    type: 'offer' | 'answer',
    { session, introduction }: { session: string; introduction: Introduction },
  ): void {
    this.#port.send({ type, session, sdp: introduction.description() });
  }
}
