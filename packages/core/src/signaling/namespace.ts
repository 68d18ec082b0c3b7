/**
 * Namespaces: where a room and a peer are found on the bus.
 * Every name is escaped to `A-Z a-z 0-9 _ -`, so that no bus mistakes a part of a name for a
 * separator or a wildcard, and different names never meet.
 * Used by: membership.ts.
 */

import { utf8 } from '../wire/bytes.ts';
import type { Namespace } from './driver.ts';

/** The longest room name, in bytes of UTF-8. Escaping may triple it; buses limit topics. */
export const MAX_ROOM_NAME_BYTES = 128;

/** [SG1] Everyone in the room hears this. */
export function roomNamespace(room: string): Namespace {
  return [escapeName(room)];
}

/** [SG1] Only this peer hears this. */
export function inboxNamespace(room: string, peerId: string): Namespace {
  return [escapeName(room), peerId];
}

/** Letters, digits and `-` stay; every other byte of the UTF-8 form becomes `_` and two hex digits. */
export function escapeName(name: string): string {
  return Array.from(utf8(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(char) ? char : `_${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
