import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toJoinSettings } from '../options.ts';
import { escapeName, inboxNamespace, roomNamespace } from './namespace.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

test('[SG1] different rooms have different namespaces', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(roomNamespace(a).join('/') === roomNamespace(b).join('/')).toBe(a === b);
    }),
    { numRuns: 2_000 },
  );
  // Close relatives of the escape itself.
  const relatives = ['a b', 'a_b', 'a_20b', 'a__20b', 'a_5f20b', 'A b', 'a\u0000b', 'a.b', 'ä b'];
  expect(new Set(relatives.map(escapeName)).size).toBe(relatives.length);
});

test('[SG1] a namespace holds no separator or wildcard of any bus', () => {
  fc.assert(
    fc.property(name, (room) => {
      expect(roomNamespace(room)).toHaveLength(1);
      for (const part of inboxNamespace(room, 'AAAAAAAAAAAAAAAAAAAA-_')) {
        expect(part).toMatch(/^[A-Za-z0-9_-]+$/);
      }
    }),
  );
  expect(escapeName('a.b/c#+*>$:é')).toBe('a_2eb_2fc_23_2b_2a_3e_24_3a_c3_a9');
});

test('[SG1] letters, digits and - stay as they are', () => {
  expect(roomNamespace('Lobby-42')).toEqual(['Lobby-42']);
  expect(inboxNamespace('Lobby-42', 'id')).toEqual(['Lobby-42', 'id']);
});

test('[SG1] an inbox of one room is no inbox of another', () => {
  expect(inboxNamespace('a', 'x')).not.toEqual(inboxNamespace('b', 'x'));
  expect(inboxNamespace('a', 'x')).not.toEqual(inboxNamespace('a', 'y'));
});

test('[SG1] room names that UTF-8 cannot tell apart are refused at the door', () => {
  // A lone surrogate becomes U+FFFD in UTF-8: these three rooms would be one.
  expect(escapeName('\ud800')).toBe(escapeName('\ufffd'));
  expect(() => toJoinSettings('\ud800')).toThrow(TypeError);
  expect(() => toJoinSettings('a\udc00')).toThrow(TypeError);
});
