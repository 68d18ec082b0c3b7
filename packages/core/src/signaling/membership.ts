/**
 * Membership: who is in the room. Announces us, hears others, asks `verify` once about each, and
 * runs one handshake per remote.
 * Owns: the bus subscriptions, the replay guard, the handshakes. Not: connections (they come in
 * as Introductions through the port).
 * Used by: room-session.ts. Rules: PROTOCOL.md, SG3 to SG14.
 */

import { Recent } from '../async/recent.ts';
import { asMeshworkError, MeshworkError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { Announcer } from './announcer.ts';
import { Bus } from './bus.ts';
import type { Driver } from './driver.ts';
import { Handshake, type HandshakeMessage, type Introduction } from './handshake.ts';
import {
  type Announce,
  type Candidates,
  type Lost,
  type Message,
  type Offer,
  parseMessage,
  serialiseMessage,
} from './messages.ts';
import { inboxNamespace, roomNamespace } from './namespace.ts';

const MEMORY = {
  /** How many peers' latest announces, and how many sessions, we remember to know a replay. */
  entries: 1_024,
} as const;

/** Candidate messages kept for a remote while `verify` is being asked about it. */
const MAX_WAITING_CANDIDATES = 8;
/** A hinted member gets this long to appear by itself before we call on it. */
const HINT_GRACE_MS = 500;
/** At most one `bad-message` error in this time; a stranger must not flood the app with events. */
const BAD_MESSAGE_REPORT_MS = 5_000;

/** What a remote says of itself before it is connected. */
export interface Candidate {
  readonly id: string;
  readonly metadata: unknown;
}

/** A remote that was let in. */
export interface Member {
  readonly id: string;
  readonly metadata: unknown;
  /** When it joined, by its own clock, in ms since the epoch. */
  readonly sinceMs: number;
}

export interface MembershipPort {
  /** Whether to let this remote in. Asked once per remote and stay. */
  verify(candidate: Candidate): boolean | Promise<boolean>;
  /** A remote was let in; a connection is about to be attempted. False: there can be none. */
  admitted(member: Member): boolean;
  /** Starts a (further) attempt at a connection with an admitted remote. */
  introduce(id: string): Introduction;
  /** The remote gave up, came back as a new stay, or says the connection is broken. */
  dropped(id: string, reason: 'replaced' | 'left' | MeshworkError): void;
  signalingUp(): void;
  signalingDown(): void;
  error(error: MeshworkError): void;
}

export interface MembershipOptions {
  readonly driver: Driver;
  readonly platform: Platform;
  readonly selfId: string;
  readonly room: string;
  readonly metadata: unknown;
  /** When we joined, in ms since the epoch; greater than in every earlier stay of this peer. */
  readonly sinceMs: number;
  /** How long one driver call may take, in ms; 0 is for ever. */
  readonly timeoutMs: number;
  /** Remotes at most; announces and offers beyond are refused. */
  readonly maxPeers: number;
}

/** What to do with a remote that is let in: offer to it, or answer its offer. */
type Step = (handshake: Handshake) => Promise<void>;

/** A remote whose `verify` is being asked. */
interface Question {
  /** Which stay it is about. */
  readonly sinceMs: number;
  step: Step;
  /** What came for it meanwhile. */
  readonly candidates: Candidates[];
}

interface Entry {
  readonly member: Member;
  readonly handshake: Handshake;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #port: MembershipPort;
  readonly #bus: Bus;
  readonly #announcer: Announcer;
  readonly #entries = new Map<string, Entry>();
  readonly #asking = new Map<string, Question>();
  readonly #refused = new Recent<number>(MEMORY.entries);
  readonly #latestAnnounce = new Recent<{ sinceMs: number; sequence: number }>(MEMORY.entries);
  readonly #seenSessions = new Recent<true>(MEMORY.entries);
  /** Peers we are about to call on: how not to. */
  readonly #calls = new Map<string, () => void>();
  #sequence = 0;
  #badMessages = 0;
  #badMessageReportedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: MembershipOptions, port: MembershipPort) {
    this.#options = options;
    this.#port = port;
    this.#bus = new Bus(options.driver, options.platform, options.timeoutMs, {
      up: () => {
        port.signalingUp();
        this.#announcer.again();
      },
      down: () => port.signalingDown(),
      garbage: () => this.#countBadMessage(),
      error: (error) => port.error(error),
    });
    this.#announcer = new Announcer(options.platform, {
      announce: (signal) => this.#announce(signal),
      isAlone: () => this.#entries.size === 0,
    });
  }

  /**
   * [SG3] Subscribes, then announces. Resolves when the announce is on the bus.
   *
   * @throws MeshworkError `signaling-failed` or `signaling-timeout`; or the signal's reason
   */
  async join(signal?: AbortSignal): Promise<void> {
    const { room, selfId } = this.#options;
    const hear = (bytes: Uint8Array<ArrayBuffer>) => this.#hear(bytes);
    await Promise.all([
      this.#bus.subscribe(roomNamespace(room), hear, signal),
      this.#bus.subscribe(inboxNamespace(room, selfId), hear, signal),
    ]);
    if (!this.#isClosed) await this.#announcer.start(signal);
  }

  /** Stops announcing and hearing, closes every handshake. Never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#announcer.close();
    for (const stop of this.#calls.values()) stop();
    this.#calls.clear();
    for (const { handshake } of this.#entries.values()) handshake.close();
    this.#entries.clear();
    await this.#bus.close();
  }

  /** Announces again soon: a page that was asleep woke up. */
  announceAgain(): void {
    this.#announcer.again();
  }

  /** The connection to this remote is open. */
  connected(id: string): void {
    this.#entries.get(id)?.handshake.connected();
  }

  sendCandidates(id: string, candidates: readonly string[]): void {
    this.#entries.get(id)?.handshake.sendCandidates(candidates);
  }

  /** Forgets a remote, so that it may be introduced again. Returns the session that ended. */
  forget(id: string): string | undefined {
    const handshake = this.#entries.get(id)?.handshake;
    const session = handshake?.session;
    this.#entries.delete(id);
    handshake?.close();
    return session;
  }

  /** [SG13] Tells a remote that the connection of this session broke here. */
  tellLost(id: string, session: string): void {
    if (this.#entries.has(id)) return;
    const { metadata, selfId: from, sinceMs } = this.#options;
    this.#send(id, { type: 'lost', from, session, sinceMs, metadata });
  }

  /** [SG14] Another member knows these peers; we call on those that we never heard of. */
  hint(ids: readonly string[]): void {
    for (const id of ids) this.callOn(id, HINT_GRACE_MS);
  }

  /** Announces to one peer, after a while, unless we have met by then. */
  callOn(id: string, delayMs: number): void {
    const { selfId, platform, maxPeers } = this.#options;
    if (id === selfId || this.#entries.has(id) || this.#calls.has(id)) return;
    if (this.#calls.size >= maxPeers) return;
    const stop = platform.after(delayMs, () => {
      this.#calls.delete(id);
      if (!this.#entries.has(id)) this.#send(id, this.#nextAnnounce());
    });
    this.#calls.set(id, stop);
  }

  // --- what we say

  #announce(signal?: AbortSignal): Promise<void> {
    return this.#bus.publish(
      roomNamespace(this.#options.room),
      serialiseMessage(this.#nextAnnounce()),
      signal,
    );
  }

  #nextAnnounce(): Announce {
    this.#sequence = (this.#sequence + 1) % 0x1_0000;
    const { selfId, metadata, sinceMs } = this.#options;
    return { type: 'announce', from: selfId, sinceMs, sequence: this.#sequence, metadata };
  }

  #send(to: string, message: Message): void {
    this.#bus
      .publish(inboxNamespace(this.#options.room, to), serialiseMessage(message))
      .catch((error) => this.#port.error(asMeshworkError(error, 'signaling-failed')));
  }

  #sendInSession(to: string, message: HandshakeMessage): void {
    const { metadata, selfId: from, sinceMs } = this.#options;
    if (message.type === 'offer') this.#send(to, { ...message, from, sinceMs, metadata });
    else this.#send(to, { ...message, from });
  }

  // --- what we hear

  #hear(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    const message = parseMessage(bytes);
    if (!message) return this.#countBadMessage();
    if (message.from === this.#options.selfId) return;
    switch (message.type) {
      case 'announce':
        return this.#onAnnounce(message);
      case 'offer':
        return this.#onOffer(message);
      case 'answer':
        void this.#entries.get(message.from)?.handshake.onAnswer(message);
        return;
      case 'candidates':
        return this.#onCandidates(message);
      case 'bye':
        return this.#onBye(message.from, message.session);
      case 'lost':
        return this.#onLost(message);
    }
  }

  /** [SG4] [SG5] A newcomer gets an offer; an announce not newer than the latest is a replay. */
  #onAnnounce(announce: Announce): void {
    const { from, sinceMs, sequence } = announce;
    const latest = this.#latestAnnounce.get(from);
    const isNewer =
      !latest ||
      sinceMs > latest.sinceMs ||
      (sinceMs === latest.sinceMs && sequence > latest.sequence);
    if (!isNewer) return;
    this.#latestAnnounce.set(from, { sinceMs, sequence });
    void this.#admit(announce, (handshake) => handshake.offer());
  }

  #onOffer(offer: Offer): void {
    const { from, session } = offer;
    const entry = this.#entries.get(from);
    if (entry?.handshake.session === session) return void entry.handshake.onOffer(offer);
    // [SG12] A session is opened once; the same offer later is a replay.
    if (this.#seenSessions.has(session)) return;
    this.#seenSessions.set(session, true);
    void this.#admit(offer, (handshake) => handshake.onOffer(offer));
  }

  #onCandidates(message: Candidates): void {
    const waiting = this.#asking.get(message.from)?.candidates;
    if (!waiting) this.#entries.get(message.from)?.handshake.onCandidates(message);
    else if (waiting.length < MAX_WAITING_CANDIDATES) waiting.push(message);
  }

  #onBye(from: string, session: string): void {
    const handshake = this.#entries.get(from)?.handshake;
    if (handshake?.session !== session || handshake.phase === 'connected') return;
    this.forget(from);
    this.#port.dropped(from, 'left');
  }

  /** [SG13] Only the session we believe alive counts, so an old message breaks nothing. */
  #onLost(lost: Lost): void {
    const entry = this.#entries.get(lost.from);
    if (entry && entry.handshake.session !== lost.session) return;
    if (!entry && !this.#seenSessions.has(lost.session)) return;
    if (entry) {
      this.forget(lost.from);
      this.#port.dropped(lost.from, 'replaced');
    }
    void this.#admit(lost, (handshake) => handshake.offer());
  }

  /** Lets a remote in, asking `verify` once per stay, then takes the step. */
  async #admit({ from, sinceMs, metadata }: Announce | Offer | Lost, step: Step): Promise<void> {
    const known = this.#entries.get(from);
    if (known && known.member.sinceMs === sinceMs) return step(known.handshake);
    if (known && known.member.sinceMs > sinceMs) return;
    if (this.#refused.get(from) === sinceMs) return;
    const asking = this.#asking.get(from);
    if (asking?.sinceMs === sinceMs) {
      // Asked already; the remote's own offer, if it came meanwhile, is the better way in.
      asking.step = step;
      return;
    }
    if (!known && this.#entries.size + this.#asking.size >= this.#options.maxPeers) {
      return this.#port.error(
        new MeshworkError(
          'limit-reached',
          `A remote was refused: limits.peers is ${this.#options.maxPeers}.`,
        ),
      );
    }
    if (known) {
      this.forget(from);
      this.#port.dropped(from, 'replaced');
    }
    const question: Question = { sinceMs, step, candidates: [] };
    this.#asking.set(from, question);
    const isWelcome = await this.#isWelcome({ id: from, metadata }, sinceMs);
    // A later stay of the same remote may have taken the place of this question.
    if (this.#asking.get(from) !== question) return;
    this.#asking.delete(from);
    if (!isWelcome || this.#isClosed || this.#entries.has(from)) return;
    const member: Member = { id: from, metadata, sinceMs };
    const handshake = this.#newHandshake(from);
    this.#entries.set(from, { member, handshake });
    if (!this.#port.admitted(member)) return void this.#entries.delete(from);
    const done = question.step(handshake);
    for (const candidates of question.candidates) handshake.onCandidates(candidates);
    await done;
  }

  async #isWelcome(candidate: Candidate, sinceMs: number): Promise<boolean> {
    try {
      if (await this.#port.verify(candidate)) return true;
      this.#refused.set(candidate.id, sinceMs);
    } catch (error) {
      this.#refused.set(candidate.id, sinceMs);
      this.#port.error(new MeshworkError('verify-failed', undefined, { cause: error }));
    }
    return false;
  }

  #newHandshake(id: string): Handshake {
    const { platform, selfId } = this.#options;
    return new Handshake(platform, selfId < id, {
      introduce: () => this.#port.introduce(id),
      send: (message) => {
        // Our own sessions are sessions we have seen: a reflected or late `lost` can name them.
        this.#seenSessions.set(message.session, true);
        this.#sendInSession(id, message);
      },
      failed: (error) => {
        this.#entries.delete(id);
        this.#port.dropped(id, error);
      },
    });
  }

  #countBadMessage(): void {
    this.#badMessages += 1;
    const nowMs = this.#options.platform.nowMs();
    if (nowMs - this.#badMessageReportedMs < BAD_MESSAGE_REPORT_MS) return;
    this.#badMessageReportedMs = nowMs;
    this.#port.error(
      new MeshworkError(
        'bad-message',
        `The bus carried bytes that are no message of ours; ${this.#badMessages} so far were dropped. Is something else using this room's topics?`,
      ),
    );
  }
}
