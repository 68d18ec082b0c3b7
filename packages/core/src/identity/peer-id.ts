/**
 * Peer ids: 16 random bytes, spelled as 22 characters of base64url.
 * Used by: peer.ts (makes one), messages.ts (carries them), namespace.ts (addresses them).
 */

export const PEER_ID_BYTES = 16;

/** Spells the bytes of a peer id; always 22 characters of `A-Z a-z 0-9 - _`. */
export function peerIdFromBytes(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of an id that {@link peerIdFromBytes} spelled. */
export function peerIdToBytes(id: string): Uint8Array<ArrayBuffer> {
  const text = atob(id.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
