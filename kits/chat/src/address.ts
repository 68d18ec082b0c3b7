/**
 * Address: which room and which signaling server the page's address names.
 * Used by: main.ts.
 */

import { cleanName } from './text.ts';

export const DEFAULT_ROOM = 'lobby';

/** The room in `#room-name` or `?room=room-name`; the lobby when there is none. */
export function roomOf(address: URL): string {
  const fromHash = cleanName(decode(address.hash.slice(1)));
  return fromHash || cleanName(address.searchParams.get('room')) || DEFAULT_ROOM;
}

/** The signaling server in `?server=`; the page's own when there is none, or none that we can use. */
export function serverOf(address: URL): string {
  const wanted = address.searchParams.get('server');
  if (!wanted || !URL.canParse(wanted)) return address.origin;
  const { protocol, href } = new URL(wanted);
  return /^(https?|wss?):$/.test(protocol) ? href : address.origin;
}

/** The link that brings somebody else into the room. */
export function linkTo(room: string, address: URL): string {
  const link = new URL(address);
  link.searchParams.delete('room');
  link.hash = encodeURIComponent(room);
  return link.href;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign is a fine room name
  }
}
