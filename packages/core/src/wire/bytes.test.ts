import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter, concatBytes, fromUtf8, parseBytes, utf8 } from './bytes.ts';

/** Text that UTF-8 can spell: no lone surrogates. */
const wellFormed = fc.string({ unit: 'grapheme' });

test('text survives UTF-8, whatever it begins with', () => {
  fc.assert(
    fc.property(wellFormed, (text) => {
      expect(fromUtf8(utf8(text))).toBe(text);
    }),
  );
  // A decoder left at its defaults eats a byte order mark.
  expect(fromUtf8(utf8('\uFEFFhello'))).toBe('\uFEFFhello');
});

test('malformed UTF-8 is refused, not repaired', () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf8, 0, 0, 0, 0]]) {
    expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(TypeError);
  }
});

test('concatBytes joins parts in order, empty ones too, into memory of its own', () => {
  const part = Uint8Array.of(1, 2);
  const all = concatBytes([part, new Uint8Array(0), Uint8Array.of(3)]);
  part[0] = 9;
  expect([...all]).toEqual([1, 2, 3]);
  expect(concatBytes([])).toHaveLength(0);
});

test('integers are big endian and survive up to six bytes', () => {
  expect([...new ByteWriter().uint(0x0102, 2).uint(7, 1).bytes()]).toEqual([1, 2, 7]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, f) => {
        const value = Math.floor(f * (2 ** (8 * n) - 1));
        const reader = new ByteReader(new ByteWriter().uint(value, n).bytes());
        expect(reader.uint(n)).toBe(value);
        expect(reader.left).toBe(0);
      },
    ),
  );
  const largest = 2 ** 48 - 1;
  expect(new ByteReader(new ByteWriter().uint(largest, 6).bytes()).uint(6)).toBe(largest);
});

test('sized bytes come back, and what follows them is not touched', () => {
  const written = new ByteWriter().sized(Uint8Array.of(5, 6)).raw(Uint8Array.of(7)).bytes();
  expect([...written]).toEqual([0, 2, 5, 6, 7]);
  const reader = new ByteReader(written);
  expect([...reader.sized(2)]).toEqual([5, 6]);
  expect([...reader.rest()]).toEqual([7]);
});

test('a reader gives copies: the buffer may be used again', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const read = new ByteReader(bytes).raw(2);
  bytes.fill(0);
  expect([...read]).toEqual([1, 2]);
});

test.each([
  ['an integer past the end', (reader: ByteReader) => reader.uint(4)],
  ['bytes past the end', (reader: ByteReader) => reader.raw(4)],
  [
    'sized bytes longer than what is left',
    (reader: ByteReader) => reader.uint(1) || reader.sized(1_000),
  ],
  ['sized bytes above the limit', (reader: ByteReader) => reader.sized(0)],
  ['an unmet requirement', (reader: ByteReader) => reader.require(false)],
  ['malformed UTF-8', () => fromUtf8(Uint8Array.of(0xff))],
  ['malformed JSON', () => JSON.parse('{')],
])('parseBytes gives undefined for %s', (_what, parse) => {
  expect(parseBytes(Uint8Array.of(0, 1, 2), (reader) => parse(reader) ?? 'read')).toBeUndefined();
});

test('parseBytes reads what is right, and does not hide a mistake of ours', () => {
  expect(parseBytes(Uint8Array.of(0, 1, 2), (reader) => [...reader.sized(1)])).toEqual([2]);
  const mistake = new RangeError('ours');
  expect(() =>
    parseBytes(new Uint8Array(0), () => {
      throw mistake;
    }),
  ).toThrow(mistake);
});
