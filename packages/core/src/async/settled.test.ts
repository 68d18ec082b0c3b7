import { settle } from '@meshwork/testing/virtual-platform';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MeshworkError } from '../errors.ts';
import { isQuiet, promiseFor, settled } from './settled.ts';

const quiet = (error: unknown) => isQuiet(error, undefined);

/** What Node would end the process for. Vitest listens too, and would fail the run. */
let unhandled: unknown[] = [];
let others: NodeJS.UnhandledRejectionListener[] = [];
const collect = (reason: unknown) => unhandled.push(reason);

beforeEach(() => {
  unhandled = [];
  others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', collect);
});

afterEach(() => {
  process.removeAllListeners('unhandledRejection');
  for (const listener of others) process.on('unhandledRejection', listener);
});

test('promiseFor gives what a step returns, and rejects with what it throws', async () => {
  await expect(promiseFor(() => 5)).resolves.toBe(5);
  const mistake = new TypeError('no');
  const promise = promiseFor(() => {
    throw mistake;
  });
  await expect(promise).rejects.toBe(mistake);
});

test('a MeshworkError that nobody handles is quiet, and in the log', async () => {
  const log = vi.fn();
  const error = new MeshworkError('peer-gone');
  void settled(Promise.reject(error), (caught) => isQuiet(caught, log));
  await settle();
  expect(unhandled).toEqual([]);
  expect(log).toHaveBeenCalledExactlyOnceWith('peer-gone', error);
});

test('a MeshworkError still rejects for whoever awaits', async () => {
  const error = new MeshworkError('peer-gone');
  await expect(settled(Promise.reject(error), quiet)).rejects.toBe(error);
  await expect(settled(Promise.resolve(1), quiet)).resolves.toBe(1);
});

test('a mistake of the app that nobody handles is loud, once', async () => {
  const mistake = new TypeError('cannot be sent');
  void settled(Promise.reject(mistake), quiet);
  await settle();
  expect(unhandled).toEqual([mistake]);
});

test('a mistake that the app does handle is not reported again', async () => {
  const mistake = new TypeError('cannot be sent');
  await expect(settled(Promise.reject(mistake), quiet)).rejects.toBe(mistake);
  await settle();
  expect(unhandled).toEqual([]);
});
