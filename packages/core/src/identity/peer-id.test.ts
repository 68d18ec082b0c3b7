import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PEER_ID_BYTES, peerIdFromBytes, peerIdToBytes } from './peer-id.ts';

const idBytes = fc.uint8Array({ minLength: PEER_ID_BYTES, maxLength: PEER_ID_BYTES });

test('a peer id is the base64url of its bytes', () => {
  fc.assert(
    fc.property(idBytes, (bytes) => {
      expect(peerIdFromBytes(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
    }),
  );
});

test('a peer id gives its bytes back', () => {
  fc.assert(
    fc.property(idBytes, (bytes) => {
      expect(peerIdToBytes(peerIdFromBytes(bytes))).toEqual(bytes);
    }),
  );
  const highest = new Uint8Array(PEER_ID_BYTES).fill(255);
  expect(peerIdToBytes(peerIdFromBytes(highest))).toEqual(highest);
});

test('a peer id has 22 characters that every bus can carry', () => {
  fc.assert(
    fc.property(idBytes, (bytes) => {
      expect(peerIdFromBytes(bytes)).toMatch(/^[\w-]{22}$/);
    }),
  );
});
