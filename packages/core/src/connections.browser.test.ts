/** What can go wrong with a connection, what reaches the browser, and renegotiation. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DriverMessage, MemoryDriver, type Namespace, type WebRtc } from './index.ts';
import { allMet, catchUncaught, countingWebRtc, type Guest, opened, Party } from './testing.ts';

let party: Party;
beforeEach(() => {
  party = new Party();
});
afterEach(() => party.end());

/** Changes every DTLS fingerprint it carries, as somebody in the middle would. */
class TamperingDriver extends MemoryDriver {
  override publish(namespace: Namespace, message: DriverMessage): Promise<void> {
    const start = new TextEncoder().encode('fingerprint:sha-256 ');
    for (let at = 0; at + start.length < message.length; at += 1) {
      if (start.every((byte, offset) => message[at + offset] === byte)) {
        const first = at + start.length;
        message[first] = message[first] === 0x41 ? 0x42 : 0x41; // A or B
      }
    }
    return super.publish(namespace, message);
  }
}

/** Finds candidates late, and never has them in a description. */
class LateRtc extends RTCPeerConnection {
  static readonly delayMs = 300;

  override get localDescription(): RTCSessionDescription | null {
    const description = super.localDescription;
    if (!description) return null;
    const sdp = description.sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, '');
    return { type: description.type, sdp } as RTCSessionDescription;
  }

  override get iceGatheringState(): RTCIceGatheringState {
    return 'gathering';
  }

  override addEventListener(
    name: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void {
    const late = (event: Event) => {
      setTimeout(() => (listener as EventListener).call(this, event), LateRtc.delayMs);
    };
    super.addEventListener(name, name === 'icecandidate' ? late : listener, options);
  }
}

/** An implementation that makes every connection but the second. */
function refusingSecond(): WebRtc {
  let made = 0;
  class Refusing extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      made += 1;
      if (made === 2) throw new DOMException('Cannot create so many', 'UnknownError');
      super(configuration);
    }
  }
  return { RTCPeerConnection: Refusing };
}

describe('a connection that cannot be', () => {
  it('with a changed fingerprint fails, and never says that it is connected', async () => {
    const driver = new TamperingDriver();
    const guests = [
      party.guest({ driver, connectionTimeout: 5 }),
      party.guest({ driver, connectionTimeout: 5 }),
    ] as const;
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    await Promise.all(guests.map((guest) => guest.wait('connection:closed')));
    for (const guest of guests) expect(guest.all('connection:connected')).toEqual([]);
    // One of them sees it; whether the other is told of a failure or of a goodbye is a race.
    const failed = guests.filter((guest) => guest.all('connection:failed').length > 0);
    expect(failed.length).toBeGreaterThan(0);
    for (const guest of failed) {
      expect(guest.names('connection').slice(-4)).toEqual([
        'connection(connection:failed)',
        'connection:failed',
        'connection(connection:closed)',
        'connection:closed',
      ]);
    }
    const codes = guests.flatMap((guest) => guest.all('error').map(({ error }) => error?.code));
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toMatch(/connection-failed|connection-timeout/);
  });

  it('is given up after connectionTimeout, which 0 disables', async () => {
    /** Its answers go nowhere. */
    class Mute extends MemoryDriver {
      override async publish(namespace: Namespace, message: DriverMessage): Promise<void> {
        if (((message[0] ?? 0) & 15) === 1) await super.publish(namespace, message);
      }
    }
    const bus = new MemoryDriver();
    const patient = party.guest({ driver: new MemoryDriver(bus), connectionTimeout: 0 });
    const hasty = party.guest({ driver: new MemoryDriver(bus), connectionTimeout: 0.5 });
    await patient.peer.join('room');
    await hasty.peer.join({ room: 'room', verify: ({ id }) => id !== patient.id });
    const mute = party.guest({ driver: new Mute(bus), connectionTimeout: 0 });
    const since = performance.now();
    await mute.peer.join({ room: 'room', verify: () => false });
    const { error } = await hasty.wait('error');
    const tookMs = performance.now() - since;
    expect(error?.code).toBe('connection-timeout');
    expect(tookMs).toBeGreaterThan(450);
    expect(tookMs).toBeLessThan(3_000);
    expect(hasty.names('connection').slice(-4)).toEqual([
      'connection(connection:failed)',
      'connection:failed',
      'connection(connection:closed)',
      'connection:closed',
    ]);
    // The patient one began earlier, and goes on.
    expect(patient.remote(mute).state).toBe('connecting');
    expect(patient.all('error')).toEqual([]);
  });

  it('is refused by the browser: an error, and the next one is tried', async () => {
    let made = 0;
    class Refusing extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        made += 1;
        if (made === 1) throw new DOMException('Cannot create so many', 'UnknownError');
        super(configuration);
      }
    }
    const a = party.guest({ webrtc: { RTCPeerConnection: Refusing } });
    await a.peer.join('room');
    const [b, c] = [party.guest(), party.guest()];
    await b.peer.join({ room: 'room', verify: ({ id }) => id === a.id });
    expect((await a.wait('error')).error?.code).toBe('connection-failed');
    await c.peer.join({ room: 'room', verify: ({ id }) => id === a.id });
    await allMet([a, c]);
  });

  it('is refused by the browser for a second attempt: an error, and nothing unheard', async () => {
    const uncaught = catchUncaught();
    try {
      const guests = [refusingSecond(), refusingSecond()].map((webrtc) => party.guest({ webrtc }));
      // Both offer; the one that yields makes a second connection, and cannot.
      await Promise.all(guests.map(({ peer }) => peer.join('room')));
      await Promise.race(guests.map((guest) => guest.wait('error')));
      await uncaught.drain();
      const codes = guests.flatMap((guest) => guest.all('error').map(({ error }) => error?.code));
      expect(codes).toContain('connection-failed');
      expect(uncaught.caught).toEqual([]);
    } finally {
      uncaught.stop();
    }
  });
});

describe('candidates', () => {
  it('that are found late still connect', async () => {
    const webrtc = { RTCPeerConnection: LateRtc };
    const guests = [party.guest({ webrtc }), party.guest({ webrtc })] as const;
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    await allMet(guests);
    for (const guest of guests) expect(guest.all('connection:failed')).toEqual([]);
  });

  it('that are found late still connect when each is sent at once', async () => {
    const options = { webrtc: { RTCPeerConnection: LateRtc }, iceCandidateDebounce: 0 };
    await party.gather(3, options);
  });
});

describe('the configuration', () => {
  it('reaches the connection: iceServers and iceTransportPolicy', async () => {
    const seen: (RTCConfiguration | undefined)[] = [];
    class Seeing extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        seen.push(configuration);
      }
    }
    const iceServers = [
      { urls: 'stun:127.0.0.1:3479' },
      { urls: ['turn:127.0.0.1:3479'], username: 'user', credential: 'pass' },
    ];
    const a = party.guest({
      webrtc: { RTCPeerConnection: Seeing },
      iceServers,
      iceTransportPolicy: 'relay',
      connectionTimeout: 2,
    });
    const b = party.guest({ connectionTimeout: 0 }); // not the one that gives up
    await Promise.all([a.peer.join('room'), b.peer.join('room')]);
    const { remote } = await a.wait('connection:connecting');
    expect(seen[0]).toMatchObject({ iceServers, iceTransportPolicy: 'relay' });
    const actual = remote?.connection.getConfiguration();
    expect(actual?.iceTransportPolicy).toBe('relay');
    expect(actual?.iceServers?.length).toBe(2);
    // There is no relay to go through.
    await a.wait('connection:failed');
    expect(a.all('connection:connected')).toEqual([]);
    expect(b.all('connection:connected')).toEqual([]);
  });
});

describe('renegotiation over the control channel', () => {
  /** Both have the transceivers of both, and nothing is left to negotiate. */
  const isSettled = (remotes: { connection: RTCPeerConnection }[], count: number) =>
    remotes.every(
      ({ connection }) =>
        connection.signalingState === 'stable' &&
        connection.getTransceivers().length === count &&
        connection.getTransceivers().every(({ mid }) => mid !== null),
    );

  const settled = async (remotes: { connection: RTCPeerConnection }[], count: number) => {
    await expect.poll(() => isSettled(remotes, count), { timeout: 5_000 }).toBe(true);
  };

  it('by both at once converges, twenty times out of twenty', async () => {
    const { webrtc, made } = countingWebRtc();
    for (let round = 0; round < 20; round += 1) {
      const { polite, impolite } = await party.pair({ webrtc });
      const remotes = [polite.remote(impolite), impolite.remote(polite)];
      for (const remote of remotes) remote.connection.addTransceiver('audio');
      // Each offers one; without collision handling one of them would be lost.
      await settled(remotes, 2);
      for (const remote of remotes) remote.connection.addTransceiver('video');
      await settled(remotes, 4);
      await polite.peer.open('after');
      await Promise.all([opened(polite, 'after'), opened(impolite, 'after')]);
      await polite.peer.send('still there', 'after');
      await impolite.messages(1);
      for (const guest of [polite, impolite]) {
        expect(guest.all('error')).toEqual([]);
        expect(guest.all('connection:disconnected')).toEqual([]);
      }
      await party.end();
    }
    expect(made.every(({ signalingState }) => signalingState === 'closed')).toBe(true);
  }, 60_000);

  it('by one side, many times in a row, brings everything across', async () => {
    const { polite, impolite } = await party.pair();
    const remotes = [polite.remote(impolite), impolite.remote(polite)];
    for (let count = 1; count <= 10; count += 1) {
      const [first, second] = remotes;
      (count % 2 ? first : second)?.connection.addTransceiver('audio');
      await settled(remotes, count);
    }
    // Without waiting in between.
    for (let count = 0; count < 10; count += 1) {
      for (const remote of remotes) remote.connection.addTransceiver('video');
      await new Promise((resolve) => setTimeout(resolve));
    }
    await settled(remotes, 30);
    expect([...polite.all('error'), ...impolite.all('error')]).toEqual([]);
  }, 30_000);

  it.each(['connection:new', 'connection:connecting', 'connection:connected'] as const)(
    'takes along what was added in a handler of %s',
    async (name) => {
      const guests = [party.guest(), party.guest()] as const;
      for (const { peer } of guests) {
        peer.on(name, ({ remote }) => {
          remote.connection.addTransceiver('audio');
        });
      }
      await Promise.all(guests.map(({ peer }) => peer.join('room')));
      await allMet(guests);
      const [a, b] = guests as readonly [Guest, Guest];
      const remotes = [a.remote(b), b.remote(a)];
      const wanted = () =>
        remotes.map(({ connection }) => {
          const mids = connection.getTransceivers().filter(({ mid }) => mid !== null);
          return `${connection.signalingState} ${mids.length > 0}`;
        });
      await expect.poll(wanted, { timeout: 4_000 }).toEqual(['stable true', 'stable true']);
      const unsettled = remotes.flatMap(({ connection }) =>
        connection.getTransceivers().filter(({ mid }) => mid === null),
      );
      expect(unsettled).toEqual([]);
    },
  );

  it('carries a real track, with its stream', async () => {
    const { polite, impolite } = await party.pair();
    const canvas = document.createElement('canvas');
    canvas.getContext('2d');
    const stream = canvas.captureStream(5);
    const [track] = stream.getTracks();
    const heard = new Promise<RTCTrackEvent>((resolve) => {
      impolite.remote(polite).connection.addEventListener('track', resolve, { once: true });
    });
    polite.remote(impolite).connection.addTrack(track as MediaStreamTrack, stream);
    const event = await heard;
    expect(event.track.kind).toBe('video');
    expect(event.streams[0]?.id).toBe(stream.id);
    track?.stop();
  });
});
