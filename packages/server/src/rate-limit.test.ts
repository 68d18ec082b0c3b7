import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('lets a burst through, then the rate', () => {
  let nowMs = 0;
  const limit = new RateLimit(10, 3, () => nowMs);
  expect([limit.take(), limit.take(), limit.take(), limit.take()]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  nowMs += 99;
  expect(limit.take()).toBe(false);
  nowMs += 1;
  expect([limit.take(), limit.take()]).toEqual([true, false]);
});

test('a rest fills it up to the burst and no further', () => {
  let nowMs = 0;
  const limit = new RateLimit(10, 3, () => nowMs);
  nowMs += 3_600_000;
  expect([limit.take(3), limit.take()]).toEqual([true, false]);
});

test('takes nothing when it cannot take all', () => {
  const limit = new RateLimit(10, 3, () => 0);
  expect([limit.take(4), limit.take(3)]).toEqual([false, true]);
});
