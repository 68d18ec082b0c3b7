/** What a stay leaves behind: nothing. Counted, not guessed. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DriverEvents,
  type DriverHandler,
  MemoryDriver,
  type Namespace,
  type WebRtc,
} from './index.ts';
import { allMet, type Guest, opened, Party } from './testing.ts';

/** Counts what is subscribed and listened to on it. */
class CountingDriver extends MemoryDriver {
  readonly subscriptions = new Set<DriverHandler>();
  readonly listeners = new Set<unknown>();

  override subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.subscriptions.add(handler);
    return super.subscribe(namespace, handler);
  }

  override unsubscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.subscriptions.delete(handler);
    return super.unsubscribe(namespace, handler);
  }

  override on<Name extends keyof DriverEvents>(
    name: Name,
    handler: (...args: DriverEvents[Name]) => void,
  ): void {
    this.listeners.add(handler);
    super.on(name, handler);
  }

  override off<Name extends keyof DriverEvents>(
    name: Name,
    handler?: (...args: DriverEvents[Name]) => void,
  ): void {
    this.listeners.delete(handler);
    super.off(name, handler);
  }
}

/**
 * Counts the connections it made and those that nobody closed, and keeps only the latter: Chromium
 * makes 500 a process, and gives a closed one back when it is collected.
 */
function watchedWebRtc(): { webrtc: WebRtc; made(): number; open(): number } {
  const open = new Set<RTCPeerConnection>();
  let made = 0;
  class Watched extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      made += 1;
      open.add(this);
      if (made % 50 === 0) (globalThis as { gc?(): void }).gc?.();
    }
    override close(): void {
      open.delete(this);
      super.close();
    }
  }
  return { webrtc: { RTCPeerConnection: Watched }, made: () => made, open: () => open.size };
}

let party: Party;
afterEach(async () => {
  await party.end();
  (globalThis as { gc?(): void }).gc?.();
});

/** Timers that are running, with where they were started. */
const timers = new Map<unknown, string>();
/** Page listeners that are in place. */
const pageListeners = new Set<unknown>();
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
const realSetInterval = globalThis.setInterval;
const realAddEventListener = globalThis.addEventListener;

beforeEach(() => {
  timers.clear();
  pageListeners.clear();
  let intervals = 0;
  globalThis.setTimeout = ((run: () => void, ms?: number) => {
    const timer = realSetTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.set(timer, `${ms} ms ${new Error().stack?.split('\n').slice(2, 5).join(' | ')}`);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer: number) => {
    timers.delete(timer);
    realClearTimeout(timer);
  }) as typeof clearTimeout;
  globalThis.setInterval = ((...args: Parameters<typeof setInterval>) => {
    intervals += 1;
    timers.set(`interval ${intervals}`, 'an interval');
    return realSetInterval(...args);
  }) as unknown as typeof setInterval;
  globalThis.addEventListener = ((
    name: string,
    listener: unknown,
    options?: AddEventListenerOptions,
  ) => {
    pageListeners.add(listener);
    options?.signal?.addEventListener('abort', () => pageListeners.delete(listener));
    realAddEventListener.call(globalThis, name, listener as EventListener, options);
  }) as typeof addEventListener;
});

afterEach(() => {
  globalThis.setTimeout = realSetTimeout;
  globalThis.clearTimeout = realClearTimeout;
  globalThis.setInterval = realSetInterval;
  globalThis.addEventListener = realAddEventListener;
});

/** Resolves once no timer runs any more, or rejects with those that still do. */
async function timersToEnd(): Promise<void> {
  const deadline = performance.now() + 1_500;
  while (timers.size > 0 && performance.now() < deadline) {
    await new Promise((resolve) => realSetTimeout(resolve, 20));
  }
  expect([...timers.values()]).toEqual([]);
}

const ROUNDS = 100;

describe('a hundred joins and leaves in a row', () => {
  it('of a pair that talks leave no timer, listener, subscription or connection behind', async () => {
    const driver = new CountingDriver();
    party = new Party(driver);
    const { webrtc, made, open } = watchedWebRtc();
    const [a, b] = [party.guest({ webrtc }), party.guest({ webrtc })];
    await a.peer.open('chat');
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all([a.peer.join('room'), b.peer.join('room')]);
      await allMet([a, b]);
      await Promise.all([opened(a, 'chat'), opened(b, 'chat')]);
      const text = `round ${round}`;
      await a.peer.send(text, 'chat');
      await b.wait('channel:message', ({ data }) => data === text);
      await Promise.all([a.peer.leave(), b.peer.leave()]);
      expect(driver.subscriptions.size).toBe(0);
      expect(driver.listeners.size).toBe(0);
      expect(pageListeners.size).toBe(0);
      expect(open()).toBe(0);
      expect(a.peer.connections.size + b.peer.connections.size).toBe(0);
      // What was heard is the test's own; a hundred rounds of it need not be kept.
      a.heard.length = 0;
      b.heard.length = 0;
    }
    expect(made()).toBeGreaterThanOrEqual(2 * ROUNDS);
    await timersToEnd();
  }, 90_000);

  it('of one among others who stay leave nothing at the others either', async () => {
    const driver = new CountingDriver();
    party = new Party(driver);
    const { webrtc, open } = watchedWebRtc();
    const [host, guest] = [party.guest({ webrtc }), party.guest({ webrtc })] as [Guest, Guest];
    await host.peer.join('room');
    for (let round = 0; round < ROUNDS; round += 1) {
      await guest.peer.join('room');
      await allMet([host, guest]);
      await guest.peer.leave();
      await host.until(() => host.peer.connections.size === 0, 'the guest to be gone');
      expect(driver.subscriptions.size).toBe(2); // the host's: its room, its inbox
      expect(open()).toBe(0);
    }
    expect(host.all('connection:failed')).toEqual([]);
    expect(host.all('error')).toEqual([]);
    // What remains is the host's own announcing: nobody who said goodbye is called after.
    await expect.poll(() => timers.size, { timeout: 1_500 }).toBe(1);
    await host.peer.leave();
    expect(driver.subscriptions.size).toBe(0);
    expect(driver.listeners.size).toBe(0);
    await timersToEnd();
  }, 90_000);

  it('given up while joining or connecting leave nothing behind', async () => {
    const driver = new CountingDriver();
    party = new Party(driver);
    const { webrtc, open } = watchedWebRtc();
    const [a, b] = [party.guest({ webrtc }), party.guest({ webrtc })];
    for (let round = 0; round < ROUNDS; round += 1) {
      const joining = [a, b].map(({ peer }) => peer.join('room').catch(() => {}));
      // A little later each time: into every step on the way in.
      await new Promise((resolve) => realSetTimeout(resolve, round % 25));
      await Promise.all([a.peer.leave(), b.peer.leave(), ...joining]);
      expect(driver.subscriptions.size).toBe(0);
      expect(driver.listeners.size).toBe(0);
      expect(pageListeners.size).toBe(0);
      expect(open()).toBe(0);
    }
    await timersToEnd();
  }, 90_000);
});

describe('a failed connection', () => {
  it('leaves no connection or timer behind once the room is left', async () => {
    const driver = new CountingDriver();
    party = new Party(driver);
    const { webrtc, made, open } = watchedWebRtc();
    class NeverAnswers extends webrtc.RTCPeerConnection {
      override setRemoteDescription(): Promise<void> {
        return Promise.reject(new Error('refused'));
      }
    }
    const a = party.guest({ webrtc: { RTCPeerConnection: NeverAnswers } });
    const b = party.guest({ webrtc });
    await Promise.all([a.peer.join('room'), b.peer.join('room')]);
    await a.wait('connection:failed');
    await Promise.all([a.peer.leave(), b.peer.leave()]);
    expect(made()).toBeGreaterThan(0);
    expect(open()).toBe(0);
    expect(driver.subscriptions.size).toBe(0);
    await timersToEnd();
  });
});
