/**
 * Outbox: what we say on the bus, in our name.
 * Owns: our sequence of announces. Not: when to say what.
 * Used by: membership.ts.
 */

import type { Bus } from './bus.ts';
import type { HandshakeMessage } from './handshake.ts';
import { type Announce, type Message, serialiseMessage } from './messages.ts';
import { inboxNamespace, roomNamespace } from './namespace.ts';

/** Who we are in this stay. */
export interface Self {
  readonly selfId: string;
  readonly room: string;
  readonly metadata: unknown;
  /** When we joined, in ms since the epoch; greater than in every earlier stay of this peer. */
  readonly sinceMs: number;
}

export class Outbox {
  readonly #bus: Bus;
  readonly #self: Self;
  readonly #failed: (error: unknown) => void;
  #sequence = 0;

  /** @param failed - told when a message that nobody awaits did not go out */
  constructor(bus: Bus, self: Self, failed: (error: unknown) => void) {
    this.#bus = bus;
    this.#self = self;
    this.#failed = failed;
  }

  /** Announces us to the room. @throws MeshworkError, as Bus.publish does */
  announce(signal?: AbortSignal): Promise<void> {
    const bytes = serialiseMessage(this.#newAnnounce());
    return this.#bus.publish(roomNamespace(this.#self.room), bytes, signal);
  }

  /** Announces us to one peer. */
  announceTo(id: string): void {
    this.#send(id, this.#newAnnounce());
  }

  /** Tells a peer that the connection of this session broke here. */
  tellLost(id: string, session: string): void {
    const { metadata, selfId: from, sinceMs } = this.#self;
    this.#send(id, { type: 'lost', from, session, sinceMs, metadata });
  }

  /** Sends a message of a handshake. */
  sendInSession(id: string, message: HandshakeMessage): void {
    const { metadata, selfId: from, sinceMs } = this.#self;
    if (message.type === 'offer') this.#send(id, { ...message, from, sinceMs, metadata });
    else this.#send(id, { ...message, from });
  }

  #newAnnounce(): Announce {
    this.#sequence += 1;
    const { selfId: from, metadata, sinceMs } = this.#self;
    return { type: 'announce', from, sinceMs, sequence: this.#sequence, metadata };
  }

  #send(to: string, message: Message): void {
    this.#bus
      .publish(inboxNamespace(this.#self.room, to), serialiseMessage(message))
      .catch((error) => this.#failed(error));
  }
}
