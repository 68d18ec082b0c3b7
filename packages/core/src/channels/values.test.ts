import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../wire/bytes.ts';
import { type Frame, frameBytes, fromFrame, isLargerThan, isReady, toFrame } from './values.ts';

const SEED = 20_260_503;

/** As it arrives: a string stays one, bytes come as an ArrayBuffer of their own. */
function onTheWire(frame: Frame): string | ArrayBuffer {
  return typeof frame === 'string' ? frame : new Uint8Array(frame).buffer;
}

async function frameOf(value: unknown): Promise<Frame> {
  const frame = toFrame(value);
  return isReady(frame) ? frame : frame.ready;
}

async function throughTheWire(value: unknown): Promise<unknown> {
  const parsed = fromFrame(onTheWire(await frameOf(value)));
  expect(parsed).toBeDefined();
  return parsed?.value;
}

const buffer = Uint8Array.from({ length: 16 }, (_, at) => at * 17).buffer;

test('[CH1] a string travels as itself, the empty one too', async () => {
  for (const value of ['', 'hello', '😀', '\uFEFFx', 'x'.repeat(100_000), '{"a":1}']) {
    expect(toFrame(value)).toBe(value);
    expect(await throughTheWire(value)).toBe(value);
  }
});

test('[CH2] every JSON value arrives as it was', async () => {
  for (const value of [
    null,
    true,
    false,
    0,
    -1.5,
    1e300,
    [],
    {},
    [1, 'a', [null]],
    { a: { b: [1] } },
  ]) {
    expect(await throughTheWire(value)).toEqual(value);
  }
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      expect(await throughTheWire(value)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test.each([
  ['DataView', DataView],
  ['Int8Array', Int8Array],
  ['Uint8Array', Uint8Array],
  ['Uint8ClampedArray', Uint8ClampedArray],
  ['Int16Array', Int16Array],
  ['Uint16Array', Uint16Array],
  ['Int32Array', Int32Array],
  ['Uint32Array', Uint32Array],
  ['Float32Array', Float32Array],
  ['Float64Array', Float64Array],
  ['BigInt64Array', BigInt64Array],
  ['BigUint64Array', BigUint64Array],
] as [string, new (buffer: ArrayBuffer) => ArrayBufferView][])(
  '[CH2] a %s arrives as one, byte for byte',
  async (_name, View) => {
    const sent = new View(buffer);
    const arrived = (await throughTheWire(sent)) as ArrayBufferView;
    expect(Object.getPrototypeOf(arrived)).toBe(View.prototype);
    expect(arrived.byteLength).toBe(16);
    expect(new Uint8Array(arrived.buffer)).toEqual(new Uint8Array(buffer));
    const empty = (await throughTheWire(new View(new ArrayBuffer(0)))) as ArrayBufferView;
    expect(Object.getPrototypeOf(empty)).toBe(View.prototype);
    expect(empty.byteLength).toBe(0);
  },
);

test('[CH2] the kinds on the wire are the documented ones', async () => {
  const kinds = [
    new ArrayBuffer(0),
    new Blob([]),
    null,
    new DataView(new ArrayBuffer(0)),
    new Int8Array(0),
    new Uint8Array(0),
    new Uint8ClampedArray(0),
    new Int16Array(0),
    new Uint16Array(0),
    new Int32Array(0),
    new Uint32Array(0),
    new Float32Array(0),
    new Float64Array(0),
    new BigInt64Array(0),
    new BigUint64Array(0),
  ].map(async (value) => (await frameOf(value))[0]);
  expect(await Promise.all(kinds)).toEqual([
    1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
  ]);
});

test('[CH2] only the part that a view shows is sent, and later changes are not', async () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const frame = toFrame(new Uint16Array(bytes.buffer, 2, 2)) as Uint8Array<ArrayBuffer>;
  bytes.fill(0);
  const { value } = fromFrame(onTheWire(frame)) as { value: Uint16Array };
  expect([...new Uint8Array(value.buffer)]).toEqual([3, 4, 5, 6]);
});

test('[CH2] a subclass arrives as what it extends', async () => {
  const arrived = await throughTheWire(Buffer.from('hi'));
  expect(Object.getPrototypeOf(arrived)).toBe(Uint8Array.prototype);
  expect(arrived).toEqual(Uint8Array.of(104, 105));
});

test('[CH2] an ArrayBuffer arrives as one', async () => {
  const arrived = await throughTheWire(buffer);
  expect(arrived).toBeInstanceOf(ArrayBuffer);
  expect(new Uint8Array(arrived as ArrayBuffer)).toEqual(new Uint8Array(buffer));
});

test('[CH2] a Blob arrives with its type, the empty one too', async () => {
  for (const [parts, type] of [
    [['hello'], 'text/plain'],
    [[], ''],
    [[new Uint8Array(1_000)], 'application/octet-stream'],
    [['a'], `text/${'x'.repeat(400)}`],
  ] as [BlobPart[], string][]) {
    const arrived = (await throughTheWire(new Blob(parts, { type }))) as Blob;
    expect(arrived).toBeInstanceOf(Blob);
    expect(arrived.type).toBe(type.slice(0, 255));
    expect(await arrived.arrayBuffer()).toEqual(await new Blob(parts).arrayBuffer());
  }
});

test.each([
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('a')],
  ['a bigint', 1n],
  [
    'a circle',
    (() => {
      const circle: unknown[] = [];
      circle.push(circle);
      return circle;
    })(),
  ],
  // JSON would make `{}` of it: the receiver gets another kind of value, and nobody is told.
  ['a SharedArrayBuffer', new SharedArrayBuffer(4)],
])('[CH2] %s cannot be sent', (_what, value) => {
  expect(() => toFrame(value)).toThrow(TypeError);
});

test.each([
  ['nothing', []],
  ['an unknown kind', [0, 1]],
  ['a kind between the known ones', [4]],
  ['a kind below the first view', [15, 0]],
  ['a kind beyond the last view', [28, 0]],
  ['the highest kind', [255]],
  ['half a Uint16', [20, 1]],
  ['seven bytes of a Float64', [25, 1, 2, 3, 4, 5, 6, 7]],
  ['no JSON', [3]],
  ['broken JSON', [3, 123]],
  ['JSON that is no UTF-8', [3, 34, 0xff, 34]],
  ['a blob without a type', [2]],
  ['a blob whose type is cut off', [2, 5, 97]],
  ['a blob whose type is no UTF-8', [2, 1, 0xff]],
])('[CH3] a frame of %s is none of ours', (_what, bytes) => {
  expect(fromFrame(Uint8Array.from(bytes as number[]).buffer)).toBeUndefined();
});

test('[CH3] random frames never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 32 }), (rest, kind) => {
      const parsed = fromFrame(Uint8Array.of(kind, ...rest).buffer);
      expect(parsed === undefined || 'value' in parsed).toBe(true);
    }),
    { seed: SEED, numRuns: 5_000 },
  );
});

test('[CH3] a frame is measured as UTF-8 takes it', () => {
  expect(isLargerThan('aaaa', 4)).toBe(false);
  expect(isLargerThan('aaaaa', 4)).toBe(true);
  expect(isLargerThan('éé', 4)).toBe(false);
  expect(isLargerThan('éé', 3)).toBe(true);
  expect(isLargerThan('😀', 4)).toBe(false);
  expect(isLargerThan('€', 2)).toBe(true);
  // The byte that says the kind is not counted.
  expect(isLargerThan(new Uint8Array(6), 5)).toBe(false);
  expect(isLargerThan(new Uint8Array(7), 5)).toBe(true);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 40 }), (text, max) => {
      expect(isLargerThan(text, max)).toBe(utf8(text).length > max);
    }),
    { seed: SEED },
  );
});

test('memory is counted in bytes', () => {
  expect(frameBytes('abc')).toBe(6);
  expect(frameBytes(new Uint8Array(7))).toBe(7);
});
