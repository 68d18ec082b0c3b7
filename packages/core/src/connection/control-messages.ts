/**
 * What the two ends of a connection say on the control channel, and the one door where a remote's
 * bytes become typed messages. Layout: PROTOCOL.md, rules CN3 to CN6: a type byte, then a body.
 * Used by: control-channel.ts.
 */

import { PEER_ID_BYTES, peerIdFromBytes, peerIdToBytes } from '../identity/peer-id.ts';
import { concatBytes, fromUtf8, parseBytes, utf8 } from '../wire/bytes.ts';
import { type ChannelInit, toChannelInit } from '../wire/channel-options.ts';

export type ControlMessage =
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  /** The sender leaves the room; do not try to reconnect. */
  | { readonly type: 'bye' }
  | { readonly type: 'description'; readonly description: RTCSessionDescriptionInit }
  | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit }
  /** Asks the impolite end to open a channel; `seen` of this label were open before. */
  | {
      readonly type: 'open';
      readonly label: string;
      readonly seen: number;
      readonly options: Omit<ChannelInit, 'label'>;
    }
  /** Other members of the room that the sender knows. */
  | { readonly type: 'members'; readonly ids: readonly string[] };

const TYPE_CODES = {
  ping: 1,
  pong: 2,
  bye: 3,
  description: 4,
  candidate: 5,
  open: 6,
  members: 7,
} as const;

export const CONTROL_LIMITS = {
  /** A description of a connection with dozens of tracks; within every stack's message size. */
  messageBytes: 262_144,
  memberIds: 256,
} as const;

export function serialiseControl(message: ControlMessage): Uint8Array<ArrayBuffer> {
  const head = Uint8Array.of(TYPE_CODES[message.type]);
  switch (message.type) {
    case 'ping':
    case 'pong':
    case 'bye':
      return head;
    case 'description':
      return concatBytes([head, utf8(JSON.stringify(message.description))]);
    case 'candidate':
      return concatBytes([head, utf8(JSON.stringify(message.candidate))]);
    case 'open': {
      const { label, seen, options } = message;
      return concatBytes([head, utf8(JSON.stringify({ label, seen, options }))]);
    }
    case 'members':
      return concatBytes([head, ...message.ids.map(peerIdToBytes)]);
  }
}

/** [CN3] The message that these bytes spell, or undefined when they spell none of ours. */
export function parseControl(bytes: Uint8Array): ControlMessage | undefined {
  if (bytes.length > CONTROL_LIMITS.messageBytes) return undefined;
  return parseBytes(bytes, (reader): ControlMessage | undefined => {
    const code = reader.uint(1);
    switch (code) {
      case TYPE_CODES.ping:
        return reader.left === 0 ? { type: 'ping' } : undefined;
      case TYPE_CODES.pong:
        return reader.left === 0 ? { type: 'pong' } : undefined;
      case TYPE_CODES.bye:
        return reader.left === 0 ? { type: 'bye' } : undefined;
      case TYPE_CODES.description:
        return asDescription(JSON.parse(fromUtf8(reader.rest())));
      case TYPE_CODES.candidate:
        return asCandidate(JSON.parse(fromUtf8(reader.rest())));
      case TYPE_CODES.open:
        return asOpen(JSON.parse(fromUtf8(reader.rest())));
      case TYPE_CODES.members: {
        const count = reader.left / PEER_ID_BYTES;
        reader.require(Number.isInteger(count) && count <= CONTROL_LIMITS.memberIds);
        const ids = Array.from({ length: count }, () => peerIdFromBytes(reader.raw(PEER_ID_BYTES)));
        return { type: 'members', ids };
      }
      default:
        return undefined;
    }
  });
}

function asDescription(value: unknown): ControlMessage | undefined {
  const { type, sdp } = asRecord(value);
  if (type !== 'offer' && type !== 'answer') return undefined;
  if (typeof sdp !== 'string') return undefined;
  return { type: 'description', description: { type, sdp } };
}

function asCandidate(value: unknown): ControlMessage | undefined {
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = asRecord(value);
  if (typeof candidate !== 'string') return undefined;
  return {
    type: 'candidate',
    candidate: {
      candidate,
      sdpMid: typeof sdpMid === 'string' ? sdpMid : null,
      sdpMLineIndex: typeof sdpMLineIndex === 'number' ? sdpMLineIndex : null,
      ...(typeof usernameFragment === 'string' ? { usernameFragment } : {}),
    },
  };
}

/** @throws TypeError when the options are none; that makes it no message */
function asOpen(value: unknown): ControlMessage | undefined {
  const { label, seen, options } = asRecord(value);
  if (typeof label !== 'string' || !isCount(seen, 0xffff_ffff)) return undefined;
  const { ordered, protocol, ...limits } = asRecord(options);
  // An app may leave these out; a remote of ours never does.
  if (typeof ordered !== 'boolean' || typeof protocol !== 'string') return undefined;
  const init = toChannelInit({ label, ordered, protocol, ...limits });
  return { type: 'open', label, seen, options: optionsOf(init) };
}

function isCount(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function optionsOf({ label, ...options }: ChannelInit): Omit<ChannelInit, 'label'> {
  return options;
}
