/**
 * Membership: who is in the room. Announces us, hears others, lets in whom the app wants, and runs
 * one handshake per remote.
 * Owns: what we say and hear on the bus, the handshakes. Not: connections (they come in as
 * Introductions through the port), verdicts (doorkeeper.ts), replays (replay-guard.ts).
 * Used by: room-session.ts. Rules: PROTOCOL.md, SG3 to SG14.
 */

import { Seldom } from '../async/seldom.ts';
import { asMeshworkError, ERROR_CODES, MeshworkError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { Announcer } from './announcer.ts';
import { Bus } from './bus.ts';
import { Calls } from './calls.ts';
import { Doorkeeper, type Member, type Verify } from './doorkeeper.ts';
import type { Driver } from './driver.ts';
import { Handshake, type Introduction } from './handshake.ts';
import { type Announce, type Candidates, type Lost, type Offer, parseMessage } from './messages.ts';
import { inboxNamespace, roomNamespace } from './namespace.ts';
import { Outbox, type Self } from './outbox.ts';
import { ReplayGuard } from './replay-guard.ts';

/** Candidate messages kept for a remote while `verify` is being asked about it. */
const MAX_WAITING_CANDIDATES = 8;
/** What strangers cause is reported at most once in this time; they must not flood the app. */
const REPORT_GAP_MS = 5_000;

export interface MembershipPort {
  /** Whether to let this remote in. Asked once per remote and stay. */
  readonly verify: Verify;
  /** A remote was let in; a connection is about to be attempted. False: there can be none. */
  admitted(member: Member): boolean;
  /** Starts a (further) attempt at a connection with an admitted remote. */
  introduce(id: string): Introduction;
  /** The remote gave up, came back as a new stay, or the handshake failed. Then it is forgotten. */
  dropped(id: string, reason: 'replaced' | 'left' | MeshworkError): void;
  signalingUp(): void;
  signalingDown(): void;
  error(error: MeshworkError): void;
}

export interface MembershipOptions extends Self {
  readonly driver: Driver;
  readonly platform: Platform;
  /** How long one driver call may take, in ms; 0 is for ever. */
  readonly timeoutMs: number;
  /** Remotes at most; announces and offers beyond are refused. */
  readonly maxPeers: number;
}

interface Entry {
  readonly member: Member;
  readonly handshake: Handshake;
}

/** What to do with a remote that is let in: offer to it, or answer its offer. */
type Step = (handshake: Handshake) => Promise<void>;

/** A remote whose `verify` is being asked. */
interface Waiting {
  readonly sinceMs: number;
  step: Step;
  /** What came for it meanwhile. */
  readonly candidates: Candidates[];
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #port: MembershipPort;
  readonly #bus: Bus;
  readonly #outbox: Outbox;
  readonly #announcer: Announcer;
  readonly #calls: Calls;
  readonly #doorkeeper: Doorkeeper;
  readonly #guard = new ReplayGuard();
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #badMessages: Seldom;
  readonly #refusals: Seldom;
  #isClosed = false;

  constructor(options: MembershipOptions, port: MembershipPort) {
    const { driver, platform, timeoutMs, maxPeers } = options;
    this.#options = options;
    this.#port = port;
    this.#badMessages = new Seldom(platform, REPORT_GAP_MS);
    this.#refusals = new Seldom(platform, REPORT_GAP_MS);
    this.#doorkeeper = new Doorkeeper(port.verify, (error) => port.error(error));
    this.#bus = new Bus(driver, platform, timeoutMs, {
      up: () => {
        port.signalingUp();
        this.#announcer.again();
      },
      down: () => port.signalingDown(),
      garbage: () => this.#reportBadMessage(),
      error: (error) => port.error(error),
    });
    this.#outbox = new Outbox(this.#bus, options, (error) => this.#reportFailure(error));
    this.#announcer = new Announcer(platform, {
      announce: (signal) => this.#outbox.announce(signal),
      isAlone: () => this.#entries.size === 0,
      isSpeaker: () => this.#isSpeaker(),
      failed: (error) => this.#reportFailure(error),
    });
    this.#calls = new Calls(platform, maxPeers, {
      hasMet: (id) => this.#entries.has(id),
      announceTo: (id) => this.#outbox.announceTo(id),
    });
  }

  /**
   * [SG3] Subscribes, then announces. Resolves when the announce is on the bus.
   *
   * @throws MeshworkError `signaling-failed` or `signaling-timeout`; or the signal's reason
   */
  async join(signal?: AbortSignal): Promise<void> {
    const { room, selfId } = this.#options;
    this.#bus.open();
    await Promise.all([
      this.#bus.subscribe(roomNamespace(room), (bytes) => this.#hear(bytes, 'room'), signal),
      this.#bus.subscribe(
        inboxNamespace(room, selfId),
        (bytes) => this.#hear(bytes, 'inbox'),
        signal,
      ),
    ]);
    if (!this.#isClosed) await this.#announcer.start(signal);
  }

  /** Stops announcing and hearing, closes every handshake. Never rejects. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#announcer.close();
      this.#calls.close();
      for (const { handshake } of this.#entries.values()) handshake.close();
      this.#entries.clear();
    }
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
    this.#entries.delete(id);
    handshake?.close();
    return handshake?.session;
  }

  /** [SG13] Tells a remote that the connection of this session broke here. */
  tellLost(id: string, session: string): void {
    if (!this.#entries.has(id)) this.#outbox.tellLost(id, session);
  }

  /** [SG14] Another member knows these peers; we call on those that we do not meet. */
  hint(ids: readonly string[]): void {
    for (const id of ids) if (id !== this.#options.selfId) this.#calls.start(id);
  }

  /** Calls on a peer later: there was no room for a connection to it. */
  callLater(id: string, delayMs: number): void {
    this.#calls.start(id, delayMs);
  }

  /**
   * [SG6] Whether ours is the lowest id of those we know: so a room that a lossy bus split into
   * groups has a voice in each, and they find each other.
   */
  #isSpeaker(): boolean {
    return Array.from(this.#entries.keys()).every((id) => this.#options.selfId < id);
  }

  // --- what we hear

  #hear(bytes: Uint8Array<ArrayBuffer>, where: 'room' | 'inbox'): void {
    if (this.#isClosed) return;
    const message = parseMessage(bytes);
    // [SG2] Only an announce is for everybody: one offer to the room must not make them all connect.
    if (!message || (where === 'room' && message.type !== 'announce')) {
      return this.#reportBadMessage();
    }
    const { from } = message;
    if (from === this.#options.selfId) return;
    switch (message.type) {
      case 'announce':
        if (!this.#guard.isNews(message, this.#options.platform.nowMs())) return;
        return void this.#admit(message, (handshake) => handshake.offer());
      case 'offer':
        return this.#onOffer(message);
      case 'answer':
        return void this.#entries.get(from)?.handshake.onAnswer(message);
      case 'candidates':
        return this.#onCandidates(message);
      case 'bye':
        return this.#onBye(from, message.session);
      case 'lost':
        return this.#onLost(message);
    }
  }

  #onOffer(offer: Offer): void {
    const { from, session } = offer;
    const entry = this.#entries.get(from);
    if (entry?.handshake.session === session) return void entry.handshake.onOffer(offer);
    // [SG12] A session is opened once; the same offer later is a replay.
    if (this.#guard.hasSeen(session)) return;
    this.#guard.see(session);
    void this.#admit(offer, (handshake) => handshake.onOffer(offer));
  }

  #onCandidates(message: Candidates): void {
    const waiting = this.#waiting.get(message.from)?.candidates;
    if (!waiting) this.#entries.get(message.from)?.handshake.onCandidates(message);
    else if (waiting.length < MAX_WAITING_CANDIDATES) waiting.push(message);
  }

  #onBye(from: string, session: string): void {
    const handshake = this.#entries.get(from)?.handshake;
    if (handshake?.session !== session || handshake.phase === 'connected') return;
    handshake.close(false);
    this.#drop(from, 'left');
  }

  /** [SG13] Only the session we believe alive counts, so an old message breaks nothing. */
  #onLost(lost: Lost): void {
    const entry = this.#entries.get(lost.from);
    if (entry && entry.handshake.session !== lost.session) return;
    if (!entry && !this.#guard.hasSeen(lost.session)) return;
    if (entry) this.#drop(lost.from, 'replaced');
    void this.#admit(lost, (handshake) => handshake.offer());
  }

  /** Lets a remote in, asking `verify` once per stay, then takes the step. */
  async #admit(message: Announce | Offer | Lost, step: Step): Promise<void> {
    const { from, sinceMs, metadata } = message;
    const known = this.#entries.get(from);
    if (known && known.member.sinceMs > sinceMs) return;
    if (known?.member.sinceMs === sinceMs) return step(known.handshake);
    const claimed: Member = { id: from, metadata, sinceMs };
    if (this.#doorkeeper.hasRefused(claimed)) return;
    const asked = this.#waiting.get(from);
    if (asked && asked.sinceMs > sinceMs) return;
    if (asked?.sinceMs === sinceMs) {
      // The remote's own offer, if it came meanwhile, is the better way in.
      if (message.type === 'offer') asked.step = step;
      return;
    }
    if (!known && this.#isFull()) return this.#reportFull();
    if (known) this.#drop(from, 'replaced');
    const waiting: Waiting = { sinceMs, step, candidates: [] };
    this.#waiting.set(from, waiting);
    const member = await this.#doorkeeper.admit(claimed);
    // A later stay of the same remote may have taken the place of this question.
    if (this.#waiting.get(from) !== waiting) return;
    this.#waiting.delete(from);
    if (!member || this.#isClosed || this.#entries.has(from)) return;
    const handshake = this.#newHandshake(from);
    this.#entries.set(from, { member, handshake });
    if (!this.#port.admitted(member)) return void this.#entries.delete(from);
    const done = waiting.step(handshake);
    for (const candidates of waiting.candidates) this.#onCandidates(candidates);
    await done;
  }

  #newHandshake(id: string): Handshake {
    const { platform, selfId } = this.#options;
    return new Handshake(platform, selfId < id, {
      introduce: () => this.#port.introduce(id),
      send: (message) => {
        // Our own sessions are sessions we have seen: a reflected or late message can name them.
        this.#guard.see(message.session);
        this.#outbox.sendInSession(id, message);
      },
      failed: (error) => this.#drop(id, error),
    });
  }

  /** The port first, while the session can still be asked for; then it is forgotten. */
  #drop(id: string, reason: 'replaced' | 'left' | MeshworkError): void {
    const handshake = this.#entries.get(id)?.handshake;
    this.#port.dropped(id, reason);
    if (this.#entries.get(id)?.handshake === handshake) this.forget(id);
  }

  // --- what goes wrong

  #isFull(): boolean {
    return this.#entries.size + this.#waiting.size >= this.#options.maxPeers;
  }

  #reportFull(): void {
    const { maxPeers } = this.#options;
    this.#refusals.do((count) =>
      this.#port.error(
        new MeshworkError(
          'limit-reached',
          `limits.peers is ${maxPeers}; refused so far: ${count}.`,
        ),
      ),
    );
  }

  #reportBadMessage(): void {
    this.#badMessages.do((count) =>
      this.#port.error(
        new MeshworkError('bad-message', `${ERROR_CODES['bad-message']} So far: ${count}.`),
      ),
    );
  }

  /** A failure that nobody awaits; after leaving there is nobody to tell. */
  #reportFailure(error: unknown): void {
    if (!this.#isClosed) this.#port.error(asMeshworkError(error, 'signaling-failed'));
  }
}
