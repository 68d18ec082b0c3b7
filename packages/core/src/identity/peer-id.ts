/**
 * Peer ids: 16 random bytes, spelled as 22 characters of base64url.
 * Used by: peer.ts (makes one), messages.ts (carries them), namespace.ts (addresses them).
 */

export const PEER_ID_BYTES = 16;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Spells the bytes of a peer id; always 22 characters of `A-Z a-z 0-9 - _`. */
export function peerIdFromBytes(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += ALPHABET[(bits >> bitCount) & 63];
    }
    bits &= (1 << bitCount) - 1;
  }
  return bitCount > 0 ? text + ALPHABET[(bits << (6 - bitCount)) & 63] : text;
}

/** The bytes of an id that {@link peerIdFromBytes} spelled. */
export function peerIdToBytes(id: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PEER_ID_BYTES);
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (const char of id) {
    bits = (bits << 6) | ALPHABET.indexOf(char);
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[at] = (bits >> bitCount) & 255;
      at += 1;
      bits &= (1 << bitCount) - 1;
    }
  }
  return bytes;
}
