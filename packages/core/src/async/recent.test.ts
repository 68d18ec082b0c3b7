import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('the oldest entry gives way', () => {
  const recent = new Recent<number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('c', 3);
  expect([recent.has('a'), recent.has('b'), recent.has('c')]).toEqual([false, true, true]);
  expect(recent.get('a')).toBeUndefined();
  expect(recent.get('c')).toBe(3);
});

test('setting again renews an entry, and changes it', () => {
  const recent = new Recent<number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('a', 3);
  recent.set('c', 4);
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([3, undefined, 4]);
});

test('setting an entry that is there pushes nobody out', () => {
  const recent = new Recent<number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('b', 3);
  expect(recent.get('a')).toBe(1);
});
