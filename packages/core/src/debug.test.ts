import { afterEach, expect, test, vi } from 'vitest';
import { debugLog, isEnabled } from './debug.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test.each([
  ['meshwork:peer', '', false],
  ['meshwork:peer', '*', true],
  ['meshwork:peer', 'meshwork:*', true],
  ['meshwork:peer', 'meshwork:peer', true],
  ['meshwork:peer', 'meshwork:pee', false],
  ['meshwork:peer:abc', 'meshwork:peer', false],
  ['meshwork:peer:abc', 'meshwork:peer:*', true],
  ['meshwork:peer:abc', '*:abc', true],
  ['other', 'meshwork:*', false],
  ['my-meshwork:peer', 'meshwork:*', false],
  ['meshwork:peer:abc', 'meshwork:*,-meshwork:peer:*', false],
  ['meshwork:peer', 'meshwork:*,-meshwork:peer:*', true],
  ['meshwork:connection', 'meshwork:*,-meshwork:peer:*', true],
  ['meshwork:peer:abc', '-meshwork:peer:*,meshwork:*', false],
  ['meshwork:peer:abc', '-meshwork:peer:*,*', false],
  ['meshwork:peer', '-meshwork:peer:*', false],
  ['meshwork:peer', 'a, meshwork:peer', true],
  ['meshwork:peer', 'a meshwork:peer', true],
  ['meshwork:peer', ' , ,', false],
  ['meshwork:peer', '-*', false],
  ['meshwork:peer', '*,-*', false],
  // A dot is a dot: the pattern is no regular expression.
  ['meshworkXpeer', 'meshwork.peer', false],
  ['meshwork:peer', '(', false],
  ['meshwork:peer', 'meshwork:[p]eer', false],
])('%s with "%s": %s', (namespace, patterns, isOn) => {
  expect(isEnabled(namespace, patterns)).toBe(isOn);
});

test('in Node the patterns come from DEBUG, and the log goes to console.debug', () => {
  const debug = vi.spyOn(console, 'debug').mockImplementation(() => {});
  vi.stubEnv('DEBUG', 'meshwork:a');
  debugLog('meshwork:a')?.('hello', 1);
  debugLog('meshwork:b')?.('never');
  expect(debug.mock.calls).toEqual([['meshwork:a', 'hello', 1]]);
});

test('in a browser they come from localStorage', () => {
  vi.stubGlobal('process', undefined);
  vi.stubGlobal('localStorage', { getItem: (key: string) => (key === 'debug' ? '*' : null) });
  expect(debugLog('meshwork:a')).toBeDefined();
});

test('a bundler that puts an empty process.env into the page does not hide localStorage', () => {
  vi.stubGlobal('process', { env: {} });
  vi.stubGlobal('localStorage', { getItem: () => '*' });
  expect(debugLog('meshwork:a')).toBeDefined();
});

test('a frame without access to localStorage has no log, and no error', () => {
  vi.stubGlobal('process', undefined);
  vi.stubGlobal('localStorage', {
    getItem: () => {
      throw new Error('SecurityError');
    },
  });
  expect(debugLog('meshwork:a')).toBeUndefined();
});
