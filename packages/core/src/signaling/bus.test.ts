import { settle, VirtualClock } from '@meshwork/testing/virtual-platform';
import { describe, expect, test } from 'vitest';
import { MeshworkError } from '../errors.ts';
import { peerIdFromBytes } from '../identity/peer-id.ts';
import { Driver, type DriverHandler, type DriverMessage, type Namespace } from './driver.ts';
import { Membership } from './membership.ts';

const METHODS = ['subscribe', 'unsubscribe', 'publish'] as const;
type Method = (typeof METHODS)[number];
type Fault = () => Promise<void> | void;

const cause = new Error('the bus is broken');
const FAULTS: Record<string, Fault> = {
  throws: () => {
    throw cause;
  },
  rejects: () => Promise.reject(cause),
  'never settles': () => new Promise(() => {}),
};

/** Takes everything and carries nothing; each method may be broken. */
class FaultyDriver extends Driver {
  readonly faults: Partial<Record<Method, Fault>>;
  readonly calls: string[] = [];
  readonly handlers = new Map<string, DriverHandler>();

  constructor(faults: Partial<Record<Method, Fault>> = {}) {
    super();
    this.faults = faults;
    this.active = true;
  }

  override async subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    return this.#run('subscribe', () => this.handlers.set(namespace.join('/'), handler));
  }

  override async unsubscribe(namespace: Namespace): Promise<void> {
    return this.#run('unsubscribe', () => this.handlers.delete(namespace.join('/')));
  }

  override async publish(_namespace: Namespace, _message: DriverMessage): Promise<void> {
    return this.#run('publish', () => {});
  }

  #run(method: Method, work: () => unknown): Promise<void> | void {
    this.calls.push(method);
    const fault = this.faults[method];
    if (fault) return fault();
    work();
  }
}

/** The same without `async`, so that a fault that throws does so at once. */
class SyncFaultyDriver extends FaultyDriver {
  override subscribe(_namespace: Namespace, _handler: DriverHandler): Promise<void> {
    return this.faults.subscribe?.() as Promise<void>;
  }

  override unsubscribe(_namespace: Namespace): Promise<void> {
    return this.faults.unsubscribe?.() as Promise<void>;
  }

  override publish(_namespace: Namespace, _message: DriverMessage): Promise<void> {
    return this.faults.publish?.() as Promise<void>;
  }
}

function play(driver: Driver, timeoutMs = 15_000) {
  const clock = new VirtualClock();
  const errors: MeshworkError[] = [];
  const events: string[] = [];
  const make = () =>
    new Membership(
      {
        driver,
        platform: clock.platform(1),
        selfId: peerIdFromBytes(new Uint8Array(16).fill(1)),
        room: 'lobby',
        metadata: undefined,
        sinceMs: clock.nowMs(),
        timeoutMs,
        maxPeers: 10,
      },
      {
        verify: () => true,
        admitted: () => true,
        introduce: () => {
          throw new Error('There is nobody here.');
        },
        dropped: () => {},
        signalingUp: () => events.push('up'),
        signalingDown: () => events.push('down'),
        error: (error) => {
          errors.push(error);
          events.push(error.code);
        },
      },
    );
  return { clock, errors, events, make };
}

/** How a promise ends within a virtual minute, and when. */
async function outcome(clock: VirtualClock, promise: Promise<unknown>) {
  const startMs = clock.nowMs();
  let result: { value?: unknown; error?: unknown; afterMs: number } | undefined;
  promise.then(
    (value) => {
      result = { value, afterMs: clock.nowMs() - startMs };
    },
    (error) => {
      result = { error, afterMs: clock.nowMs() - startMs };
    },
  );
  for (let second = 0; second < 60 && !result; second += 1) await clock.advance(1_000);
  return result;
}

describe.each([
  ['asynchronous', FaultyDriver],
  ['synchronous', SyncFaultyDriver],
] as const)('an %s driver', (_kind, Faulty) => {
  test.each([
    ['subscribe', 'throws', 'signaling-failed', 0],
    ['subscribe', 'rejects', 'signaling-failed', 0],
    ['subscribe', 'never settles', 'signaling-timeout', 15_000],
    ['publish', 'throws', 'signaling-failed', 0],
    ['publish', 'rejects', 'signaling-failed', 0],
    ['publish', 'never settles', 'signaling-timeout', 15_000],
  ] as const)(
    'whose %s %s: joining rejects with its code, leaving leaves nothing',
    async (method, fault, code, afterMs) => {
      const driver = new Faulty({ [method]: FAULTS[fault] as Fault });
      const { clock, make } = play(driver);
      const membership = make();
      const joined = await outcome(clock, membership.join());
      expect(joined?.error).toBeInstanceOf(MeshworkError);
      expect(joined?.error).toMatchObject({ code });
      if (code === 'signaling-failed') expect(joined?.error).toMatchObject({ cause });
      expect(joined?.afterMs).toBeLessThanOrEqual(afterMs + 1_000);
      const left = await outcome(clock, membership.close());
      expect(left).toMatchObject({ value: undefined });
      expect(clock.timerCount).toBe(0);
    },
  );

  test.each([
    ['throws', 'signaling-failed'],
    ['rejects', 'signaling-failed'],
    ['never settles', 'signaling-timeout'],
  ] as const)(
    'whose unsubscribe %s: leaving resolves within 2 s, with an error event',
    async (fault, code) => {
      const driver = new Faulty({ unsubscribe: FAULTS[fault] as Fault });
      const { clock, events, make } = play(driver);
      const membership = make();
      await outcome(clock, membership.join());
      const startMs = clock.nowMs();
      const left = await outcome(clock, membership.close());
      expect(left).toMatchObject({ value: undefined });
      expect(clock.nowMs() - startMs).toBeLessThanOrEqual(2_000);
      expect(events).toEqual([code, code]);
      expect(clock.timerCount).toBe(0);
    },
  );
});

test('a driver that takes its time may, when the timeout is 0', async () => {
  let settle: () => void = () => {};
  const slow = () =>
    new Promise<void>((resolve) => {
      settle = resolve;
    });
  const driver = new FaultyDriver({ publish: slow });
  const { clock, make } = play(driver, 0);
  const membership = make();
  const joining = outcome(clock, membership.join());
  await joining;
  expect(await joining).toBeUndefined();
  settle();
  await clock.advance(0);
  await membership.close();
  expect(clock.timerCount).toBe(0);
});

test('leaving while publishes hang leaves no timer behind', async () => {
  const driver = new FaultyDriver();
  const { clock, make } = play(driver);
  const membership = make();
  await outcome(clock, membership.join());
  driver.faults.publish = () => new Promise(() => {});
  membership.tellLost(peerIdFromBytes(new Uint8Array(16).fill(2)), 'ab'.repeat(8));
  await clock.advance(10);
  await outcome(clock, membership.close());
  expect(clock.timerCount).toBe(0);
});

test('a publish that nobody awaits and that fails is an error event', async () => {
  for (const fault of ['throws', 'rejects'] as const) {
    const driver = new FaultyDriver();
    const { clock, events, errors, make } = play(driver);
    const membership = make();
    await outcome(clock, membership.join());
    driver.faults.publish = FAULTS[fault] as Fault;
    membership.tellLost(peerIdFromBytes(new Uint8Array(16).fill(2)), 'ab'.repeat(8));
    await clock.advance(10);
    expect(events).toEqual(['signaling-failed']);
    expect(errors[0]?.cause).toBe(cause);
  }
});

test('an announce that fails later is tried again at the next gap', async () => {
  const driver = new FaultyDriver();
  const { clock, make } = play(driver);
  await outcome(clock, make().join());
  driver.faults.publish = FAULTS['rejects'] as Fault;
  await clock.advance(1_300);
  driver.faults.publish = () => {};
  const before = driver.calls.length;
  await clock.advance(3_000);
  expect(driver.calls.length).toBeGreaterThan(before);
});

test('an announce that fails later is an error event, not silence', async () => {
  const driver = new FaultyDriver();
  const { clock, events, make } = play(driver);
  await outcome(clock, make().join());
  driver.faults.publish = FAULTS['rejects'] as Fault;
  await clock.advance(1_300);
  expect(events).toEqual(['signaling-failed']);
});

test('what the driver reports is an error event, and the cause of a timeout', async () => {
  const driver = new FaultyDriver({ subscribe: FAULTS['never settles'] as Fault });
  const { clock, errors, make } = play(driver);
  const membership = make();
  const joining = outcome(clock, membership.join());
  driver.emit('error', cause);
  expect(errors).toMatchObject([{ code: 'signaling-failed', cause }]);
  expect((await joining)?.error).toMatchObject({ code: 'signaling-timeout', cause });
});

test('an abort gives joining up with its reason, at once', async () => {
  const driver = new FaultyDriver({ subscribe: FAULTS['never settles'] as Fault });
  const { clock, make } = play(driver);
  const membership = make();
  const controller = new AbortController();
  const joining = outcome(clock, membership.join(controller.signal));
  const reason = new Error('given up');
  controller.abort(reason);
  expect(await joining).toMatchObject({ error: reason, afterMs: 0 });
  await membership.close();
  expect(clock.timerCount).toBe(0);
});

test('a signal that is aborted already asks nothing of the driver', async () => {
  const driver = new FaultyDriver({ subscribe: FAULTS['rejects'] as Fault });
  const { make } = play(driver);
  const reason = new Error('given up');
  await expect(make().join(AbortSignal.abort(reason))).rejects.toBe(reason);
  await settle();
  expect(driver.calls).toEqual([]);
});

test('a driver whose events cannot be heard is signaling-failed, not a bare error', async () => {
  class Deaf extends FaultyDriver {
    override on(): void {
      throw cause;
    }
  }
  const { make } = play(new Deaf());
  await expect(make().join()).rejects.toMatchObject({ code: 'signaling-failed', cause });
});

test('a driver that throws when we stop listening does not keep us in the room', async () => {
  class Clingy extends FaultyDriver {
    override off(): void {
      throw cause;
    }
  }
  const { clock, events, make } = play(new Clingy());
  const membership = make();
  await outcome(clock, membership.join());
  expect(await outcome(clock, membership.close())).toMatchObject({ value: undefined });
  expect(events).toContain('signaling-failed');
});

test('after leaving, nothing of the driver is heard', async () => {
  const driver = new FaultyDriver();
  const { clock, events, make } = play(driver);
  const membership = make();
  await outcome(clock, membership.join());
  const handlers = [...driver.handlers.values()];
  await outcome(clock, membership.close());
  driver.active = false;
  driver.active = true;
  driver.emit('error', cause);
  for (const handler of handlers) handler(Uint8Array.of(0));
  await clock.advance(60_000);
  expect(events).toEqual([]);
  expect(clock.timerCount).toBe(0);
});
