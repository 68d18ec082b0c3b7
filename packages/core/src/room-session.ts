/**
 * RoomSession: one stay in a room, from join to leave. Wires membership (who is here) to remotes
 * (how we are connected), and decides what happens when a connection is lost.
 * Owns: the remotes of this stay. Not: what the app wants open, which outlives a stay (peer.ts).
 * Used by: peer.ts.
 */

import { Recent } from './async/recent.ts';
import { Repeats } from './async/repeats.ts';
import { debugLog } from './debug.ts';
import { asMeshworkError, MeshworkError } from './errors.ts';
import type { RemoteFact } from './events.ts';
import type { JoinSettings, Settings } from './options.ts';
import type { Platform } from './platform.ts';
import { type EndReason, Remote } from './remote.ts';
import { Membership } from './signaling/membership.ts';
import type { ChannelInit } from './wire/channel-options.ts';

/** How often, and for how long, we tell a remote that its connection broke. */
const RETRY = { firstMs: 500, maxMs: 8_000, attempts: 5 } as const;
/** The first gap grows with every failure in a row, up to this. */
const MAX_FIRST_RETRY_MS = 60_000;
/** As many remotes' failures as we count. */
const COUNTED_FAILURES = 256;

export interface RoomPort {
  /** What to open with every remote. */
  channels(): Iterable<ChannelInit>;
  emit(remote: Remote, fact: RemoteFact): void;
  signaling(isUp: boolean): void;
  error(error: MeshworkError): void;
}

export interface RoomOptions {
  readonly settings: Settings;
  readonly join: JoinSettings;
  readonly platform: Platform;
  readonly selfId: string;
  readonly sinceMs: number;
}

export class RoomSession {
  readonly #options: RoomOptions;
  readonly #port: RoomPort;
  readonly #membership: Membership;
  readonly #remotes = new Map<string, Remote>();
  /** Lost remotes that we still try to reach. */
  readonly #retries: Repeats;
  /** How often in a row the connection to a remote failed. */
  readonly #failures = new Recent<number>(COUNTED_FAILURES);
  readonly #stopPageEvents: () => void;
  #isOver = false;

  constructor(options: RoomOptions, port: RoomPort) {
    this.#options = options;
    this.#port = port;
    const { settings, join, platform, selfId, sinceMs } = options;
    this.#retries = new Repeats(platform);
    this.#membership = new Membership(
      {
        driver: settings.driver,
        platform,
        selfId,
        room: join.room,
        metadata: join.metadata,
        sinceMs,
        timeoutMs: settings.timeoutMs,
        maxPeers: settings.maxPeers,
      },
      {
        verify: join.verify,
        admitted: (member) => this.#admit(member),
        introduce: (id) => this.#require(id).introduce(),
        dropped: (id, reason) => this.#remotes.get(id)?.end(reason),
        signalingUp: () => port.signaling(true),
        signalingDown: () => port.signaling(false),
        error: (error) => port.error(error),
      },
    );
    this.#stopPageEvents = platform.onPageAway({
      away: () => this.#disconnectAll(),
      back: () => this.#membership.announceAgain(),
    });
  }

  get remotes(): ReadonlyMap<string, Remote> {
    return this.#remotes;
  }

  /** Resolves once announced. On failure the stay is over and nothing is left of it. */
  async join(signal: AbortSignal): Promise<void> {
    try {
      await this.#membership.join(signal);
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  /** Says bye, closes everything at once, then unsubscribes. Never rejects. */
  async leave(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#stopPageEvents();
      this.#disconnectAll();
    }
    await this.#membership.close();
  }

  #disconnectAll(): void {
    this.#retries.stopAll();
    for (const remote of this.#remotes.values()) {
      remote.sayBye();
      remote.end('left');
    }
  }

  #admit(member: { id: string; metadata: unknown; sinceMs: number }): boolean {
    const { settings, platform, selfId } = this.#options;
    const { id } = member;
    this.#retries.stop(id);
    try {
      const remote: Remote = new Remote(
        {
          platform,
          member,
          configuration: settings.configuration,
          candidateWindowMs: settings.candidateWindowMs,
          timeoutMs: settings.timeoutMs,
          maxChannels: settings.maxChannels,
          // The lower id wins collisions in the handshake, so it is the impolite one here too.
          isPolite: selfId > id,
          log: debugLog(`meshwork:connection:${id.slice(0, 6)}`),
        },
        this.#port.channels(),
        {
          candidates: (candidates) => this.#membership.sendCandidates(id, candidates),
          connected: () => this.#onConnected(remote),
          members: (ids) => this.#membership.hint(ids),
          ended: (reason) => this.#onEnded(remote, reason),
          emit: (fact) => this.#port.emit(remote, fact),
          error: (error) => this.#port.error(error),
        },
      );
      this.#remotes.set(id, remote);
      remote.start();
      return !this.#isOver && this.#remotes.get(id) === remote;
    } catch (error) {
      // Chromium counts closed connections until they are collected; later there may be room.
      this.#membership.callLater(id, this.#nextRetryMs(id));
      this.#port.error(asMeshworkError(error, 'connection-failed'));
      return false;
    }
  }

  #onConnected(remote: Remote): void {
    this.#membership.connected(remote.id);
    this.#failures.set(remote.id, 0);
    const others = Array.from(this.#remotes.values()).filter(
      (other) => other !== remote && other.state === 'connected',
    );
    remote.tellMembers(others.map(({ id }) => id));
  }

  #onEnded(remote: Remote, reason: EndReason): void {
    const { id } = remote;
    if (this.#remotes.get(id) !== remote) return;
    this.#remotes.delete(id);
    const session = this.#membership.forget(id);
    if (this.#isOver || !(reason instanceof MeshworkError)) return;
    // A remote that may never have heard of this session would make nothing of its loss.
    if (remote.wasConnected && session) this.#retry(id, session);
    else this.#membership.callLater(id, this.#nextRetryMs(id));
  }

  /** [SG13] Tells a remote that did not say bye that we lost it, until it offers again. */
  #retry(id: string, session: string): void {
    const firstMs = this.#nextRetryMs(id);
    const maxMs = Math.max(RETRY.maxMs, firstMs);
    this.#retries.start(id, { ...RETRY, firstMs, maxMs }, () => {
      this.#membership.tellLost(id, session);
      return true;
    });
  }

  /** How long to wait after this failure: longer with each in a row. */
  #nextRetryMs(id: string): number {
    const failures = this.#failures.get(id) ?? 0;
    this.#failures.set(id, failures + 1);
    return Math.min(RETRY.firstMs * 4 ** failures, MAX_FIRST_RETRY_MS);
  }

  #require(id: string): Remote {
    const remote = this.#remotes.get(id);
    if (!remote) throw new MeshworkError('peer-gone');
    return remote;
  }
}
