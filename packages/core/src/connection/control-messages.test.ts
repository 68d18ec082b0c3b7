import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peerIdFromBytes } from '../identity/peer-id.ts';
import { utf8 } from '../wire/bytes.ts';
import {
  CONTROL_LIMITS,
  type ControlMessage,
  parseControl,
  serialiseControl,
} from './control-messages.ts';

const SEED = 20_260_502;

const text = (maxLength: number, minLength = 0) =>
  fc.string({ unit: 'grapheme-ascii', minLength, maxLength });
const count = fc.integer({ min: 0, max: 65_535 });
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(peerIdFromBytes);
const base = { ordered: fc.boolean(), protocol: text(256) };
const options = fc.oneof(
  fc.record(base),
  fc.record({ ...base, maxPacketLifeTime: count }),
  fc.record({ ...base, maxRetransmits: count }),
);
const candidate = fc.record(
  {
    candidate: text(200),
    sdpMid: fc.option(text(5)),
    sdpMLineIndex: fc.option(count),
    usernameFragment: text(8),
  },
  { requiredKeys: ['candidate', 'sdpMid', 'sdpMLineIndex'] },
);
const message: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.constantFrom({ type: 'ping' as const }, { type: 'pong' as const }, { type: 'bye' as const }),
  fc.record({
    type: fc.constant('description' as const),
    description: fc.record({
      type: fc.constantFrom('offer' as const, 'answer' as const),
      sdp: text(400, 1),
    }),
  }),
  fc.record({ type: fc.constant('candidate' as const), candidate }),
  fc.record({
    type: fc.constant('open' as const),
    label: text(256, 1),
    seen: fc.integer({ min: 0, max: 0xffff_ffff }),
    options,
  }),
  fc.record({ type: fc.constant('members' as const), ids: fc.array(id, { maxLength: 256 }) }),
);

const ID = peerIdFromBytes(new Uint8Array(16).fill(7));
const samples: ControlMessage[] = [
  { type: 'ping' },
  { type: 'pong' },
  { type: 'bye' },
  { type: 'description', description: { type: 'offer', sdp: 'v=0' } },
  { type: 'candidate', candidate: { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 } },
  { type: 'open', label: 'a', seen: 1, options: { ordered: true, protocol: '' } },
  { type: 'members', ids: [ID, ID] },
];

/** A message of that type with any JSON as its body. */
const withJson = (code: number, value: unknown) =>
  parseControl(Uint8Array.of(code, ...utf8(JSON.stringify(value))));

test('[CN3] every control message survives the wire', () => {
  fc.assert(
    fc.property(message, (sent) => {
      expect(parseControl(serialiseControl(sent))).toEqual(sent);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test('[CN3] the type is the first byte', () => {
  expect(samples.map((sample) => serialiseControl(sample)[0])).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(serialiseControl({ type: 'members', ids: [ID] })).toEqual(
    Uint8Array.of(7, ...new Array(16).fill(7)),
  );
});

test('[CN3] nothing at all and unknown types are ignored', () => {
  expect(parseControl(new Uint8Array(0))).toBeUndefined();
  for (const code of [0, 8, 9, 127, 255]) expect(parseControl(Uint8Array.of(code))).toBeUndefined();
});

test.each(samples.slice(3))('[CN3] a $type cut off anywhere is refused', (sample) => {
  const bytes = serialiseControl(sample);
  // Without any ids, and with one id less, it is a list of members all the same.
  const whole = sample.type === 'members' ? [1, 17] : [];
  for (let length = 0; length < bytes.length; length += 1) {
    if (whole.includes(length)) continue;
    expect(parseControl(bytes.slice(0, length)), `${length} bytes`).toBeUndefined();
  }
});

test.each(samples)('[CN3] bytes after the end of a $type are refused', (sample) => {
  expect(parseControl(Uint8Array.of(...serialiseControl(sample), 0))).toBeUndefined();
});

test('[CN3] a message above 262,144 bytes is refused unread', () => {
  const describe = (bytes: number): ControlMessage => ({
    type: 'description',
    description: { type: 'offer', sdp: 'x'.repeat(bytes - 1 - '{"type":"offer","sdp":""}'.length) },
  });
  const largest = describe(CONTROL_LIMITS.messageBytes);
  expect(serialiseControl(largest)).toHaveLength(262_144);
  expect(parseControl(serialiseControl(largest))).toEqual(largest);
  expect(parseControl(serialiseControl(describe(CONTROL_LIMITS.messageBytes + 1)))).toBeUndefined();
});

test('[CN3] at most 256 members are heard of at once', () => {
  const members = (length: number): ControlMessage => ({
    type: 'members',
    ids: Array.from({ length }, () => ID),
  });
  expect(parseControl(serialiseControl(members(256)))).toEqual(members(256));
  expect(parseControl(serialiseControl(members(257)))).toBeUndefined();
});

test.each([
  ['not an object', 'v=0'],
  ['nothing', null],
  ['a list', []],
  ['without a type', { sdp: 'v=0' }],
  ['a rollback', { type: 'rollback', sdp: '' }],
  ['a pranswer', { type: 'pranswer', sdp: 'v=0' }],
  ['without an sdp', { type: 'offer' }],
  ['an sdp that is no text', { type: 'offer', sdp: 1 }],
])('[CN3] a description that is %s is refused', (_what, value) => {
  expect(withJson(4, value)).toBeUndefined();
});

test('[CN3] a description carries only its type and sdp', () => {
  expect(withJson(4, { type: 'offer', sdp: 'v=0', extra: 1 })).toEqual(samples[3]);
});

test.each([
  ['not an object', 1],
  ['without a candidate', { sdpMid: '0' }],
  ['no text', { candidate: { a: 1 } }],
])('[CN3] a candidate that is %s is refused', (_what, value) => {
  expect(withJson(5, value)).toBeUndefined();
});

test('[CN3] of a candidate, fields of the wrong type are as good as missing', () => {
  const value = { candidate: 'c', sdpMid: 1, sdpMLineIndex: '0', usernameFragment: 5 };
  expect(withJson(5, value)).toEqual({
    type: 'candidate',
    candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: null },
  });
});

const open = { label: 'a', seen: 0, options: { ordered: true, protocol: '' } };
test.each([
  ['no label', { ...open, label: undefined }],
  ['an empty label, which no app can open', { ...open, label: '' }],
  ['a label that is no text', { ...open, label: 1 }],
  ['a label of 257 characters', { ...open, label: 'x'.repeat(257) }],
  ['no count', { ...open, seen: undefined }],
  ['a negative count', { ...open, seen: -1 }],
  ['half a count', { ...open, seen: 0.5 }],
  ['too high a count', { ...open, seen: 2 ** 32 }],
  ['no options', { ...open, options: undefined }],
  ['null for options', { ...open, options: null }],
  ['no order', { ...open, options: { protocol: '' } }],
  ['no protocol', { ...open, options: { ordered: true } }],
  [
    'a protocol of 257 characters',
    { ...open, options: { ordered: true, protocol: 'x'.repeat(257) } },
  ],
  [
    'both limits',
    { ...open, options: { ...open.options, maxRetransmits: 1, maxPacketLifeTime: 1 } },
  ],
  ['a limit above 65,535', { ...open, options: { ...open.options, maxRetransmits: 65_536 } }],
  ['a negative limit', { ...open, options: { ...open.options, maxPacketLifeTime: -1 } }],
  ['null for a limit', { ...open, options: { ...open.options, maxPacketLifeTime: null } }],
])('[CN3] a request to open with %s is refused', (_what, value) => {
  expect(withJson(6, open)).toBeDefined();
  expect(withJson(6, value)).toBeUndefined();
});

test('[CN3] a remote cannot ask for options that are ours to choose', () => {
  const asked = { ...open, options: { ...open.options, negotiated: true, id: 77 } };
  expect(withJson(6, asked)).toEqual({ type: 'open', ...open });
});

test('[CN3] random bytes never throw, and what is accepted is a message', () => {
  const bytes = fc
    .tuple(
      fc.integer({ min: 0, max: 8 }),
      fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.json().map(utf8)),
    )
    .map(([code, rest]) => Uint8Array.of(code, ...rest));
  fc.assert(
    fc.property(bytes, (stranger) => {
      const parsed = parseControl(stranger);
      if (parsed) expect(parseControl(serialiseControl(parsed))).toEqual(parsed);
    }),
    { seed: SEED, numRuns: 3_000 },
  );
});

test('[CN3] deeply nested JSON does not throw', () => {
  for (const code of [4, 5, 6]) {
    const nested = utf8(`?${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    nested[0] = code;
    expect(parseControl(nested)).toBeUndefined();
  }
});
