import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

const gaps = (random: number, count: number) => {
  const backoff = new Backoff({ firstMs: 1_000, maxMs: 8_000, random: () => random });
  return { backoff, list: Array.from({ length: count }, () => backoff.nextMs()) };
};

test('each gap is twice the one before, up to the longest', () => {
  expect(gaps(0.5, 6).list).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
});

test('gaps are spread over a quarter to each side', () => {
  expect(gaps(0, 4).list).toEqual([750, 1_500, 3_000, 6_000]);
  expect(gaps(0.999_999, 1).list[0]).toBeCloseTo(1_250, 0);
});

test('a long wait does not overflow', () => {
  const { backoff } = gaps(0.5, 5_000);
  expect(backoff.nextMs()).toBe(8_000);
  expect(backoff.attempts).toBe(5_001);
});

test('reset begins anew', () => {
  const { backoff } = gaps(0.5, 3);
  backoff.reset();
  expect(backoff.attempts).toBe(0);
  expect(backoff.nextMs()).toBe(1_000);
});
