/**
 * Testing: guests, peers in one page that remember everything they hear, so that a test can wait
 * for an event whether it is still to come or has passed. Not part of the package.
 * Used by: *.browser.test.ts.
 */

import {
  type Driver,
  MemoryDriver,
  type MeshworkError,
  type MeshworkErrorCode,
  Peer,
  type PeerOptions,
  type RemotePeer,
  type WebRtc,
} from './index.ts';

/** How long a test waits for something that should happen soon; the machine may be busy. */
export const PATIENCE_MS = 10_000;

/** What an event may carry; which fields there are is what the tests check. */
export interface Payload {
  readonly id: string;
  readonly name: string;
  readonly state?: string | undefined;
  readonly remote?: RemotePeer | undefined;
  readonly channel?: RTCDataChannel | undefined;
  readonly label?: string | undefined;
  readonly data?: unknown;
  readonly error?: MeshworkError | undefined;
}

/** One call of a handler. */
export interface Heard {
  /** The name that was listened to: a group or a specific event. */
  readonly on: string;
  /** `'peer'`, or the id of the remote it was heard on. */
  readonly at: string;
  readonly payload: Payload;
  /** The remote's state at that moment. */
  readonly stateThen: string | undefined;
}

export const CONNECTION_NAMES = [
  'connection',
  'connection:new',
  'connection:connecting',
  'connection:connected',
  'connection:disconnected',
  'connection:failed',
  'connection:closed',
] as const;

export const CHANNEL_NAMES = [
  'channel',
  'channel:new',
  'channel:open',
  'channel:close',
  'channel:message',
  'channel:error',
] as const;

type Wanted = (payload: Payload) => boolean;

/** A peer with a memory. */
export class Guest {
  readonly peer: Peer;
  readonly heard: Heard[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(options: PeerOptions) {
    this.peer = new Peer(options);
    for (const name of [...CONNECTION_NAMES, ...CHANNEL_NAMES]) {
      this.peer.on(name, (payload) => this.#note(name, 'peer', payload, payload.remote));
    }
    this.peer.on('error', (payload) => this.#note('error', 'peer', payload, undefined));
    this.peer.on('connection:new', ({ remote }) => {
      for (const name of [...CONNECTION_NAMES, ...CHANNEL_NAMES]) {
        remote.on(name, (payload) => this.#note(name, remote.id, payload, remote));
      }
    });
  }

  get id(): string {
    return this.peer.id;
  }

  /** The names heard on the peer, group and specific, in order. */
  names(group: 'connection' | 'channel'): string[] {
    return this.heard.filter(({ at, on }) => at === 'peer' && on.startsWith(group)).map(nameOf);
  }

  /** Every event of this specific name so far. */
  all(name: string, wanted: Wanted = () => true): Payload[] {
    return this.heard
      .filter(({ at, on, payload }) => at === 'peer' && on === name && wanted(payload))
      .map(({ payload }) => payload);
  }

  /** The values that came in, in order. */
  received(label?: string): unknown[] {
    return this.all('channel:message', (event) => label === undefined || event.label === label).map(
      ({ data }) => data,
    );
  }

  /** Resolves with the first event of this name that is wanted, past or to come. */
  async wait(
    name: string,
    wanted: Wanted = () => true,
    patienceMs = PATIENCE_MS,
  ): Promise<Payload> {
    const found = () => this.all(name, wanted)[0];
    await this.until(() => found() !== undefined, `${name} at ${this.id}`, patienceMs);
    return found() as Payload;
  }

  /** Resolves when the condition holds; looks after each event. */
  until(condition: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        this.#waiting.delete(look);
        clearTimeout(deadline);
        resolve();
      };
      const deadline = setTimeout(() => {
        this.#waiting.delete(look);
        const told = this.heard.filter(({ at }) => at === 'peer').map(nameOf);
        reject(new Error(`Waited in vain for ${what}. Heard: ${told.slice(-40).join(' ')}`));
      }, patienceMs);
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves when so many values have come in on this label. */
  messages(count: number, label?: string, patienceMs = PATIENCE_MS): Promise<void> {
    let seen = 0;
    let at = 0;
    return this.until(
      () => {
        for (; at < this.heard.length; at += 1) {
          const { on, at: where, payload } = this.heard[at] as Heard;
          if (where !== 'peer' || on !== 'channel:message') continue;
          if (label === undefined || payload.label === label) seen += 1;
        }
        return seen >= count;
      },
      `${count} messages at ${this.id}`,
      patienceMs,
    );
  }

  /** The remote of this guest that is the other. */
  remote(other: Guest): RemotePeer {
    const remote = this.peer.connections.get(other.id);
    if (!remote) throw new Error(`${this.id} has no remote ${other.id}`);
    return remote;
  }

  #note(on: string, at: string, payload: Payload, remote: RemotePeer | undefined): void {
    this.heard.push({ on, at, payload, stateThen: remote?.state });
    for (const look of [...this.#waiting]) look();
  }
}

function nameOf({ on, payload }: Heard): string {
  return on === payload.name ? on : `${on}(${payload.name})`;
}

/** A test's own bus, its guests, and what they leave behind. */
export class Party {
  readonly driver: Driver;
  readonly guests: Guest[] = [];

  constructor(driver: Driver = new MemoryDriver()) {
    this.driver = driver;
  }

  guest(options: PeerOptions = {}): Guest {
    const guest = new Guest({ driver: this.driver, ...options });
    this.guests.push(guest);
    return guest;
  }

  /** So many guests in the room, all connected with each other. */
  async gather(count: number, options: PeerOptions = {}): Promise<Guest[]> {
    const guests = Array.from({ length: count }, () => this.guest(options));
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    await allMet(guests);
    return guests;
  }

  /** Two guests, connected; the impolite one creates the channels. */
  async pair(options: PeerOptions = {}): Promise<{ polite: Guest; impolite: Guest }> {
    const guests = await this.gather(2, options);
    const [impolite, polite] = guests.sort((a, b) => (a.id < b.id ? -1 : 1)) as [Guest, Guest];
    return { polite, impolite };
  }

  /** Two guests with the channel `chat` open. */
  async chat(): Promise<{ polite: Guest; impolite: Guest }> {
    const pair = await this.pair();
    await pair.polite.peer.open('chat');
    await Promise.all([opened(pair.polite, 'chat'), opened(pair.impolite, 'chat')]);
    return pair;
  }

  async end(): Promise<void> {
    await Promise.all(this.guests.splice(0).map(({ peer }) => peer.leave()));
  }
}

/** Resolves when each of them is connected with each other. */
export async function allMet(guests: readonly Guest[]): Promise<void> {
  await Promise.all(
    guests.flatMap((guest) =>
      guests
        .filter((other) => other !== guest)
        .map((other) =>
          guest.until(
            () => guest.peer.connections.get(other.id)?.state === 'connected',
            `${guest.id} to be connected with ${other.id}`,
          ),
        ),
    ),
  );
}

/** Resolves when the label is open at this guest with the others; with everyone when none is named. */
export async function opened(guest: Guest, label: string, ...others: Guest[]): Promise<void> {
  const remotes = () =>
    others.length > 0
      ? others.map(({ id }) => guest.peer.connections.get(id))
      : [...guest.peer.connections.values()];
  const isOpen = (remote: RemotePeer | undefined) => {
    const channel = remote?.channels.get(label);
    const wasTold = guest.all('channel:open', (event) => event.channel === channel).length > 0;
    return channel?.readyState === 'open' && wasTold;
  };
  await guest.until(
    () => remotes().length > 0 && remotes().every(isOpen),
    `"${label}" to be open at ${guest.id}`,
  );
}

/** The code a promise rejects with; `'resolved'`, or the error itself when it is not ours. */
export async function codeOf(promise: Promise<unknown>): Promise<MeshworkErrorCode | unknown> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

/** A WebRTC implementation that remembers the connections it made. */
export function countingWebRtc(): { webrtc: WebRtc; made: RTCPeerConnection[]; open(): number } {
  const made: RTCPeerConnection[] = [];
  class Counted extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      made.push(this);
    }
  }
  return {
    webrtc: { RTCPeerConnection: Counted },
    made,
    open: () => made.filter(({ signalingState }) => signalingState !== 'closed').length,
  };
}

/**
 * Catches what the page would report as uncaught, before the test runner hears of it.
 * `drain` resolves when everything that was rejected before the call has been reported.
 */
export function catchUncaught(): { caught: unknown[]; drain(): Promise<void>; stop(): void } {
  const caught: unknown[] = [];
  const life = new AbortController();
  const options = { capture: true, signal: life.signal };
  const marker = new Error('marker');
  let markerHeard = () => {};
  addEventListener(
    'unhandledrejection',
    (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.reason === marker) markerHeard();
      else caught.push(event.reason);
    },
    options,
  );
  addEventListener(
    'error',
    (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      caught.push(event.error);
    },
    options,
  );
  return {
    caught,
    drain: () =>
      new Promise((resolve) => {
        markerHeard = resolve;
        // Whatever is already rejected is reported before this one.
        setTimeout(() => void Promise.reject(marker));
      }),
    stop: () => life.abort(),
  };
}
