import { settle, VirtualClock } from '@meshwork/testing/virtual-platform';
import { expect, test, vi } from 'vitest';
import { withDeadline } from './deadline.ts';

const late = new Error('late');
const never = new Promise<never>(() => {});

function play() {
  const clock = new VirtualClock();
  const limit = (ms: number, signal?: AbortSignal) => ({ ms, error: () => late, signal });
  return { clock, platform: clock.platform(1), limit };
}

test('settles like the work, and leaves no timer', async () => {
  const { clock, platform, limit } = play();
  await expect(withDeadline(platform, Promise.resolve(5), limit(10))).resolves.toBe(5);
  const broken = new Error('broken');
  await expect(withDeadline(platform, Promise.reject(broken), limit(10))).rejects.toBe(broken);
  expect(clock.timerCount).toBe(0);
});

test('rejects when the deadline passes, not before', async () => {
  const { clock, platform, limit } = play();
  const outcome = vi.fn();
  withDeadline(platform, never, limit(10)).catch(outcome);
  await clock.advance(9);
  expect(outcome).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(outcome).toHaveBeenCalledExactlyOnceWith(late);
  expect(clock.timerCount).toBe(0);
});

test('a deadline of 0 waits for ever', async () => {
  const { clock, platform, limit } = play();
  const outcome = vi.fn();
  withDeadline(platform, never, limit(0)).catch(outcome);
  expect(clock.timerCount).toBe(0);
  await clock.advance(1e9);
  expect(outcome).not.toHaveBeenCalled();
});

test('rejects with the reason of the signal, and leaves neither timer nor listener', async () => {
  const { clock, platform, limit } = play();
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, 'removeEventListener');
  const reason = new Error('given up');
  const work = withDeadline(platform, never, limit(10, controller.signal));
  controller.abort(reason);
  await expect(work).rejects.toBe(reason);
  expect(clock.timerCount).toBe(0);
  expect(removed).toHaveBeenCalled();
});

test('the listener on a long-lived signal goes with the work', async () => {
  const { platform, limit } = play();
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  await withDeadline(platform, Promise.resolve(), limit(10, signal));
  expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
    added.mock.calls.map(([, listener]) => listener),
  );
});

test('what the work does later harms nobody', async () => {
  const { clock, platform, limit } = play();
  let fail: (error: Error) => void = () => {};
  const work = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const outcome = withDeadline(platform, work, limit(10));
  const caught = expect(outcome).rejects.toBe(late);
  await clock.advance(10);
  await caught;
  fail(new Error('much later'));
  // An unhandled rejection would fail the run.
  await settle();
});

test('work that fails after an abort which came first is not an unhandled rejection', async () => {
  const { platform, limit } = play();
  const work = Promise.reject(new Error('broken too'));
  const observed = vi.spyOn(work, 'then');
  const caught = vi.spyOn(work, 'catch');
  const reason = new Error('given up');
  const outcome = withDeadline(platform, work, limit(10, AbortSignal.abort(reason)));
  await expect(outcome).rejects.toBe(reason);
  expect(observed.mock.calls.length + caught.mock.calls.length).toBeGreaterThan(0);
});
