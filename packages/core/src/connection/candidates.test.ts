import { VirtualClock } from '@meshwork/testing/virtual-platform';
import { expect, test } from 'vitest';
import { CandidateBatch, EarlyCandidates } from './candidates.ts';

function batch(windowMs: number) {
  const clock = new VirtualClock();
  const sent: string[][] = [];
  const candidates = new CandidateBatch(clock.platform(1), windowMs, (list) => sent.push(list));
  return { clock, sent, candidates };
}

test('[CN2] candidates within one window share a message, and later ones get the next', async () => {
  const { clock, sent, candidates } = batch(50);
  candidates.add('a');
  await clock.advance(49);
  candidates.add('b');
  expect(sent).toEqual([]);
  await clock.advance(1);
  expect(sent).toEqual([['a', 'b']]);
  candidates.add('c');
  await clock.advance(50);
  expect(sent).toEqual([['a', 'b'], ['c']]);
  expect(clock.timerCount).toBe(0);
});

test('[CN2] a slow trickle does not hold back the first candidate', async () => {
  const { clock, sent, candidates } = batch(50);
  for (let at = 0; at < 10; at += 1) {
    candidates.add(`${at}`);
    await clock.advance(40);
  }
  expect(sent[0]).toEqual(['0', '1']);
  expect(sent.flat()).toHaveLength(10);
});

test('[CN2] a window of 0 sends each at once', () => {
  const { clock, sent, candidates } = batch(0);
  candidates.add('a');
  candidates.add('b');
  expect(sent).toEqual([['a'], ['b']]);
  expect(clock.timerCount).toBe(0);
});

test('[CN2] closing forgets what waits, and what comes after is a new window', async () => {
  const { clock, sent, candidates } = batch(50);
  candidates.add('a');
  candidates.take();
  expect(clock.timerCount).toBe(0);
  await clock.advance(10);
  candidates.add('b');
  await clock.advance(49);
  expect(sent).toEqual([]);
  await clock.advance(1);
  expect(sent).toEqual([['b']]);
});

test('[CN2] early candidates wait for the description, in order; later ones do not', () => {
  const added: (string | undefined)[] = [];
  const early = new EarlyCandidates(({ candidate }) => added.push(candidate));
  early.add({ candidate: 'a' });
  early.add({ candidate: 'b' });
  expect(added).toEqual([]);
  early.release();
  early.add({ candidate: 'c' });
  expect(added).toEqual(['a', 'b', 'c']);
  early.release();
  expect(added).toEqual(['a', 'b', 'c']);
});

test('[CN2] of too many early candidates the first 64 are kept', () => {
  const added: (string | undefined)[] = [];
  const early = new EarlyCandidates(({ candidate }) => added.push(candidate));
  for (let at = 0; at < 1_000; at += 1) early.add({ candidate: `${at}` });
  early.release();
  expect(added).toEqual(Array.from({ length: 64 }, (_, at) => `${at}`));
});
