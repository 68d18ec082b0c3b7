import { expect, it } from 'vitest';
import { hueOf } from './colour.ts';

it('gives a person the same hue on every screen', () => {
  expect(hueOf('some-peer-id')).toBe(hueOf('some-peer-id'));
});

it('spreads people over the whole circle', () => {
  const hues = Array.from({ length: 1_000 }, (_, index) => hueOf(`peer-${index}`));
  expect(new Set(hues).size).toBe(18);
  expect(hues.every((hue) => hue >= 0 && hue < 360)).toBe(true);
});
