/**
 * Room: this page's place in one chat room. The only file that knows Meshwork.
 * Owns: the signaling socket, the peer, the channel. Not: the page; it tells what happened, and
 * main.ts draws it.
 * Used by: main.ts.
 */

import { MeshworkError, Peer, type RemotePeer, SocketIoDriver } from 'meshwork';
import { io } from 'socket.io-client';
import { cleanName, cleanText } from './text.ts';

/** The data channel that carries messages: plain strings, so that any peer can take part. */
const LABEL = 'chat';
/** How long joining may take before we tell the person that it does not work. */
const JOIN_TIMEOUT_MS = 8_000;

type Metadata = { name: string };

/** Somebody else in the room. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly state: RTCPeerConnectionState;
  readonly connection: RTCPeerConnection;
}

export type RoomEvent =
  | { readonly type: 'person-joined'; readonly person: Person }
  | { readonly type: 'person-changed'; readonly person: Person }
  | { readonly type: 'person-left'; readonly person: Person }
  | { readonly type: 'person-lost'; readonly person: Person }
  | { readonly type: 'person-unreachable' }
  | { readonly type: 'message-arrived'; readonly person: Person; readonly text: string }
  | { readonly type: 'signaling-lost' }
  | { readonly type: 'signaling-restored' };

export class Room {
  readonly #peer: Peer<Metadata>;
  /** Ids of those whose channel is open: they read what we write. */
  readonly #readers = new Set<string>();

  /**
   * @param server - address of the signaling server
   * @param tell - called with each event, in the order in which things happened
   */
  constructor(server: string, tell: (event: RoomEvent) => void) {
    // WebSocket alone: the page's security policy lets it reach other servers in no other way.
    const socket = io(server, { transports: ['websocket'] });
    const driver = new SocketIoDriver({ socket, prefix: 'meshwork:' });
    this.#peer = new Peer<Metadata>({ driver });

    this.#peer.on('channel:open', ({ remote, label }) => {
      if (label !== LABEL || this.#readers.has(remote.id)) return;
      this.#readers.add(remote.id);
      tell({ type: 'person-joined', person: personOf(remote) });
    });
    this.#peer.on('channel:message', ({ remote, label, data }) => {
      if (label !== LABEL || typeof data !== 'string') return;
      tell({ type: 'message-arrived', person: personOf(remote), text: cleanText(data) });
    });
    this.#peer.on('connection', ({ remote, state }) => {
      const person = personOf(remote);
      const isOver = state === 'closed' || state === 'failed';
      if (!isOver || !this.#readers.delete(person.id)) tell({ type: 'person-changed', person });
      else tell({ type: state === 'closed' ? 'person-left' : 'person-lost', person });
    });
    this.#peer.on('error', ({ error }) => {
      // Meshwork goes on trying by itself; a person can do something only about this one.
      if (error.code === 'connection-timeout') tell({ type: 'person-unreachable' });
    });
    this.#peer.on('signaling:down', () => tell({ type: 'signaling-lost' }));
    this.#peer.on('signaling:up', () => tell({ type: 'signaling-restored' }));
  }

  /** Our own peer id. */
  get id(): string {
    return this.#peer.id;
  }

  /** The others, those still connecting among them. */
  get people(): Person[] {
    const people = [...this.#peer.connections.values()].map(personOf);
    return people.filter(({ state }) => state !== 'closed');
  }

  /**
   * Resolves once the others can find us.
   *
   * @throws MeshworkError `signaling-failed`, `signaling-timeout`; a TimeoutError when it takes too
   * long. Joining may be tried again.
   */
  async join(room: string, name: string): Promise<void> {
    await this.#peer.open({ label: LABEL });
    const signal = AbortSignal.timeout(JOIN_TIMEOUT_MS);
    await this.#peer.join({ room, metadata: { name }, signal });
  }

  async leave(): Promise<void> {
    await this.#peer.leave();
    this.#readers.clear();
  }

  /** Resolves to the number of people to whom the message is on its way. */
  async say(text: string): Promise<number> {
    const readers = this.#readers.size;
    if (readers > 0) await this.#peer.send(text, { label: LABEL });
    return readers;
  }
}

/** A remote's metadata is whatever it sent: trust neither its shape nor its text. */
function personOf(remote: RemotePeer<Metadata>): Person {
  const metadata: unknown = remote.metadata;
  const name = cleanName((metadata as Partial<Metadata> | null | undefined)?.name) || 'Somebody';
  return { id: remote.id, name, state: remote.state, connection: remote.connection };
}

/** Why something failed, in words for the person at the screen. */
export function explain(error: unknown): string {
  const reason = error instanceof MeshworkError ? error.code : (error as Error).name;
  switch (reason) {
    case 'signaling-failed':
    case 'signaling-timeout':
    case 'TimeoutError':
      return 'The signaling server cannot be reached.';
    case 'webrtc-unavailable':
      return 'This browser has no WebRTC, or it is switched off.';
    case 'message-too-large':
      return 'The message is too long.';
    default:
      return (error as Error).message;
  }
}
