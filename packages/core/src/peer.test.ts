import { FakeNetwork } from '@meshwork/testing/fake-webrtc';
import { settle, VirtualClock } from '@meshwork/testing/virtual-platform';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryDriver } from './drivers/memory.ts';
import { Peer } from './peer.ts';

const cause = new Error('the bus is broken');

/** A memory driver of which single methods are broken. */
function brokenDriver(broken: Partial<Record<keyof MemoryDriver, () => unknown>>): MemoryDriver {
  return Object.assign(new MemoryDriver(), broken);
}

const throws = () => {
  throw cause;
};
const rejects = () => Promise.reject(cause);
const hangs = () => new Promise(() => {});

const { webrtc } = new (class {
  readonly network = new FakeNetwork(new VirtualClock());
  readonly webrtc = this.network.webrtc('peer');
})();

const peerWith = (driver: MemoryDriver) => new Peer({ driver, webrtc, connectionTimeout: 1 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets the driver's timeouts pass. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

describe('a broken driver', () => {
  test.each([
    ['on', throws, 'signaling-failed'],
    ['subscribe', throws, 'signaling-failed'],
    ['subscribe', rejects, 'signaling-failed'],
    ['subscribe', hangs, 'signaling-timeout'],
    ['publish', throws, 'signaling-failed'],
    ['publish', rejects, 'signaling-failed'],
    ['publish', hangs, 'signaling-timeout'],
  ] as const)(
    'whose %s %o: join rejects with its code, and may be tried again',
    async (method, fault, code) => {
      const driver = brokenDriver({ [method]: fault });
      const peer = peerWith(driver);
      const outcome = peer.join('lobby').catch((error) => error);
      await pass(1_000);
      expect(await outcome).toMatchObject({ code });
      expect([peer.active, peer.room]).toEqual([false, '']);
      await pass(5_000);
      expect(vi.getTimerCount()).toBe(0);
      delete (driver as Partial<MemoryDriver>)[method];
      await peer.join('lobby');
      expect(peer.active).toBe(true);
      await peer.leave();
    },
  );

  test.each([
    ['unsubscribe', throws],
    ['unsubscribe', rejects],
    ['unsubscribe', hangs],
    ['off', throws],
  ] as const)(
    'whose %s %o: leave resolves, with an error event, and join works again',
    async (method, fault) => {
      const driver = brokenDriver({ [method]: fault });
      const peer = peerWith(driver);
      const codes: string[] = [];
      peer.on('error', ({ error }) => codes.push(error.code));
      await peer.join('lobby');
      const left = peer.leave();
      await pass(2_000);
      await left;
      expect(codes.length).toBeGreaterThan(0);
      expect(peer.active).toBe(false);
      await peer.join('lobby');
      expect(peer.active).toBe(true);
    },
  );

  test.each([
    ['throws', throws],
    ['rejects', rejects],
    ['hangs', hangs],
  ])(
    'whose subscribe %s, left at once: aborted, and no unhandled rejection',
    async (_how, subscribe) => {
      const peer = peerWith(brokenDriver({ subscribe }));
      const outcome = peer.join('lobby').catch((error) => error);
      const left = peer.leave();
      await pass(3_000);
      await left;
      expect(await outcome).toMatchObject({ code: 'aborted' });
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});

describe('joining and leaving', () => {
  test('leaving while joining leaves nothing: no subscription, no announce later', async () => {
    const driver = new MemoryDriver();
    let subscriptions = 0;
    let publishes = 0;
    const { subscribe, unsubscribe, publish } = driver;
    driver.subscribe = (...args) => {
      subscriptions += 1;
      return subscribe.apply(driver, args);
    };
    driver.unsubscribe = (...args) => {
      subscriptions -= 1;
      return unsubscribe.apply(driver, args);
    };
    driver.publish = (...args) => {
      publishes += 1;
      return publish.apply(driver, args);
    };
    const peer = peerWith(driver);
    const outcome = peer.join('lobby').catch((error) => error);
    await peer.leave();
    expect(await outcome).toMatchObject({ code: 'aborted' });
    await pass(600_000);
    expect([subscriptions, publishes, peer.active]).toEqual([0, 0, false]);
  });

  test('joining twice is joining once; another room is already-joined', async () => {
    const peer = peerWith(new MemoryDriver());
    const joined = [peer.join('lobby'), peer.join({ room: 'lobby' })];
    await expect(peer.join('other')).rejects.toMatchObject({ code: 'already-joined' });
    await Promise.all(joined);
    await expect(peer.join('other')).rejects.toMatchObject({ code: 'already-joined' });
    expect([peer.active, peer.room]).toEqual([true, 'lobby']);
    await peer.leave();
  });

  test('leaving and joining at once is a new stay under the same id', async () => {
    const peer = peerWith(new MemoryDriver());
    expect(peer.id).toBe('');
    await peer.join('lobby');
    const { id } = peer;
    const left = peer.leave();
    const joined = peer.join('lobby');
    await Promise.all([left, joined]);
    expect([peer.id, peer.active]).toEqual([id, true]);
    await peer.leave();
    await peer.leave();
  });

  test('an aborted signal rejects with its reason', async () => {
    const peer = peerWith(new MemoryDriver());
    const reason = new Error('given up');
    await expect(peer.join({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const outcome = peer.join({ signal: controller.signal }).catch((error) => error);
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    await pass(3_000);
    expect(vi.getTimerCount()).toBe(0);
    await peer.join('lobby');
    expect(peer.active).toBe(true);
    await peer.leave();
  });
});
