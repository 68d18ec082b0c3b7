import { type FakeIntroduction, FakeIntroductions } from '@meshwork/testing/fake-introduction';
import { LossyBus, type LossyBusOptions } from '@meshwork/testing/lossy-bus';
import { seededRandom, VirtualClock } from '@meshwork/testing/virtual-platform';
import { describe, expect, test } from 'vitest';
import { MeshworkError } from '../errors.ts';
import { peerIdFromBytes } from '../identity/peer-id.ts';
import type { Candidate } from './doorkeeper.ts';
import { Membership } from './membership.ts';
import { type Message, parseMessage, serialiseMessage } from './messages.ts';
import { inboxNamespace, roomNamespace } from './namespace.ts';

const ROOM = 'lobby';

interface PeerSetup {
  readonly room?: string;
  readonly metadata?: unknown;
  readonly sinceMs?: number;
  readonly maxPeers?: number;
  readonly verify?: (candidate: Candidate) => boolean | Promise<boolean>;
}

/** The ids of these tests; a lower number is a lower id. */
const idOf = (number: number): string => peerIdFromBytes(new Uint8Array(16).fill(number));

/** A bus, a clock, and peers whose connections open by themselves ten ms after the answer. */
class World {
  readonly clock = new VirtualClock();
  readonly bus: LossyBus;
  readonly introductions = new FakeIntroductions();
  readonly owners = new Map<FakeIntroduction, { peer: TestPeer; remoteId: string }>();

  constructor(options: LossyBusOptions = {}) {
    this.bus = new LossyBus(this.clock, options);
    this.introductions.onLinked = (...ends) => {
      this.clock.after(10, () => {
        if (ends.some(({ isClosed }) => isClosed)) return;
        for (const introduction of ends) {
          const owner = this.owners.get(introduction);
          owner?.peer.connect(owner.remoteId, introduction);
        }
      });
    };
  }

  peer(number: number, setup: PeerSetup = {}): TestPeer {
    return new TestPeer(this, number, setup);
  }

  /** Puts a message on the bus: to the room, or to one inbox. */
  say(message: Message, to?: TestPeer): void {
    const namespace = to ? inboxNamespace(ROOM, to.id) : roomNamespace(ROOM);
    this.bus.inject(namespace, serialiseMessage(message));
  }

  /** Everything that was published, as `type` or `?`. */
  types(): string[] {
    return this.bus.log.map(({ bytes }) => parseMessage(bytes)?.type ?? '?');
  }
}

class TestPeer {
  readonly id: string;
  readonly driver;
  readonly membership: Membership;
  /** What the port heard, such as `admitted 2` or `error bad-message`. */
  readonly events: string[] = [];
  readonly asked: unknown[] = [];
  readonly errors: MeshworkError[] = [];
  readonly introduced: FakeIntroduction[] = [];
  readonly connected = new Map<string, FakeIntroduction>();
  readonly #world: World;
  readonly #open = new Map<string, FakeIntroduction>();

  constructor(world: World, number: number, setup: PeerSetup) {
    this.#world = world;
    this.id = idOf(number);
    this.driver = world.bus.driver();
    const verify = setup.verify ?? (() => true);
    const nameOf = (id: string) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9].find((other) => idOf(other) === id) ?? id;
    this.membership = new Membership(
      {
        driver: this.driver,
        platform: world.clock.platform(number),
        selfId: this.id,
        room: setup.room ?? ROOM,
        metadata: setup.metadata,
        sinceMs: setup.sinceMs ?? world.clock.nowMs(),
        timeoutMs: 15_000,
        maxPeers: setup.maxPeers ?? 100,
      },
      {
        verify: (candidate) => {
          this.asked.push(nameOf(candidate.id));
          return verify(candidate);
        },
        admitted: ({ id }) => {
          this.events.push(`admitted ${nameOf(id)}`);
          return true;
        },
        introduce: (id) => {
          const introduction = world.introductions.make();
          world.owners.set(introduction, { peer: this, remoteId: id });
          this.introduced.push(introduction);
          this.#open.get(id)?.close();
          this.#open.set(id, introduction);
          return introduction;
        },
        dropped: (id, reason) => {
          const why = reason instanceof MeshworkError ? reason.code : reason;
          this.events.push(`dropped ${nameOf(id)} ${why}`);
          this.lose(id);
        },
        signalingUp: () => this.events.push('up'),
        signalingDown: () => this.events.push('down'),
        error: (error) => {
          this.errors.push(error);
          this.events.push(`error ${error.code}`);
        },
      },
    );
  }

  connect(id: string, introduction: FakeIntroduction): void {
    this.connected.set(id, introduction);
    this.membership.connected(id);
  }

  /** The connection ended here, as remote.ts would have it. Returns the session. */
  lose(id: string): string | undefined {
    this.#open.get(id)?.close();
    this.#open.delete(id);
    this.connected.delete(id);
    return this.membership.forget(id);
  }

  async join(): Promise<void> {
    const joined = this.membership.join();
    await this.#world.clock.advance(0);
    await joined;
  }

  isConnectedTo(other: TestPeer): boolean {
    const introduction = this.connected.get(other.id);
    return introduction !== undefined && introduction.peer === other.connected.get(this.id);
  }
}

/** Two peers in a room; the first is there already. */
async function sequentialPair(setup: PeerSetup = {}, first: PeerSetup = {}) {
  const world = new World();
  const one = world.peer(1, first);
  const two = world.peer(2, setup);
  await one.join();
  await world.clock.advance(100);
  world.bus.log.length = 0;
  await two.join();
  await world.clock.advance(200);
  return { world, one, two };
}

const announceOf = (number: number, sinceMs: number, sequence = 1): Message => ({
  type: 'announce',
  from: idOf(number),
  sinceMs,
  sequence,
  metadata: undefined,
});

const offerOf = (number: number, sinceMs: number, session: string): Message => ({
  type: 'offer',
  from: idOf(number),
  session: session.repeat(16 / session.length),
  sinceMs,
  metadata: undefined,
  sdp: 'offer 999',
});

describe('joining', () => {
  test('[SG3] [SG4] a newcomer costs three messages: announce, offer, answer', async () => {
    const { world, one, two } = await sequentialPair();
    expect(world.types()).toEqual(['announce', 'offer', 'answer']);
    expect(one.isConnectedTo(two)).toBe(true);
  });

  test('[SG6] in company only the lowest id announces again, twice, and then the bus is quiet', async () => {
    const { world, one, two } = await sequentialPair();
    world.bus.log.length = 0;
    await world.clock.advance(20_000);
    expect(world.types()).toEqual([]);
    await world.clock.advance(3_600_000);
    expect(world.types()).toEqual(['announce', 'announce']);
    const [lowest] = [one, two].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(world.bus.log.every(({ driver }) => driver === lowest?.driver)).toBe(true);
  });

  test('[SG6] two groups that never heard each other find each other', async () => {
    const world = new World();
    const peers = [1, 2, 3, 4].map((number) => world.peer(number));
    const groupOf = (peer: TestPeer | undefined) => (peer ? peers.indexOf(peer) % 2 : -1);
    let isSplit = true;
    // Each group has a bus of its own, until the two are joined and nobody is told.
    for (const peer of peers) {
      const subscribe = peer.driver.subscribe.bind(peer.driver);
      peer.driver.subscribe = (namespace, handler) =>
        subscribe(namespace, (payload) => {
          const from = parseMessage(payload as Uint8Array)?.from;
          const sender = peers.find(({ id }) => id === from);
          if (!isSplit || groupOf(sender) === groupOf(peer)) handler(payload);
        });
    }
    for (const peer of peers) await peer.join();
    await world.clock.advance(5_000);
    const [one, two, three, four] = peers as [TestPeer, TestPeer, TestPeer, TestPeer];
    expect([one.isConnectedTo(three), two.isConnectedTo(four)]).toEqual([true, true]);
    expect(one.isConnectedTo(two)).toBe(false);
    isSplit = false;
    await world.clock.advance(60_000);
    // Those two have met; hints (SG14) introduce the others.
    expect([one.isConnectedTo(two), one.isConnectedTo(four)]).toEqual([true, true]);
  });

  test('[SG3] it is heard before it is announced: both subscriptions come first', async () => {
    const world = new World();
    const peer = world.peer(1);
    const steps: string[] = [];
    const { driver } = peer;
    const record = async (step: string) => void steps.push(step);
    driver.subscribe = (namespace) => record(`subscribe ${namespace.length}`);
    driver.publish = () => record('publish');
    await peer.join();
    expect(steps).toEqual(['subscribe 1', 'subscribe 2', 'publish']);
  });

  test.each([
    [1, 2],
    [2, 1],
  ])('[SG9] joining at the same instant ends in one session (%i, %i)', async (...numbers) => {
    const world = new World();
    const [one, two] = numbers.map((number) => world.peer(number)) as [TestPeer, TestPeer];
    await Promise.all([one.join(), two.join()]);
    await world.clock.advance(30_000);
    expect(world.types().sort()).toEqual(['announce', 'announce', 'answer', 'offer', 'offer']);
    expect(one.isConnectedTo(two)).toBe(true);
    expect([...one.events, ...two.events].sort()).toEqual(['admitted 1', 'admitted 2']);
    expect(one.membership.forget(two.id)).toBe(two.membership.forget(one.id));
    expect(world.introductions.openCount).toBe(2);
  });

  test('metadata travels both ways before anything else is done', async () => {
    const seen: unknown[] = [];
    const verify = ({ metadata }: Candidate) => seen.push(metadata) > 0;
    await sequentialPair(
      { metadata: { name: 'two' }, verify },
      { metadata: { name: 'one' }, verify },
    );
    expect(seen).toEqual([{ name: 'two' }, { name: 'one' }]);
  });

  test('[SG6] alone, it announces again with growing gaps up to a minute', async () => {
    const world = new World();
    const peer = world.peer(1);
    const startMs = world.clock.nowMs();
    await peer.join();
    await world.clock.advance(600_000);
    const timesMs = world.bus.log.map(({ atMs }) => atMs - startMs);
    const gapsMs = timesMs.slice(1).map((timeMs, at) => timeMs - (timesMs[at] ?? 0));
    for (const [at, baseMs] of [1, 2, 4, 8, 16, 32, 60, 60, 60].entries()) {
      expect(gapsMs[at]).toBeGreaterThanOrEqual(baseMs * 750);
      expect(gapsMs[at]).toBeLessThanOrEqual(baseMs * 1_250);
    }
  });

  test('[SG6] an announce that is lost is made good by the next', async () => {
    const world = new World();
    const [one, two] = [world.peer(1), world.peer(2)];
    world.bus.isLost = () => world.bus.messageCount <= 2;
    await one.join();
    await two.join();
    await world.clock.advance(1_300);
    expect(one.isConnectedTo(two)).toBe(true);
  });

  test('[SG6] when the bus comes back everyone announces again, soon but not at once', async () => {
    const { world, one, two } = await sequentialPair();
    world.bus.log.length = 0;
    for (const { driver } of [one, two]) driver.active = false;
    await world.clock.advance(5_000);
    for (const { driver } of [one, two]) driver.active = true;
    expect(world.types()).toEqual([]);
    await world.clock.advance(300);
    expect(world.types()).toEqual(['announce', 'announce']);
    expect(new Set(world.bus.log.map(({ atMs }) => atMs)).size).toBe(2);
    expect(one.events).toEqual(['admitted 2', 'down', 'up']);
  });

  test('[SG6] those who came while the bus was away are found', async () => {
    const { world, one, two } = await sequentialPair();
    one.driver.active = false;
    const three = world.peer(3);
    await three.join();
    await world.clock.advance(60_000);
    expect(one.isConnectedTo(three)).toBe(false);
    one.driver.active = true;
    await world.clock.advance(2_000);
    expect(one.isConnectedTo(three)).toBe(true);
    expect(two.isConnectedTo(three)).toBe(true);
  });

  test('[SG6] the bus coming back is not forgotten over an announce under way', async () => {
    const { world, one, two } = await sequentialPair();
    const release: (() => void)[] = [];
    const { driver } = two;
    const publish = driver.publish.bind(driver);
    driver.publish = (...args) =>
      new Promise((resolve) => {
        release.push(resolve);
        void publish(...args);
      });
    two.membership.announceAgain();
    await world.clock.advance(300);
    expect(release).toHaveLength(1);
    driver.active = false;
    driver.active = true;
    release[0]?.();
    await world.clock.advance(120_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(release.length).toBeGreaterThanOrEqual(2);
  });

  test('[SG7] own messages are ignored, also when the bus echoes them', async () => {
    const world = new World();
    const peer = world.peer(1);
    await peer.join();
    await world.clock.advance(10_000);
    expect(world.bus.messageCount).toBeGreaterThan(2);
    for (const { bytes } of world.bus.log) world.bus.inject(inboxNamespace(ROOM, peer.id), bytes);
    world.say(offerOf(1, 5, 'ab'), peer);
    await world.clock.advance(1_000);
    expect([peer.events, peer.asked, peer.introduced]).toEqual([[], [], []]);
  });

  test('[SG1] rooms on one bus do not mix', async () => {
    const world = new World();
    const peers = ['a', 'a', 'b', 'b'].map((room, at) => world.peer(at + 1, { room }));
    await Promise.all(peers.map((peer) => peer.join()));
    await world.clock.advance(120_000);
    expect(peers.map(({ connected }) => [...connected.keys()])).toEqual([
      [idOf(2)],
      [idOf(1)],
      [idOf(4)],
      [idOf(3)],
    ]);
  });
});

describe('what is lost on the bus', () => {
  test('[SG11] an offer that is lost is repeated until it is answered', async () => {
    const world = new World();
    let losses = 3;
    world.bus.isLost = ({ bytes }) => parseMessage(bytes)?.type === 'offer' && losses-- > 0;
    const [one, two] = [world.peer(1), world.peer(2)];
    await one.join();
    await world.clock.advance(100);
    await two.join();
    await world.clock.advance(15_000);
    expect(one.isConnectedTo(two)).toBe(true);
    const offers = world.bus.log.filter(({ bytes }) => parseMessage(bytes)?.type === 'offer');
    expect(offers).toHaveLength(4);
    expect(one.introduced.length + two.introduced.length).toBe(2);
  });

  test('[SG10] an answer that is lost is given again, the same one', async () => {
    const world = new World();
    let losses = 2;
    world.bus.isLost = ({ bytes }) => parseMessage(bytes)?.type === 'answer' && losses-- > 0;
    const [one, two] = [world.peer(1), world.peer(2)];
    await one.join();
    await world.clock.advance(100);
    await two.join();
    await world.clock.advance(10_000);
    expect(one.isConnectedTo(two)).toBe(true);
    const answers = world.bus.log.filter(({ bytes }) => parseMessage(bytes)?.type === 'answer');
    expect(answers).toHaveLength(3);
    expect(new Set(answers.map(({ bytes }) => bytes.join())).size).toBe(1);
  });

  test('[SG14] an announce that one member did not hear is made good by a hint', async () => {
    const { world, one, two } = await sequentialPair();
    const three = world.peer(3);
    one.driver.active = false;
    await three.join();
    await world.clock.advance(100);
    // Not through the driver's event: the bus simply did not carry it.
    expect(one.connected.has(three.id)).toBe(false);
    const emit = one.driver.emit.bind(one.driver);
    one.driver.emit = () => {};
    one.driver.active = true;
    one.driver.emit = emit;
    world.bus.log.length = 0;
    three.membership.hint([one.id, two.id, three.id]);
    await world.clock.advance(499);
    await world.clock.advance(500);
    expect(one.isConnectedTo(three)).toBe(true);
  });

  test('[SG14] a hint about those we know, or about ourselves, costs nothing', async () => {
    const { world, one, two } = await sequentialPair();
    world.bus.log.length = 0;
    two.membership.hint([one.id, two.id]);
    expect(world.clock.timerCount).toBe(
      // The announcers of both.
      2,
    );
    await world.clock.advance(5_000);
    expect(world.types()).toEqual([]);
  });

  test('[SG14] a hint that is lost is tried again', async () => {
    const { world, one, two } = await sequentialPair();
    const three = world.peer(3);
    world.bus.isLost = ({ topic, driver }) =>
      driver === three.driver && topic === JSON.stringify(roomNamespace(ROOM));
    await three.join();
    world.say(announceOf(3, world.clock.nowMs()), two);
    let losses = 1;
    world.bus.isLost = ({ bytes }) => parseMessage(bytes)?.type === 'announce' && losses-- > 0;
    three.membership.hint([one.id]);
    await world.clock.advance(120_000);
    expect(one.isConnectedTo(three)).toBe(true);
  });

  test('[SG14] hints about many strangers are bounded by limits.peers', async () => {
    const world = new World();
    const peer = world.peer(1, { maxPeers: 5 });
    await peer.join();
    world.bus.log.length = 0;
    const random = seededRandom(1);
    const strangers = Array.from({ length: 256 }, () =>
      peerIdFromBytes(Uint8Array.from({ length: 16 }, () => random() * 256)),
    );
    peer.membership.hint(strangers);
    await world.clock.advance(700);
    expect(world.bus.messageCount).toBe(5);
  });
});

describe('stays', () => {
  test('[SG5] a peer that rejoins replaces its old stay', async () => {
    const { world, one, two } = await sequentialPair();
    // Its process was killed: no bye.
    void two.membership.close();
    const again = world.peer(2, { sinceMs: world.clock.nowMs() + 1 });
    await again.join();
    await world.clock.advance(1_000);
    expect(one.events).toEqual(['admitted 2', 'dropped 2 replaced', 'admitted 2']);
    expect(one.isConnectedTo(again)).toBe(true);
    expect(one.introduced.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  test('[SG5] an announce that is not newer is ignored', async () => {
    const world = new World();
    const peer = world.peer(1);
    await peer.join();
    world.say(announceOf(2, 1_000, 5));
    await world.clock.advance(100);
    peer.lose(idOf(2));
    const before = peer.introduced.length;
    for (const [sinceMs, sequence] of [
      [1_000, 5],
      [1_000, 4],
      [999, 6],
    ] as const) {
      world.say(announceOf(2, sinceMs, sequence));
      await world.clock.advance(100);
      expect(peer.introduced.length, `${sinceMs} ${sequence}`).toBe(before);
    }
    world.say(announceOf(2, 1_000, 6));
    await world.clock.advance(100);
    expect(peer.introduced.length).toBe(before + 1);
  });

  test('[SG4] a second announce of the same stay does not create a second remote', async () => {
    const { world, one, two } = await sequentialPair();
    two.membership.announceAgain();
    await world.clock.advance(1_000);
    expect(one.events).toEqual(['admitted 2']);
    expect(one.introduced).toHaveLength(1);
  });

  test('[SG5] an older stay does not push out a newer one', async () => {
    const { world, one, two } = await sequentialPair();
    world.say(announceOf(2, 5));
    world.say(offerOf(2, 5, 'ab'), one);
    await world.clock.advance(1_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(one.events).toEqual(['admitted 2']);
  });

  test('[SG12] a session is opened once: its offers after the end are replays', async () => {
    const { world, one, two } = await sequentialPair();
    const offers = world.bus.log.filter(({ bytes }) => parseMessage(bytes)?.type === 'offer');
    two.lose(one.id);
    const before = two.introduced.length;
    for (let round = 0; round < 20; round += 1) {
      for (const { bytes } of offers) world.bus.inject(inboxNamespace(ROOM, two.id), bytes);
      await world.clock.advance(10);
    }
    expect(two.introduced).toHaveLength(before);
  });

  test('[SG5] [SG12] everything recorded of a departed peer, played again, makes at most one introduction', async () => {
    const { world, one, two } = await sequentialPair();
    two.membership.announceAgain();
    await world.clock.advance(1_000);
    const session = one.lose(two.id);
    if (session) two.membership.tellLost(one.id, session);
    await world.clock.advance(10_000);
    one.lose(two.id);
    await two.membership.close();
    const before = one.introduced.length;
    const recorded = [...world.bus.log];
    for (let round = 0; round < 20; round += 1) {
      for (const { topic, bytes } of recorded) {
        if (!topic.includes(two.id)) world.bus.inject(JSON.parse(topic), bytes);
      }
      await world.clock.advance(1_000);
      // The ghost never answers; remote.ts gives up on it.
      one.lose(two.id);
    }
    expect(one.introduced.length - before).toBeLessThanOrEqual(1);
  });
});

describe('bye and lost', () => {
  test('a peer that leaves before it is connected says bye, and is dropped', async () => {
    const world = new World();
    const [one, two] = [world.peer(1), world.peer(2)];
    world.introductions.onLinked = () => {};
    await one.join();
    await world.clock.advance(100);
    await two.join();
    await world.clock.advance(200);
    await two.membership.close();
    await world.clock.advance(100);
    expect(one.events).toEqual(['admitted 2', 'dropped 2 left']);
  });

  test('a bye of another session, or once connected, changes nothing', async () => {
    const { world, one, two } = await sequentialPair();
    const { session } = one.connected.size ? sessionOf(world) : { session: '' };
    world.say({ type: 'bye', from: two.id, session }, one);
    world.say({ type: 'bye', from: two.id, session: '0'.repeat(16) }, one);
    await world.clock.advance(100);
    expect(one.events).toEqual(['admitted 2']);
  });

  test('[SG13] a remote that is told of a broken connection offers a new one', async () => {
    const { world, one, two } = await sequentialPair();
    const session = two.lose(one.id);
    if (session) two.membership.tellLost(one.id, session);
    await world.clock.advance(1_000);
    expect(one.events).toEqual(['admitted 2', 'dropped 2 replaced', 'admitted 2']);
    expect(one.isConnectedTo(two)).toBe(true);
  });

  test('[SG13] when both lost it and both say so, there is one new session', async () => {
    const { world, one, two } = await sequentialPair();
    const sessions = [one.lose(two.id), two.lose(one.id)];
    expect(sessions[0]).toBe(sessions[1]);
    one.membership.tellLost(two.id, sessions[0] ?? '');
    two.membership.tellLost(one.id, sessions[1] ?? '');
    await world.clock.advance(10_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(world.introductions.openCount).toBe(2);
  });

  test('[SG13] only the session believed alive counts, so an old lost breaks nothing', async () => {
    const { world, one, two } = await sequentialPair();
    const lost: Message = {
      type: 'lost',
      from: two.id,
      session: '0'.repeat(16),
      sinceMs: world.clock.nowMs(),
      metadata: undefined,
    };
    world.say(lost, one);
    await world.clock.advance(100);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(one.events).toEqual(['admitted 2']);
  });

  test('[SG13] a stranger that lost a session nobody had gets nothing', async () => {
    const world = new World();
    const peer = world.peer(1);
    await peer.join();
    world.bus.log.length = 0;
    const session = 'ab'.repeat(8);
    world.say({ type: 'lost', from: idOf(2), session, sinceMs: 1, metadata: undefined }, peer);
    await world.clock.advance(500);
    expect([peer.asked, peer.introduced, world.types()]).toEqual([[], [], []]);
  });

  test('[SG13] we tell nobody that we lost one who is here again', async () => {
    const { world, one, two } = await sequentialPair();
    world.bus.log.length = 0;
    one.membership.tellLost(two.id, 'ab'.repeat(8));
    await world.clock.advance(100);
    expect(world.types()).toEqual([]);
  });
});

/** The session of the latest offer on the bus. */
function sessionOf(world: World): { session: string } {
  for (const { bytes } of [...world.bus.log].reverse()) {
    const message = parseMessage(bytes);
    if (message?.type === 'offer') return message;
  }
  throw new Error('There was no offer.');
}

describe('verify', () => {
  /** A verify that answers when the test says so. */
  function pending() {
    const answers: ((isWelcome: boolean) => void)[] = [];
    const verify = () => new Promise<boolean>((resolve) => answers.push(resolve));
    return { answers, verify };
  }

  test('[SG4] is asked once per stay, however many messages come', async () => {
    const { world, one, two } = await sequentialPair();
    two.membership.announceAgain();
    await world.clock.advance(1_000);
    expect(one.asked).toEqual([2]);
    expect(two.asked).toEqual([1]);
  });

  test('[SG4] is not asked again when the connection broke within the stay', async () => {
    const { world, one, two } = await sequentialPair();
    const session = two.lose(one.id);
    if (session) two.membership.tellLost(one.id, session);
    await world.clock.advance(1_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect([one.asked, two.asked]).toEqual([[2], [1]]);
  });

  test('is asked again about a new stay, for metadata may have changed', async () => {
    const { world, one, two } = await sequentialPair();
    await two.membership.close();
    const again = world.peer(2, { sinceMs: world.clock.nowMs() + 1 });
    await again.join();
    await world.clock.advance(1_000);
    expect(one.asked).toEqual([2, 2]);
  });

  test('[SG4] that says no is silence: nothing is sent, nothing is made, and it is not asked again', async () => {
    const world = new World();
    const one = world.peer(1, { verify: () => false });
    const sinceMs = world.clock.nowMs();
    const two = world.peer(2, { sinceMs });
    await one.join();
    await world.clock.advance(100);
    await two.join();
    await world.clock.advance(100);
    world.say(offerOf(2, sinceMs, 'ab'), one);
    await world.clock.advance(120_000);
    const sent = world.bus.log.filter(({ driver }) => driver === one.driver);
    // Whoever announces to an empty room goes on announcing; nothing goes to the other's inbox.
    expect(new Set(sent.map(({ topic }) => topic))).toEqual(
      new Set([JSON.stringify(roomNamespace(ROOM))]),
    );
    expect(one.introduced).toEqual([]);
    expect(one.events).toEqual([]);
    expect(one.asked).toEqual([2]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ] as [string, () => boolean | Promise<boolean>][])(
    'that %s is an error event and a refusal',
    async (_how, verify) => {
      const { one, two, world } = await sequentialPair({}, { verify });
      await world.clock.advance(60_000);
      expect(one.events).toEqual(['error verify-failed']);
      expect(one.errors[0]?.cause).toMatchObject({ message: 'mine' });
      expect(one.introduced).toEqual([]);
      expect(two.connected.size).toBe(0);
    },
  );

  test('that takes its time holds everything back, then one connection is made', async () => {
    const { answers, verify } = pending();
    const { world, one, two } = await sequentialPair({}, { verify });
    two.membership.announceAgain();
    await world.clock.advance(5_000);
    expect([one.introduced, one.events, answers.length]).toEqual([[], [], 1]);
    answers[0]?.(true);
    await world.clock.advance(1_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect([one.events, one.introduced.length, two.introduced.length]).toEqual([
      ['admitted 2'],
      1,
      1,
    ]);
  });

  test.each([
    ['an announce, then an offer', ['announce', 'offer']],
    ['an offer, then an announce', ['offer', 'announce']],
  ])('the offer is answered when %s came while it was asked', async (_what, order) => {
    // The lower id offers, so ours could not stand against it.
    const { answers, verify } = pending();
    const world = new World();
    const two = world.peer(2, { verify });
    await two.join();
    const sinceMs = world.clock.nowMs();
    for (const type of order) {
      if (type === 'offer') world.say(offerOf(1, sinceMs, 'ab'), two);
      else world.say(announceOf(1, sinceMs));
      await world.clock.advance(10);
    }
    world.bus.log.length = 0;
    answers[0]?.(true);
    await world.clock.advance(100);
    expect(world.types()).toEqual(['answer']);
  });

  test('an older stay heard while a newer one is asked about does not take its place', async () => {
    const { answers, verify } = pending();
    const world = new World();
    const peer = world.peer(1, { verify });
    await peer.join();
    world.say(announceOf(2, 2_000));
    await world.clock.advance(10);
    world.say(offerOf(2, 1_000, 'ab'), peer);
    await world.clock.advance(10);
    world.bus.log.length = 0;
    for (const answer of answers) answer(true);
    await world.clock.advance(100);
    expect(world.types()).toEqual(['offer']);
  });

  test('a newer stay heard while an older one is asked about takes its place', async () => {
    const { answers, verify } = pending();
    const world = new World();
    const peer = world.peer(1, { verify });
    await peer.join();
    world.say(announceOf(2, 1_000));
    await world.clock.advance(10);
    world.say(announceOf(2, 2_000));
    await world.clock.advance(10);
    expect(answers).toHaveLength(2);
    world.bus.log.length = 0;
    answers[1]?.(true);
    answers[0]?.(true);
    await world.clock.advance(100);
    expect(peer.events).toEqual(['admitted 2']);
    expect(world.types()).toEqual(['offer']);
  });

  test('an answer that comes after we left does nothing', async () => {
    const { answers, verify } = pending();
    const { world, one } = await sequentialPair({}, { verify });
    await one.membership.close();
    answers[0]?.(true);
    await world.clock.advance(1_000);
    expect([one.events, one.introduced]).toEqual([[], []]);
  });
});

describe('limits', () => {
  test('limits.peers is kept, and who is refused is told to the app', async () => {
    const world = new World();
    const one = world.peer(1, { maxPeers: 2 });
    await one.join();
    for (const number of [2, 3, 4]) world.say(announceOf(number, 1_000));
    await world.clock.advance(100);
    expect(one.events).toEqual(['admitted 2', 'admitted 3', 'error limit-reached']);
    expect(one.introduced).toHaveLength(2);
  });

  test('limits.peers counts those who are being asked about', async () => {
    const world = new World();
    const answers: ((isWelcome: boolean) => void)[] = [];
    const verify = () => new Promise<boolean>((resolve) => answers.push(resolve));
    const one = world.peer(1, { maxPeers: 2, verify });
    await one.join();
    for (const number of [2, 3, 4]) world.say(announceOf(number, 1_000));
    await world.clock.advance(100);
    for (const answer of answers) answer(true);
    await world.clock.advance(100);
    expect(one.introduced).toHaveLength(2);
  });

  test('someone who leaves makes room for the next', async () => {
    const world = new World();
    const one = world.peer(1, { maxPeers: 1 });
    await one.join();
    world.say(announceOf(2, 1_000));
    await world.clock.advance(10);
    one.lose(idOf(2));
    world.say(announceOf(3, 1_000));
    await world.clock.advance(10);
    expect(one.events).toEqual(['admitted 2', 'admitted 3']);
  });

  test('a flood of strangers beyond the limit does not flood the app with errors', async () => {
    const world = new World();
    const one = world.peer(1, { maxPeers: 1 });
    await one.join();
    world.say(announceOf(2, 1_000));
    await world.clock.advance(10);
    for (let sequence = 1; sequence <= 200; sequence += 1)
      world.say(announceOf(3, 1_000, sequence));
    await world.clock.advance(100);
    expect(
      one.events.filter((event) => event === 'error limit-reached').length,
    ).toBeLessThanOrEqual(2);
  });
});

describe('bytes of strangers', () => {
  test('[SG2] nonsense is reported at most once in five seconds', async () => {
    const world = new World();
    const peer = world.peer(1);
    await peer.join();
    const random = seededRandom(7);
    for (let at = 0; at < 500; at += 1) {
      const length = Math.floor(random() * 100);
      const bytes = Uint8Array.from({ length }, () => random() * 256);
      bytes[0] = 0;
      world.bus.inject(at % 2 ? roomNamespace(ROOM) : inboxNamespace(ROOM, peer.id), bytes);
    }
    await world.clock.advance(10);
    expect(peer.events).toEqual(['error bad-message']);
    await world.clock.advance(4_980);
    world.bus.inject(roomNamespace(ROOM), Uint8Array.of(0));
    await world.clock.advance(1);
    expect(peer.events).toHaveLength(1);
    await world.clock.advance(10);
    world.bus.inject(roomNamespace(ROOM), new Uint8Array(20_000));
    await world.clock.advance(1);
    expect(peer.events).toHaveLength(2);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'hello'],
    ['an object', {}],
    ['numbers out of range', [1_000]],
    ['an oversized message', new Uint8Array(16_385)],
    ['empty bytes', new Uint8Array(0)],
  ])('[SG2] a driver that delivers %s gets no exception', async (_what, payload) => {
    const world = new World();
    const peer = world.peer(1);
    let handler: ((payload: never) => void) | undefined;
    peer.driver.subscribe = async (_namespace, given) => {
      handler = given as typeof handler;
    };
    await peer.join();
    expect(() => handler?.(payload as never)).not.toThrow();
    expect(peer.events).toEqual(['error bad-message']);
  });

  test('[SG2] every message cut off anywhere, or damaged, throws nothing and breaks nothing', async () => {
    const { world, one, two } = await sequentialPair();
    const recorded = world.bus.log.map(({ topic, bytes }) => ({
      namespace: JSON.parse(topic),
      bytes,
    }));
    for (const { namespace, bytes } of recorded) {
      for (let length = 0; length < bytes.length; length += 1) {
        world.bus.inject(namespace, bytes.slice(0, length));
      }
    }
    await world.clock.advance(1_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(one.introduced.length + two.introduced.length).toBe(2);
  });

  test('candidates that the platform throws on are not thrown into the driver', async () => {
    const world = new World();
    const two = world.peer(2);
    let handler: ((payload: Uint8Array) => void) | undefined;
    const subscribe = two.driver.subscribe.bind(two.driver);
    two.driver.subscribe = async (namespace, given) => {
      handler = given;
      await subscribe(namespace, given);
    };
    await two.join();
    world.say(offerOf(1, world.clock.nowMs(), 'ab'), two);
    await world.clock.advance(10);
    const [introduction] = two.introduced;
    if (!introduction) throw new Error('There is no introduction.');
    introduction.addCandidates = () => {
      throw new Error('refused');
    };
    const session = 'ab'.repeat(8);
    const bytes = serialiseMessage({
      type: 'candidates',
      from: idOf(1),
      session,
      candidates: ['x'],
    });
    expect(() => handler?.(bytes)).not.toThrow();
  });

  test('an offer to the whole room is not an invitation to everyone', async () => {
    // One message would make as many connections as the room has members.
    const world = new World();
    const peer = world.peer(1);
    await peer.join();
    world.say(offerOf(2, 1_000, 'ab'));
    await world.clock.advance(100);
    expect(peer.introduced).toEqual([]);
  });

  test('one forged announce does not end an established connection', async () => {
    const { world, one, two } = await sequentialPair();
    world.say(announceOf(2, 2 ** 48 - 1));
    await world.clock.advance(100);
    expect(one.isConnectedTo(two)).toBe(true);
  });
});

describe('leaving', () => {
  test('leaves nothing on the bus and no timer', async () => {
    const { world, one, two } = await sequentialPair();
    one.membership.hint([idOf(7)]);
    await Promise.all([one.membership.close(), two.membership.close()]);
    await one.membership.close();
    expect(world.bus.subscriberCount).toBe(0);
    expect(world.clock.timerCount).toBe(0);
    world.bus.log.length = 0;
    one.membership.announceAgain();
    await world.clock.advance(600_000);
    expect(world.types()).toEqual([]);
  });

  test('leaving while joining is not followed by an announce', async () => {
    const world = new World();
    const peer = world.peer(1);
    const joining = peer.membership.join();
    const leaving = peer.membership.close();
    await Promise.allSettled([joining, leaving]);
    await world.clock.advance(600_000);
    expect(world.types()).toEqual([]);
    expect(world.bus.subscriberCount).toBe(0);
    expect(world.clock.timerCount).toBe(0);
  });

  test('what arrives after leaving is not heard', async () => {
    const { world, one, two } = await sequentialPair();
    const closing = one.membership.close();
    world.say(announceOf(3, 1_000));
    two.membership.announceAgain();
    await closing;
    await world.clock.advance(10_000);
    expect(one.asked).toEqual([2]);
  });
});
