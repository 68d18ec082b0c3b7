/**
 * Bytes in, bytes out: a writer that grows and a reader that refuses to read past the end.
 * All integers are big endian. Used by: every message family on the wire.
 */

const utf8Encoder = new TextEncoder();
/** Refuses malformed UTF-8 instead of repairing it, and keeps a byte order mark as it is. */
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return utf8Encoder.encode(text);
}

/** @throws TypeError when the bytes are not UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Collects fields; `bytes()` joins them. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = [];

  /** An unsigned integer of 1 to 6 bytes. */
  uint(value: number, byteCount: number): this {
    const bytes = new Uint8Array(byteCount);
    let rest = value;
    for (let at = byteCount - 1; at >= 0; at -= 1) {
      bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return this.raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** Bytes behind their length in two bytes. */
  sized(bytes: Uint8Array): this {
    return this.uint(bytes.length, 2).raw(bytes);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return concatBytes(this.#parts);
  }
}

/** Thrown by {@link ByteReader}; caught by {@link parseBytes} and nowhere else. */
class Malformed extends Error {}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint(byteCount: number): number {
    return this.raw(byteCount).reduce((value, byte) => value * 256 + byte, 0);
  }

  raw(byteCount: number): Uint8Array<ArrayBuffer> {
    this.require(byteCount <= this.left);
    this.#at += byteCount;
    return this.#bytes.slice(this.#at - byteCount, this.#at) as Uint8Array<ArrayBuffer>;
  }

  /** Bytes behind a two-byte length, which may not exceed `maxBytes`. */
  sized(maxBytes: number): Uint8Array<ArrayBuffer> {
    const byteCount = this.uint(2);
    this.require(byteCount <= maxBytes);
    return this.raw(byteCount);
  }

  rest(): Uint8Array<ArrayBuffer> {
    return this.raw(this.left);
  }

  /** Gives up on the whole message unless the condition holds. */
  require(condition: boolean): void {
    if (!condition) throw new Malformed();
  }
}

/** Runs a parser over bytes of a stranger; undefined when they are not what it expects. */
export function parseBytes<T>(
  bytes: Uint8Array,
  parse: (reader: ByteReader) => T | undefined,
): T | undefined {
  try {
    return parse(new ByteReader(bytes));
  } catch (error) {
    // TextDecoder throws TypeError and JSON.parse SyntaxError on what a stranger made up.
    if (error instanceof Malformed || error instanceof TypeError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
