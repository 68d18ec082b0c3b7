/**
 * SocketIoDriver: signaling over a Socket.IO client that the application made.
 * Owns: its subscriptions, its acknowledgement timers, which word the server knows for publishing.
 * Not: connecting and reconnecting; that is the client's. The server's side is on
 * docs/drivers/socket-io.md.
 */

import { MeshworkError } from '../errors.ts';
import {
  Driver,
  type DriverHandler,
  type DriverMessage,
  fromDriverPayload,
  type Namespace,
} from '../signaling/driver.ts';

/** What the driver uses of a socket; socket.io-client 2, 3 and 4 have it. */
export interface SocketIoClient {
  readonly connected: boolean;
  /** Packets that wait for a connection. */
  readonly sendBuffer?: unknown[];
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
}

export interface SocketIoDriverOptions {
  /** The client: `io(url)`. It stays the application's to close. */
  readonly socket: SocketIoClient;
  /** Stands before each event's name. Default: `''`. */
  readonly prefix?: string;
  /** How long the server may take to acknowledge, in milliseconds. Default: 10,000. */
  readonly ackTimeout?: number;
}

interface Topic {
  readonly handlers: Set<DriverHandler>;
  /** The server's first answer. */
  readonly ready: Promise<Failure>;
  /** Resolves `ready`; gone when that is done. */
  settle: ((failure: Failure) => void) | undefined;
}

/** What went wrong, or undefined. Inside, failures are values: several may be waited for at once. */
type Failure = MeshworkError | undefined;

/** What @meshwork/server takes; a plain Socket.IO server takes more, also as base64 when polling. */
const MAX_PAYLOAD_BYTES = 65_536;

/** A topic that no namespace can spell, so that nobody is subscribed to it. */
const PROBE_TOPIC = '?';

/** The server knows sockets, not drivers: drivers on one socket share its subscriptions. */
const driversBySocket = new WeakMap<SocketIoClient, Set<SocketIoDriver>>();

/**
 * Signaling through your own Socket.IO server.
 *
 * @example
 * const driver = new SocketIoDriver({ socket: io('https://example.org'), prefix: 'meshwork:' });
 */
export class SocketIoDriver extends Driver {
  /** The largest payload, in bytes. */
  static readonly maxPayloadBytes: number = MAX_PAYLOAD_BYTES;

  readonly #socket: SocketIoClient;
  readonly #prefix: string;
  readonly #ackTimeoutMs: number;
  readonly #siblings: Set<SocketIoDriver>;
  readonly #listeners: readonly (readonly [string, (...args: unknown[]) => void])[];
  readonly #topics = new Map<string, Topic>();
  /** The questions that the server has not answered. */
  readonly #asked = new Set<(failure: Failure) => void>();
  /** Which connection this is: what began in an older one is given up. */
  #era = 0;
  #publishWord: string | undefined;
  #learning: Promise<Failure> | undefined;

  constructor({ socket, prefix = '', ackTimeout = 10_000 }: SocketIoDriverOptions) {
    super();
    this.#socket = socket;
    this.#prefix = prefix;
    this.#ackTimeoutMs = ackTimeout;
    this.#siblings = driversBySocket.get(socket) ?? new Set();
    driversBySocket.set(socket, this.#siblings.add(this));
    const fail = (cause: unknown) => this.emit('error', cause);
    this.#listeners = [
      ['connect', () => void this.#restore()],
      [
        'disconnect',
        (reason) => {
          this.#lose(notConnected());
          // The one loss after which the client does not come back by itself.
          if (reason === 'io server disconnect') fail(reason);
        },
      ],
      ['connect_error', fail],
      ['error', fail], // how version 2 reports a refusal
      [`${prefix}message`, (topic, payload) => this.#deliver(topic as string, payload)],
    ];
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    if (socket.connected) void this.#restore();
  }

  override async subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    if (!this.#siblings.has(this)) throw new MeshworkError('driver-destroyed');
    const name = namespace.join(':');
    let topic = this.#topics.get(name);
    if (!topic) {
      let settle: Topic['settle'];
      const ready = new Promise<Failure>((resolve) => {
        settle = resolve;
      });
      topic = { handlers: new Set(), ready, settle };
      this.#topics.set(name, topic);
      // Otherwise the connection, when it comes, begins with it.
      if (this.#socket.connected) void this.#enter(name, topic);
    }
    topic.handlers.add(handler);
    const failure = await topic.ready;
    if (!failure) return;
    if (this.#topics.get(name) === topic) this.#leave(name);
    throw failure;
  }

  /** Resolves at once: what the server still sends finds no handler. */
  override async unsubscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    const name = namespace.join(':');
    const topic = this.#topics.get(name);
    if (!topic?.handlers.delete(handler) || topic.handlers.size > 0) return;
    this.#leave(name);
    topic.settle?.(new MeshworkError('aborted'));
  }

  override async publish(namespace: Namespace, message: DriverMessage): Promise<void> {
    if (message.byteLength > MAX_PAYLOAD_BYTES) throw new MeshworkError('payload-too-large');
    // Copied before the first wait; binary, because numbers in JSON are three times the size.
    const bytes = message.slice();
    await this.#learning;
    const failure = await this.#ask(this.#publishWord ?? 'publish', namespace.join(':'), bytes);
    if (failure) throw failure;
  }

  override destroy(): void {
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
    const error = new MeshworkError('driver-destroyed');
    for (const [name, topic] of this.#topics) {
      this.#leave(name);
      topic.settle?.(error);
    }
    this.#siblings.delete(this);
    this.#lose(error);
    void super.destroy();
  }

  #deliver(name: string, payload: unknown): void {
    for (const handler of this.#topics.get(name)?.handlers ?? []) {
      const bytes = fromDriverPayload(payload, MAX_PAYLOAD_BYTES);
      if (bytes) handler(bytes);
    }
  }

  /** A connection is there: everything is put in place again, and only then `active`. */
  async #restore(): Promise<void> {
    this.#era += 1;
    const era = this.#era;
    this.#publishWord = undefined;
    let failures: readonly Failure[];
    do {
      this.#learning = this.#learnPublishWord();
      const topics = Array.from(this.#topics, ([name, topic]) => this.#enter(name, topic));
      failures = await Promise.all([this.#learning, ...topics]);
      if (era !== this.#era) return;
      for (const failure of failures) if (failure) this.emit('error', failure);
    } while (failures.some(isTimeout)); // each round takes ackTimeout; a refusal is final
    this.active = true;
  }

  #lose(error: MeshworkError): void {
    this.#era += 1;
    this.active = false;
    for (const end of this.#asked) end(error);
  }

  /** Subscribes on the server. The first answer goes to `subscribe`, later ones to `#restore`. */
  async #enter(name: string, topic: Topic): Promise<Failure> {
    const era = this.#era;
    const failure = await this.#ask('subscribe', name);
    if (era !== this.#era) return undefined; // the next connection asks again
    if (!topic.settle) return failure;
    topic.settle(failure);
    topic.settle = undefined;
    return undefined;
  }

  /** Forgets a topic, and tells the server unless a driver on the same socket still needs it. */
  #leave(name: string): void {
    this.#topics.delete(name);
    for (const sibling of this.#siblings) {
      if (sibling.#prefix === this.#prefix && sibling.#topics.has(name)) return;
    }
    // No need to wait, but some servers call the acknowledgement without looking.
    if (this.#socket.connected) this.#socket.emit(`${this.#prefix}unsubscribe`, name, () => {});
  }

  /**
   * Finds out, once for each connection, whether the server listens to `publish` or to the older
   * `dispatch`. Socket.IO ignores an event that nobody listens to, so each word is tried with an
   * empty payload on a topic that nobody has, and the one answered first is used. Trying with real
   * payloads would deliver them twice, or hold the first one back for ackTimeout.
   */
  #learnPublishWord(): Promise<Failure> {
    const answers = ['publish', 'dispatch'].map(async (word) => {
      const failure = await this.#ask(word, PROBE_TOPIC, []);
      if (isTimeout(failure)) return failure;
      // A server that refuses the topic knows the word.
      this.#publishWord ??= word;
      return undefined;
    });
    return Promise.race(answers);
  }

  /** Sends an event; resolves when the server has acknowledged it, or with what went wrong. */
  #ask(event: string, ...args: unknown[]): Promise<Failure> {
    return new Promise((resolve) => {
      const socket = this.#socket;
      if (!this.#siblings.has(this)) return resolve(new MeshworkError('driver-destroyed'));
      if (!socket.connected) return resolve(notConnected());
      const end = (failure: Failure) => {
        clearTimeout(timer);
        this.#asked.delete(end);
        resolve(failure);
      };
      const timer = setTimeout(() => {
        end(new MeshworkError('signaling-timeout', `The server did not acknowledge "${event}".`));
      }, this.#ackTimeoutMs);
      this.#asked.add(end);
      const heldCount = socket.sendBuffer?.length ?? 0;
      socket.emit(this.#prefix + event, ...args, (...answer: unknown[]) => end(refusal(answer)));
      // Version 4 holds packets back when it suspects the connection, and would send them later.
      if (socket.sendBuffer && socket.sendBuffer.length > heldCount) {
        socket.sendBuffer.pop();
        end(notConnected());
      }
    });
  }
}

function isTimeout(failure: Failure): boolean {
  return failure?.code === 'signaling-timeout';
}

function notConnected(): MeshworkError {
  return new MeshworkError('signaling-failed', 'The socket is not connected.');
}

/**
 * The error in an acknowledgement, if it carries one: a string, or an object with `message` or
 * `error`. An Error itself loses its text on the way and arrives as `{}`.
 */
function refusal(answers: readonly unknown[]): Failure {
  // A client with its own ackTimeout puts a null in front.
  const cause = answers.find((answer) => answer != null);
  const isRefusal =
    typeof cause === 'object' && cause
      ? 'message' in cause || 'error' in cause || !Object.keys(cause).length
      : typeof cause === 'string' && cause;
  if (!isRefusal) return undefined;
  return new MeshworkError('signaling-failed', `Refused: ${JSON.stringify(cause)}`, { cause });
}
