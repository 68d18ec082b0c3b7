/**
 * The messages on the bus: the union, how each is written, and the one door where bytes of
 * strangers become typed messages. Layouts: PROTOCOL.md, rules SG2 to SG7.
 * Used by: membership.ts, handshake.ts.
 */

import { PEER_ID_BYTES, peerIdFromBytes, peerIdToBytes } from '../identity/peer-id.ts';
import { type ByteReader, ByteWriter, fromUtf8, parseBytes, utf8 } from '../wire/bytes.ts';

/** Messages of another version are ignored; see PROTOCOL.md, "Versions". */
const VERSION = 1;

export const MESSAGE_LIMITS = {
  /** The largest message we read. */
  messageBytes: 16_384,
  /** The largest metadata, as JSON. */
  metadataBytes: 4_096,
  /** Candidates in one message. */
  candidates: 30,
  /** One candidate line. */
  candidateBytes: 512,
} as const;

export const SESSION_ID_BYTES = 8;

/** "I am here": to the room. Later announces of one stay in a room count `sequence` up. */
export interface Announce {
  readonly type: 'announce';
  readonly from: string;
  /** When the sender joined, in ms since the epoch: a later stay replaces an earlier one. */
  readonly sinceMs: number;
  readonly sequence: number;
  readonly metadata: unknown;
}

/** An offer to one peer, opening a session. */
export interface Offer {
  readonly type: 'offer';
  readonly from: string;
  readonly session: string;
  readonly sinceMs: number;
  readonly metadata: unknown;
  readonly sdp: string;
}

export interface Answer {
  readonly type: 'answer';
  readonly from: string;
  readonly session: string;
  readonly sdp: string;
}

/** Candidates found after the description was sent. */
export interface Candidates {
  readonly type: 'candidates';
  readonly from: string;
  readonly session: string;
  readonly candidates: readonly string[];
}

/** The sender gives this session up, or left the room. */
export interface Bye {
  readonly type: 'bye';
  readonly from: string;
  readonly session: string;
}

/** "The connection of this session broke here. If you are there, offer me a new one." */
export interface Lost {
  readonly type: 'lost';
  readonly from: string;
  readonly session: string;
  readonly sinceMs: number;
  readonly metadata: unknown;
}

export type Message = Announce | Offer | Answer | Candidates | Bye | Lost;

const TYPE_CODES = { announce: 1, offer: 2, answer: 3, candidates: 4, bye: 5, lost: 6 } as const;

export function serialiseMessage(message: Message): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .uint((VERSION << 4) | TYPE_CODES[message.type], 1)
    .raw(peerIdToBytes(message.from));
  switch (message.type) {
    case 'announce':
      writer.uint(message.sinceMs, 6).uint(message.sequence, 4);
      return writer.raw(jsonBytes(message.metadata)).bytes();
    case 'offer':
      writer.raw(sessionToBytes(message.session)).uint(message.sinceMs, 6);
      return writer.sized(jsonBytes(message.metadata)).raw(utf8(message.sdp)).bytes();
    case 'answer':
      return writer.raw(sessionToBytes(message.session)).raw(utf8(message.sdp)).bytes();
    case 'candidates':
      writer.raw(sessionToBytes(message.session));
      for (const candidate of message.candidates) writer.sized(utf8(candidate));
      return writer.bytes();
    case 'bye':
      return writer.raw(sessionToBytes(message.session)).bytes();
    case 'lost':
      writer.raw(sessionToBytes(message.session)).uint(message.sinceMs, 6);
      return writer.raw(jsonBytes(message.metadata)).bytes();
  }
}

/** [SG2] The message that these bytes spell, or undefined when they spell none of ours. */
export function parseMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length > MESSAGE_LIMITS.messageBytes) return undefined;
  return parseBytes(bytes, (reader) => {
    const head = reader.uint(1);
    if (head >> 4 !== VERSION) return undefined;
    const from = peerIdFromBytes(reader.raw(PEER_ID_BYTES));
    return parseBody(head & 15, from, reader);
  });
}

function parseBody(code: number, from: string, reader: ByteReader): Message | undefined {
  switch (code) {
    case TYPE_CODES.announce: {
      const sinceMs = reader.uint(6);
      const sequence = reader.uint(4);
      return { type: 'announce', from, sinceMs, sequence, metadata: restAsMetadata(reader) };
    }
    case TYPE_CODES.offer: {
      const session = readSession(reader);
      const sinceMs = reader.uint(6);
      const metadata = parseMetadata(reader.sized(MESSAGE_LIMITS.metadataBytes));
      return { type: 'offer', from, session, sinceMs, metadata, sdp: restAsSdp(reader) };
    }
    case TYPE_CODES.answer:
      return { type: 'answer', from, session: readSession(reader), sdp: restAsSdp(reader) };
    case TYPE_CODES.candidates:
      return {
        type: 'candidates',
        from,
        session: readSession(reader),
        candidates: readCandidates(reader),
      };
    case TYPE_CODES.bye: {
      const session = readSession(reader);
      reader.require(reader.left === 0);
      return { type: 'bye', from, session };
    }
    case TYPE_CODES.lost: {
      const session = readSession(reader);
      const sinceMs = reader.uint(6);
      return { type: 'lost', from, session, sinceMs, metadata: restAsMetadata(reader) };
    }
    default:
      return undefined;
  }
}

function readCandidates(reader: ByteReader): string[] {
  const candidates: string[] = [];
  while (reader.left > 0) {
    reader.require(candidates.length < MESSAGE_LIMITS.candidates);
    candidates.push(fromUtf8(reader.sized(MESSAGE_LIMITS.candidateBytes)));
  }
  return candidates;
}

/** Metadata as it travels; no metadata is no bytes. */
function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return value === undefined ? new Uint8Array(0) : utf8(JSON.stringify(value));
}

function restAsMetadata(reader: ByteReader): unknown {
  reader.require(reader.left <= MESSAGE_LIMITS.metadataBytes);
  return parseMetadata(reader.rest());
}

function parseMetadata(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : JSON.parse(fromUtf8(bytes));
}

function restAsSdp(reader: ByteReader): string {
  reader.require(reader.left > 0);
  return fromUtf8(reader.rest());
}

function readSession(reader: ByteReader): string {
  return sessionFromBytes(reader.raw(SESSION_ID_BYTES));
}

/** Session ids are handled as 16 hexadecimal digits. */
export function sessionFromBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sessionToBytes(session: string): Uint8Array {
  return Uint8Array.from(session.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
