import { expect, test } from 'vitest';
import { checkOptions, DEFAULT_LIMITS, type ServerOptions } from './options.ts';

test('the defaults: port 8080, this machine only, prefix meshwork:', () => {
  expect(checkOptions({})).toEqual({
    port: 8080,
    host: '127.0.0.1',
    staticDir: undefined,
    prefixes: ['meshwork:'],
    allowedOrigins: [],
    limits: DEFAULT_LIMITS,
  });
});

test.each<[string, unknown]>([
  ['options', null],
  ['port', { port: -1 }],
  ['port', { port: 65_536 }],
  ['port', { port: 1.5 }],
  ['port', { port: '8080' }],
  ['host', { host: '' }],
  ['host', { host: 1 }],
  ['staticDir', { staticDir: '' }],
  ['staticDir', { staticDir: 'a\0b' }],
  ['prefix', { prefix: 1 }],
  ['prefix', { prefix: [] }],
  ['prefix', { prefix: ['a:', null] }],
  ['prefix', { prefix: 'a\n' }],
  ['prefix', { prefix: 'with space' }],
  ['allowedOrigins', { allowedOrigins: 'https://a.example' }],
  ['allowedOrigins', { allowedOrigins: ['https://a.example/path'] }],
  ['allowedOrigins', { allowedOrigins: ['a.example'] }],
  ['limits', { limits: 1 }],
  ['limits.maxPayloadByte', { limits: { maxPayloadByte: 1 } }],
  ['limits.toString', { limits: { toString: 1 } }],
  ['limits.maxQueuedBytesPerSocket', { limits: { maxQueuedBytesPerSocket: 1 } }],
  ['limits.maxBytesPerSecond', { limits: { maxBytesPerSecond: 1 } }],
  ['prot', { prot: 8080 }],
  ...Object.keys(DEFAULT_LIMITS).flatMap((name) =>
    [0, -1, 1.5, Number.NaN, '1', null, 2 ** 31].map((value): [string, unknown] => [
      `limits.${name}`,
      { limits: { [name]: value } },
    ]),
  ),
])('a wrong %s is a TypeError that names it: %j', (name, options) => {
  const check = () => checkOptions(options as ServerOptions);
  expect(check).toThrow(TypeError);
  expect(check).toThrow(name);
});

test('several prefixes, the empty one, and undefined for "as usual" are fine', () => {
  expect(checkOptions({ prefix: ['', 'peerix:', ''] }).prefixes).toEqual(['', 'peerix:']);
  const options: ServerOptions = { port: undefined, limits: {} };
  expect(checkOptions(options).port).toBe(8080);
});
