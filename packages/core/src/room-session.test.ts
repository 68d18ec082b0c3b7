import { type FakeConnection, FakeNetwork } from '@meshwork/testing/fake-webrtc';
import { LossyBus, type LossyBusOptions } from '@meshwork/testing/lossy-bus';
import { VirtualClock } from '@meshwork/testing/virtual-platform';
import { describe, expect, test } from 'vitest';
import { peerIdFromBytes } from './identity/peer-id.ts';
import { toJoinSettings, toSettings } from './options.ts';
import { RoomSession } from './room-session.ts';
import { parseMessage } from './signaling/messages.ts';
import type { ChannelInit } from './wire/channel-options.ts';

interface Setup {
  readonly sinceMs?: number;
  readonly connectionTimeout?: number;
  readonly verifyMs?: number;
  readonly channels?: readonly ChannelInit[];
  readonly limits?: { readonly peers?: number; readonly channels?: number };
}

class World {
  readonly clock = new VirtualClock();
  readonly network = new FakeNetwork(this.clock);
  readonly bus: LossyBus;

  constructor(options: LossyBusOptions = {}) {
    this.bus = new LossyBus(this.clock, options);
  }

  peer(number: number, setup: Setup = {}): TestPeer {
    return new TestPeer(this, number, setup);
  }

  countOf(type: string): number {
    return this.bus.log.filter(({ bytes }) => parseMessage(bytes)?.type === type).length;
  }
}

class TestPeer {
  readonly id: string;
  readonly driver;
  readonly platform;
  readonly session: RoomSession;
  readonly events: string[] = [];
  readonly #world: World;

  constructor(world: World, number: number, setup: Setup) {
    this.#world = world;
    this.id = peerIdFromBytes(new Uint8Array(16).fill(number));
    this.driver = world.bus.driver();
    const webrtc = world.network.webrtc(this.id);
    this.platform = world.clock.platform(number + 1_000 * world.bus.options.seed, webrtc);
    const { connectionTimeout = 15, limits = {}, verifyMs = 0 } = setup;
    const verify = () =>
      verifyMs === 0 ||
      new Promise<boolean>((resolve) => {
        world.clock.after(verifyMs * this.platform.random(), () => resolve(true));
      });
    this.session = new RoomSession(
      {
        settings: toSettings({ driver: this.driver, webrtc, connectionTimeout, limits }),
        join: toJoinSettings({ room: 'lobby', verify }),
        platform: this.platform,
        selfId: this.id,
        sinceMs: setup.sinceMs ?? world.clock.nowMs(),
      },
      {
        channels: () => setup.channels ?? [],
        emit: (_remote, fact) => this.events.push(fact.name),
        signaling: (isUp) => this.events.push(isUp ? 'up' : 'down'),
        error: (error) => this.events.push(`error ${error.code}`),
      },
    );
  }

  async join(): Promise<void> {
    const joined = this.session.join(new AbortController().signal);
    await this.#world.clock.advance(0);
    await joined;
  }

  connectionTo(other: TestPeer) {
    const remote = this.session.remotes.get(other.id);
    return remote?.state === 'connected' ? remote.rtc : undefined;
  }

  /** Whether both believe in one and the same connection. */
  isConnectedTo(other: TestPeer): boolean {
    const [mine, theirs] = [this.connectionTo(other), other.connectionTo(this)];
    return mine !== undefined && (mine as unknown as { peer: unknown }).peer === theirs;
  }
}

/** Every pair of them: connected, apart, or of two minds, which must never last. */
function pairsOf(peers: readonly TestPeer[]) {
  const pairs = peers.flatMap((one, at) => peers.slice(at + 1).map((two) => [one, two] as const));
  const count = (kind: (one: TestPeer, two: TestPeer) => boolean) =>
    pairs.filter(([one, two]) => kind(one, two)).length;
  const connected = count((one, two) => one.isConnectedTo(two));
  const apart = count((one, two) => !one.connectionTo(two) && !two.connectionTo(one));
  return { connected, apart, ofTwoMinds: pairs.length - connected - apart, all: pairs.length };
}

const STORM = { dropRate: 0.3, duplicateRate: 0.2, delayMs: [1, 400], replayRate: 0.05 } as const;
const CALM = { dropRate: 0, duplicateRate: 0, delayMs: [1, 20], replayRate: 0 } as const;
const SEEDS = Array.from({ length: 60 }, (_, at) => at + 1);

async function storm(seed: number, count: number, setup: Setup = {}) {
  const world = new World({ ...STORM, delayMs: [...STORM.delayMs], seed });
  const peers = Array.from({ length: count }, (_, at) => world.peer(at + 1, setup));
  if (seed % 2) {
    // All at the same instant: every pair offers at once.
    const joined = peers.map(({ session }) => session.join(new AbortController().signal));
    await world.clock.advance(0);
    await Promise.all(joined);
  }
  for (const peer of seed % 2 ? [] : peers) {
    await peer.join();
    await world.clock.advance(150 * peer.platform.random());
  }
  await world.clock.advance(20_000);
  world.bus.options = { ...world.bus.options, ...CALM, delayMs: [...CALM.delayMs] };
  await world.clock.advance(60_000);
  return { world, peers };
}

/** Runs every seed; names those that failed. */
async function failingSeeds(check: (seed: number) => Promise<boolean>): Promise<number[]> {
  const failed: number[] = [];
  for (const seed of SEEDS) if (!(await check(seed))) failed.push(seed);
  return failed;
}

describe('a bus that drops a third, doubles, delays, reorders and replays', () => {
  test('[SG9] [SG11] two peers always find each other', { timeout: 60_000 }, async () => {
    const failed = await failingSeeds(async (seed) => {
      const { peers } = await storm(seed, 2);
      return pairsOf(peers).connected === 1;
    });
    expect(failed).toEqual([]);
  });

  test('[SG9] [SG11] two peers whose verify takes its time always find each other', {
    timeout: 60_000,
  }, async () => {
    const failed = await failingSeeds(async (seed) => {
      const { peers } = await storm(seed, 2, { verifyMs: 1_500 });
      return pairsOf(peers).connected === 1;
    });
    expect(failed).toEqual([]);
  });

  test.each([3, 4, 5])(
    '%i peers: both ends of every pair agree, and nothing is left over',
    { timeout: 120_000 },
    async (count) => {
      const failed = await failingSeeds(async (seed) => {
        const { world, peers } = await storm(seed, count);
        const { connected, ofTwoMinds } = pairsOf(peers);
        return ofTwoMinds === 0 && world.network.openCount === 2 * connected;
      });
      expect(failed).toEqual([]);
    },
  );

  test.each([3, 5])(
    '[SG14] %i peers: everyone finds everyone once the storm is over',
    { timeout: 120_000 },
    async (count) => {
      const failed = await failingSeeds(async (seed) => {
        const { peers } = await storm(seed, count);
        return pairsOf(peers).apart === 0;
      });
      expect(failed).toEqual([]);
    },
  );

  test('[SG6] five peers: whoever was missed is found when the bus was away and is back', {
    timeout: 60_000,
  }, async () => {
    const failed = await failingSeeds(async (seed) => {
      if (seed % 3) return true;
      const { world, peers } = await storm(seed, 5);
      for (const { driver } of peers) driver.active = false;
      await world.clock.advance(1_000);
      for (const { driver } of peers) driver.active = true;
      await world.clock.advance(5_000);
      return pairsOf(peers).connected === 10;
    });
    expect(failed).toEqual([]);
  });
});

describe('a bus that does worse', () => {
  test('peers that come and go in a storm leave no ghosts behind', {
    timeout: 60_000,
  }, async () => {
    const failed = await failingSeeds(async (seed) => {
      const world = new World({ ...STORM, delayMs: [...STORM.delayMs], seed });
      const peers = [1, 2, 3, 4].map((number) => world.peer(number));
      for (const peer of peers) await peer.join();
      for (let round = 0; round < 12; round += 1) {
        const at = (seed + round * 7) % peers.length;
        const leaver = peers[at] as TestPeer;
        await world.clock.advance(3_000 * leaver.platform.random());
        const leaving = leaver.session.leave();
        await world.clock.advance(0);
        await leaving;
        peers[at] = world.peer(at + 1);
        await peers[at].join();
      }
      world.bus.options = { ...world.bus.options, ...CALM, delayMs: [...CALM.delayMs] };
      await world.clock.advance(120_000);
      const { connected, ofTwoMinds } = pairsOf(peers);
      const listed = peers.reduce((sum, { session }) => sum + session.remotes.size, 0);
      return ofTwoMinds === 0 && listed === 2 * connected && world.network.openCount === listed;
    });
    expect(failed).toEqual([]);
  });

  test('damaged bits throw nothing, and both ends of every pair agree', {
    timeout: 60_000,
  }, async () => {
    const failed = await failingSeeds(async (seed) => {
      const world = new World({ seed, bitFlipRate: 0.3, delayMs: [1, 100] });
      const peers = [1, 2, 3].map((number) => world.peer(number));
      for (const peer of peers) await peer.join();
      await world.clock.advance(30_000);
      world.bus.options = { ...world.bus.options, bitFlipRate: 0 };
      await world.clock.advance(120_000);
      return pairsOf(peers).ofTwoMinds === 0;
    });
    expect(failed).toEqual([]);
  });

  test('the last one in the room is alone, whatever is replayed', { timeout: 60_000 }, async () => {
    const failed = await failingSeeds(async (seed) => {
      const { world, peers } = await storm(seed, 3);
      const [last, ...others] = peers as [TestPeer, TestPeer, TestPeer];
      for (const { session } of others) {
        const leaving = session.leave();
        await world.clock.advance(0);
        await leaving;
      }
      await world.clock.advance(1_000);
      const before = world.network.connections.length;
      for (const { topic, bytes } of [...world.bus.log]) world.bus.inject(JSON.parse(topic), bytes);
      await world.clock.advance(120_000);
      const ghosts = world.network.connections.length - before;
      // Messages that the storm kept from it are news to it; one attempt for each of the departed.
      return last.session.remotes.size === 0 && world.network.openCount === 0 && ghosts <= 2;
    });
    expect(failed).toEqual([]);
  });
});

/** The connection of one to another, to play with. */
function transportOf(one: TestPeer, other: TestPeer): FakeConnection {
  return one.connectionTo(other) as unknown as FakeConnection;
}

async function pairInRoom(setup: Setup = {}) {
  const world = new World();
  const [one, two] = [world.peer(1, setup), world.peer(2, setup)];
  await one.join();
  await world.clock.advance(100);
  await two.join();
  await world.clock.advance(200);
  expect(one.isConnectedTo(two)).toBe(true);
  return { world, one, two };
}

describe('a connection', () => {
  test('[CN1] has a negotiated control channel with id 0, and needs the bus no more', async () => {
    const { world, one, two } = await pairInRoom();
    const [control] = transportOf(one, two).channels;
    expect(control).toMatchObject({ label: '', number: 'negotiated 0', readyState: 'open' });
    const before = world.bus.messageCount;
    await one.session.remotes.get(two.id)?.open({ label: 'a', protocol: '', ordered: true });
    await world.clock.advance(20_000);
    expect(world.bus.messageCount).toBe(before);
    expect(one.isConnectedTo(two)).toBe(true);
  });

  test('[CN6] [SG13] that closes without a bye counts as lost, and is made again', async () => {
    const { world, one, two } = await pairInRoom();
    transportOf(two, one).close();
    await world.clock.advance(3_000);
    expect(world.countOf('lost')).toBeGreaterThan(0);
    await world.clock.advance(30_000);
    expect(one.isConnectedTo(two)).toBe(true);
  });
});

describe('a connection that is lost', () => {
  test('[SG13] by a cable pulled for a minute is made again by itself', async () => {
    const { world, one, two } = await pairInRoom();
    world.network.isReachable = () => false;
    await world.clock.advance(60_000);
    expect(pairsOf([one, two]).apart).toBe(1);
    world.network.isReachable = () => true;
    await world.clock.advance(120_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(world.network.openCount).toBe(2);
  });

  test('[CN6] is a leave, not a failure, when the bye comes right after the end of the transport', async () => {
    const { world, one, two } = await pairInRoom();
    // As node-datachannel tells it: the state first, then what was received before.
    const transport = transportOf(one, two);
    void two.session.leave();
    transport.setTransport('failed');
    await world.clock.advance(30_000);
    expect(one.events.filter((event) => /failed|error/.test(event))).toEqual([]);
    expect(one.events.at(-1)).toBe('connection:closed');
    expect(world.countOf('lost')).toBe(0);
  });

  test('[SG13] on one side only is made again within seconds', async () => {
    const { world, one, two } = await pairInRoom();
    world.network.isReachable = () => false;
    transportOf(one, two).setTransport('failed');
    world.network.isReachable = () => true;
    await world.clock.advance(5_000);
    expect(one.isConnectedTo(two)).toBe(true);
    expect(one.events.filter((event) => event.startsWith('connection'))).toEqual([
      'connection:new',
      'connection:connecting',
      'connection:connected',
      'connection:failed',
      'connection:closed',
      'connection:new',
      'connection:connecting',
      'connection:connected',
    ]);
  });

  test('while the one side reports it on the bus and the other announces: made again within 20 s', async () => {
    const { world, one, two } = await pairInRoom();
    // The bus of one comes back just when two lost the connection, silently for one.
    world.network.isReachable = (from) => from.owner !== two.id;
    (two.connectionTo(one) as unknown as { setTransport(state: string): void }).setTransport(
      'failed',
    );
    one.driver.active = false;
    one.driver.active = true;
    await world.clock.advance(1_000);
    world.network.isReachable = () => true;
    await world.clock.advance(19_000);
    expect(one.isConnectedTo(two)).toBe(true);
  });

  test('and whose new description is refused once is tried again', async () => {
    const world = new World();
    const peers = [1, 2, 3].map((number) => world.peer(number)) as [TestPeer, TestPeer, TestPeer];
    for (const peer of peers) {
      await peer.join();
      await world.clock.advance(2_000);
    }
    expect(pairsOf(peers).connected).toBe(3);
    const [one, two] = peers;
    let refusals = 1;
    world.network.beforeDescription = (_connection, type) => {
      if (type === 'answer' && refusals-- > 0) throw new Error('refused by the browser');
    };
    transportOf(one, two).setTransport('failed');
    await world.clock.advance(120_000);
    expect([...one.events, ...two.events]).toContain('error negotiation-failed');
    expect(pairsOf(peers).connected).toBe(3);
  });

  test('when the browser refuses a further connection, it is an error event and no rejection', async () => {
    const world = new World();
    const [one, two] = [world.peer(1), world.peer(2)];
    let made = 0;
    world.network.beforeMaking = () => {
      made += 1;
      // The third is what the higher id makes when it yields to the lower.
      if (made === 3) throw new Error('too many');
    };
    await Promise.all([one.join(), two.join()]);
    await world.clock.advance(500);
    expect([...one.events, ...two.events]).toContain('error connection-failed');
  });

  test('[CN6] a page that is put away says bye, and is found again when it is back', async () => {
    const { world, one, two } = await pairInRoom();
    two.platform.page.away();
    await world.clock.advance(100);
    expect(pairsOf([one, two]).apart).toBe(1);
    expect(one.events).not.toContain('connection:failed');
    await world.clock.advance(60_000);
    expect(world.countOf('lost')).toBe(0);
    two.platform.page.back();
    await world.clock.advance(1_000);
    expect(one.isConnectedTo(two)).toBe(true);
  });
});

describe('a connection that is never made', () => {
  test('fails after connectionTimeout, with its events, and is tried again', async () => {
    const world = new World();
    world.network.isReachable = () => false;
    const [one, two] = [world.peer(1), world.peer(2)];
    await one.join();
    await world.clock.advance(100);
    await two.join();
    await world.clock.advance(14_900);
    expect(one.events).toEqual(['connection:new', 'connection:connecting']);
    await world.clock.advance(200);
    expect(one.events.slice(2, 5)).toEqual([
      'connection:failed',
      'connection:closed',
      'error connection-timeout',
    ]);
    world.network.isReachable = () => true;
    await world.clock.advance(60_000);
    expect(one.isConnectedTo(two)).toBe(true);
  });

  test('a connectionTimeout of 0 never gives up', async () => {
    const world = new World();
    world.network.isReachable = () => false;
    const [one, two] = [1, 2].map((number) => world.peer(number, { connectionTimeout: 0 })) as [
      TestPeer,
      TestPeer,
    ];
    await one.join();
    await two.join();
    await world.clock.advance(600_000);
    expect(one.events).toEqual(['connection:new', 'connection:connecting']);
  });
});

describe('leaving', () => {
  test('[CN6] tells everyone, ends everything at once, and leaves no timer', async () => {
    const { world, one, two } = await pairInRoom();
    await one.session.leave();
    expect(one.session.remotes.size).toBe(0);
    await world.clock.advance(20);
    expect(two.session.remotes.size).toBe(0);
    expect(two.events.filter((event) => /failed|error/.test(event))).toEqual([]);
    await two.session.leave();
    expect(world.network.openCount).toBe(0);
    expect(world.clock.timerCount).toBe(0);
    expect(world.bus.subscriberCount).toBe(0);
  });

  test('closes every connection even when the driver never answers again', async () => {
    const { world, one } = await pairInRoom();
    one.driver.unsubscribe = () => new Promise(() => {});
    const leaving = one.session.leave();
    expect(one.session.remotes.size).toBe(0);
    expect(one.events.at(-1)).toBe('connection:closed');
    await world.clock.advance(2_000);
    await leaving;
    expect(one.events.filter((event) => event === 'error signaling-timeout')).toHaveLength(2);
  });

  test('while connecting leaves nothing either', async () => {
    const world = new World();
    const peers = [1, 2, 3].map((number) => world.peer(number));
    await Promise.all(peers.map((peer) => peer.join()));
    await world.clock.advance(2);
    await Promise.all(peers.map((peer) => peer.session.leave()));
    await world.clock.advance(20);
    expect(world.network.openCount).toBe(0);
    expect(world.clock.timerCount).toBe(0);
  });

  test('[SG13] nobody calls for a peer that left', async () => {
    const { world, one } = await pairInRoom();
    await one.session.leave();
    await world.clock.advance(120_000);
    expect(world.countOf('lost')).toBe(0);
  });
});

describe('channels', () => {
  const chat: ChannelInit = { label: 'chat', protocol: '', ordered: true };

  test('what is wanted room-wide is open at both ends, once, after both offered at once', async () => {
    const world = new World();
    const peers = [1, 2].map((number) => world.peer(number, { channels: [chat] }));
    await Promise.all(peers.map((peer) => peer.join()));
    await world.clock.advance(1_000);
    for (const { events } of peers) {
      expect(events.filter((event) => event === 'channel:open')).toHaveLength(1);
      expect(events.indexOf('connection:connected')).toBeLessThan(events.indexOf('channel:open'));
    }
  });

  test('[CH5] both open one label at the same instant: one channel', async () => {
    const { world, one, two } = await pairInRoom();
    for (const [peer, other] of [
      [one, two],
      [two, one],
    ] as const) {
      peer.session.remotes.get(other.id)?.open(chat);
    }
    await world.clock.advance(100);
    for (const { events } of [one, two]) {
      expect(events.filter((event) => event.startsWith('channel'))).toEqual([
        'channel:new',
        'channel:open',
      ]);
    }
  });

  test.each([
    [1, 2],
    [2, 1],
  ])('[CH5] closing a label and opening it at once brings a new channel (%i)', async (mover) => {
    const { world, one, two } = await pairInRoom({ channels: [chat] });
    await world.clock.advance(100);
    const [peer, other] = mover === 1 ? [one, two] : [two, one];
    const remote = peer.session.remotes.get(other.id);
    for (let round = 0; round < 5; round += 1) {
      remote?.close('chat');
      remote?.open(chat);
      await world.clock.advance(round === 2 ? 3 : 100);
    }
    await world.clock.advance(100);
    expect(remote?.hasOpen('chat')).toBe(true);
    expect(other.session.remotes.get(peer.id)?.hasOpen('chat')).toBe(true);
    const arrived: unknown[] = [];
    other.session.remotes
      .get(peer.id)
      ?.events.on('channel:message', ({ data }) => arrived.push(data));
    await remote?.send('hello', 'chat');
    await world.clock.advance(20);
    expect(arrived).toEqual(['hello']);
  });

  test('[CH4] what is wanted beforehand opens with the connection: nobody has to ask', async () => {
    const world = new World();
    const peers = [1, 2].map((number) => world.peer(number, { channels: [chat] }));
    for (const peer of peers) await peer.join();
    const openAfterMs: number[] = [];
    for (let ms = 0; ms < 200; ms += 1) {
      await world.clock.advance(1);
      const isOpen = peers.every(({ events }) => events.includes('channel:open'));
      const isConnected = peers.every(({ events }) => events.includes('connection:connected'));
      if (isConnected && !isOpen) openAfterMs.push(ms);
    }
    // The far end hears of it one way later; asking would take three.
    expect(openAfterMs.length).toBeLessThanOrEqual(2 * world.network.latencyMs);
    expect(world.network.connections.flatMap(({ channels }) => channels)).toHaveLength(4);
  });

  test.each([1, 2])('[CH6] closing by either end closes both (%i)', async (closer) => {
    const { world, one, two } = await pairInRoom({ channels: [chat] });
    await world.clock.advance(100);
    const [peer, other] = closer === 1 ? [one, two] : [two, one];
    peer.session.remotes.get(other.id)?.close('chat');
    await world.clock.advance(100);
    for (const { events } of [one, two]) {
      expect(events.filter((event) => event.startsWith('channel'))).toEqual([
        'channel:new',
        'channel:open',
        'channel:close',
      ]);
    }
  });

  test('[CH7] a remote that opens channels beyond the limit gets them closed', async () => {
    const { world, one, two } = await pairInRoom({ limits: { channels: 2 } });
    const rtc = transportOf(one, two);
    for (const label of ['a', 'b', 'c', 'd']) rtc.createDataChannel(label);
    await world.clock.advance(100);
    expect(two.events.filter((event) => event === 'channel:open')).toHaveLength(2);
    expect(two.events.filter((event) => event === 'error limit-reached')).toHaveLength(2);
    const states = rtc.channels.slice(1).map(({ readyState }) => readyState);
    expect(states).toEqual(['open', 'open', 'closed', 'closed']);
  });

  test.each([1, 2])('[CH7] asking for more than the limit opens no more (%i)', async (asker) => {
    const { world, one, two } = await pairInRoom({ limits: { channels: 2 } });
    const [peer, other] = asker === 1 ? [one, two] : [two, one];
    const remote = peer.session.remotes.get(other.id);
    for (const label of ['a', 'b']) remote?.open({ ...chat, label });
    expect(() => remote?.open({ ...chat, label: 'c' })).toThrow(/limits\.channels/);
    await world.clock.advance(100);
    expect(other.events.filter((event) => event === 'channel:open')).toHaveLength(2);
  });
});
