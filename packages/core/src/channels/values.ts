/**
 * Values: what an app may send, as frames on a data channel, and back as the same kind of value.
 * A string travels as a text frame, just as `RTCDataChannel.send(string)` would send it; anything
 * else as one kind byte and a body. Layout: PROTOCOL.md, rules CH1 to CH3.
 * Used by: channel.ts.
 */

import { concatBytes, fromUtf8, utf8 } from '../wire/bytes.ts';

/** A value that JSON can carry. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** What `send` takes. It arrives as the same kind of value. */
export type SendableValue = JsonValue | Blob | ArrayBuffer | ArrayBufferView;

/** [CH2] The place in the list is the kind on the wire: append, never reorder. */
const VIEW_TYPES = [
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

type ViewConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

const KIND = { arrayBuffer: 1, blob: 2, json: 3, firstView: 16 } as const;

const MAX_MIME_CHARS = 255;

/** What goes out as one message of a data channel. */
export type Frame = string | Uint8Array<ArrayBuffer>;

/** A frame whose content is still being read. */
export interface PendingFrame {
  readonly bytes: number;
  readonly ready: Promise<Frame>;
}

/**
 * The frame for a value; only a Blob has to be waited for.
 *
 * @throws TypeError when it is nothing that can be sent
 */
export function toFrame(value: unknown): Frame | PendingFrame {
  if (typeof value === 'string') return value;
  if (value instanceof ArrayBuffer) return withKind(KIND.arrayBuffer, new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return withKind(viewKind(value), bytesOf(value));
  if (typeof Blob !== 'undefined' && value instanceof Blob) return blobFrame(value);
  return withKind(KIND.json, utf8(jsonOf(value)));
}

/** The value in a frame, or undefined when it holds none of ours. */
export function fromFrame(frame: string | ArrayBuffer): { readonly value: unknown } | undefined {
  if (typeof frame === 'string') return { value: frame };
  const bytes = new Uint8Array(frame);
  const kind = bytes[0];
  if (kind === undefined) return undefined;
  const body = frame.slice(1);
  try {
    if (kind === KIND.arrayBuffer) return { value: body };
    if (kind === KIND.json) return { value: JSON.parse(fromUtf8(bytes.subarray(1))) };
    if (kind === KIND.blob) return blobFrom(bytes.subarray(1));
    const View: ViewConstructor | undefined = VIEW_TYPES[kind - KIND.firstView];
    return View && { value: new View(body) };
  } catch {
    // Malformed UTF-8 or JSON, or bytes that do not fill whole elements.
    return undefined;
  }
}

/** Whether the frame can be sent as it is. */
export function isReady(frame: Frame | PendingFrame): frame is Frame {
  return typeof frame === 'string' || frame instanceof Uint8Array;
}

/** Roughly how many bytes of memory the frame holds. */
export function frameBytes(frame: Frame | PendingFrame): number {
  if (typeof frame === 'string') return frame.length * 2;
  return isReady(frame) ? frame.length : frame.bytes;
}

/** Whether the value in the frame takes more than this on the wire, its kind not counted. */
export function isLargerThan(frame: Frame, maxBytes: number): boolean {
  if (typeof frame !== 'string') return frame.length - headBytes(frame) > maxBytes;
  // No unit of UTF-16 takes more than three bytes of UTF-8; only near the limit do we count.
  return frame.length * 3 > maxBytes && utf8(frame).length > maxBytes;
}

function headBytes(frame: Uint8Array): number {
  return frame[0] === KIND.blob ? 2 + (frame[1] ?? 0) : 1;
}

function viewKind(view: ArrayBufferView): number {
  // By instance, so that a subclass such as Node's Buffer arrives as what it extends.
  const index = VIEW_TYPES.findIndex((View) => view instanceof View);
  if (index < 0) throw new TypeError(`Cannot send a ${view.constructor.name}.`);
  return KIND.firstView + index;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function withKind(kind: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes([Uint8Array.of(kind), body]);
}

function blobFrame(blob: Blob): PendingFrame {
  const ready = readBlob(blob);
  // With nobody to send it to, nobody waits for it either.
  ready.catch(() => {});
  return { bytes: blob.size, ready };
}

async function readBlob(blob: Blob): Promise<Frame> {
  const mime = utf8(blob.type.slice(0, MAX_MIME_CHARS));
  const body = new Uint8Array(await blob.arrayBuffer());
  return concatBytes([Uint8Array.of(KIND.blob, mime.length), mime, body]);
}

function blobFrom(bytes: Uint8Array<ArrayBuffer>): { readonly value: Blob } | undefined {
  const mimeLength = bytes[0];
  if (mimeLength === undefined || bytes.length < 1 + mimeLength) return undefined;
  const type = fromUtf8(bytes.subarray(1, 1 + mimeLength));
  return { value: new Blob([bytes.subarray(1 + mimeLength)], { type }) };
}

function jsonOf(value: unknown): string {
  const json = isJsonLike(value) ? JSON.stringify(value) : undefined;
  if (json !== undefined) return json;
  throw new TypeError(
    `Cannot send ${Object.prototype.toString.call(value)}: it is no text, binary, Blob or JSON.`,
  );
}

/** A Map, a Promise or a SharedArrayBuffer would arrive as an empty object. */
function isJsonLike(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  const hasOwnForm = typeof (value as { toJSON?: unknown }).toJSON === 'function';
  return hasOwnForm || Object.prototype.toString.call(value) === '[object Object]';
}
