import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peerIdFromBytes } from '../identity/peer-id.ts';
import { utf8 } from '../wire/bytes.ts';
import { MESSAGE_LIMITS, type Message, parseMessage, serialiseMessage } from './messages.ts';

const SEED = 20_260_501;

const sdp = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 });
const from = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(peerIdFromBytes);
const session = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const sinceMs = fc.maxSafeNat().map((value) => value % 2 ** 48);
const sequence = fc.integer({ min: 0, max: 65_535 });
/** As it comes out of toJoinSettings: a JSON value, or nothing at all. */
const metadata = fc.option(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value))),
  { nil: undefined },
);
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('announce' as const), from, sinceMs, sequence, metadata }),
  fc.record({ type: fc.constant('offer' as const), from, session, sinceMs, metadata, sdp }),
  fc.record({ type: fc.constant('answer' as const), from, session, sdp }),
  fc.record({
    type: fc.constant('candidates' as const),
    from,
    session,
    candidates: fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { maxLength: 32 }),
  }),
  fc.record({ type: fc.constant('bye' as const), from, session }),
  fc.record({ type: fc.constant('lost' as const), from, session, sinceMs, metadata }),
);

/** JSON knows no -0, so the bytes are compared. */
function expectToSurvive(parsed: Message): void {
  const bytes = serialiseMessage(parsed);
  const again = parseMessage(bytes);
  expect(again).toBeDefined();
  if (again) expect(serialiseMessage(again)).toEqual(bytes);
}

const FROM = peerIdFromBytes(Uint8Array.from({ length: 16 }, (_, at) => at));
const SESSION = '0011223344556677';
const samples: Message[] = [
  { type: 'announce', from: FROM, sinceMs: 5, sequence: 6, metadata: { a: 1 } },
  { type: 'offer', from: FROM, session: SESSION, sinceMs: 5, metadata: { a: 1 }, sdp: 'v=0' },
  { type: 'answer', from: FROM, session: SESSION, sdp: 'v=0' },
  { type: 'candidates', from: FROM, session: SESSION, candidates: ['one', 'two'] },
  { type: 'bye', from: FROM, session: SESSION },
  { type: 'lost', from: FROM, session: SESSION, sinceMs: 5, metadata: { a: 1 } },
];
/** Where each message's fields of fixed size end. */
const FIXED_BYTES = { announce: 27, offer: 33, answer: 25, candidates: 25, bye: 25, lost: 31 };

test('[SG2] every message survives the wire', () => {
  fc.assert(
    fc.property(message, (sent) => {
      expect(parseMessage(serialiseMessage(sent))).toEqual(sent);
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

test('[SG2] the layout is the documented one', () => {
  const id = '000102030405060708090a0b0c0d0e0f';
  const hex = (sent: Message) => Buffer.from(serialiseMessage(sent)).toString('hex');
  const json = Buffer.from('{"a":1}').toString('hex');
  const sdp = Buffer.from('v=0').toString('hex');
  expect(samples.map(hex)).toEqual([
    `11${id}00000000000500000006${json}`,
    `12${id}${SESSION}0000000000050007${json}${sdp}`,
    `13${id}${SESSION}${sdp}`,
    `14${id}${SESSION}00036f6e65000374776f`,
    `15${id}${SESSION}`,
    `16${id}${SESSION}000000000005${json}`,
  ]);
});

test('[SG2] no metadata takes no bytes, and null is not no metadata', () => {
  const announce = { type: 'announce', from: FROM, sinceMs: 1, sequence: 2 } as const;
  const none: Message = { ...announce, metadata: undefined };
  expect(serialiseMessage(none)).toHaveLength(27);
  expect(parseMessage(serialiseMessage(none))).toEqual(none);
  const nothing: Message = { ...announce, metadata: null };
  expect(parseMessage(serialiseMessage(nothing))).toEqual(nothing);
});

test.each(samples)('[SG2] a $type cut off within its fixed fields is refused', (sample) => {
  const bytes = serialiseMessage(sample);
  for (let length = 0; length < FIXED_BYTES[sample.type]; length += 1) {
    expect(parseMessage(bytes.slice(0, length)), `${length} bytes`).toBeUndefined();
  }
});

test.each([
  ['announce', samples[0]],
  ['offer', samples[1]],
  ['candidates', samples[3]],
  ['lost', samples[5]],
] as [string, Message][])('[SG2] a %s cut off within its body is refused', (_type, sample) => {
  const bytes = serialiseMessage(sample);
  const fixed = FIXED_BYTES[sample.type];
  // A body that is all gone may be a body that never was; and no one can see a shorter sdp.
  const end = sample.type === 'offer' ? bytes.length - 3 : bytes.length;
  const whole = sample.type === 'candidates' ? [fixed + 5] : [];
  for (let length = fixed + 1; length < end; length += 1) {
    if (whole.includes(length)) continue;
    expect(parseMessage(bytes.slice(0, length)), `${length} bytes`).toBeUndefined();
  }
});

test.each(['offer', 'answer'] as const)('[SG2] an %s without a description is refused', (type) => {
  const body = type === 'offer' ? { sinceMs: 1, metadata: undefined } : {};
  const empty = { type, from: FROM, session: SESSION, sdp: '', ...body } as Message;
  expect(parseMessage(serialiseMessage(empty))).toBeUndefined();
});

test('[SG2] bytes after the end of a message are refused', () => {
  for (const sample of samples) {
    // The sdp is the rest of its message, so only text that is none shows there.
    const bytes = Uint8Array.of(...serialiseMessage(sample), 0xff);
    expect(parseMessage(bytes), sample.type).toBeUndefined();
  }
});

test('[SG2] other versions and unknown types are ignored', () => {
  for (const sample of samples) {
    const bytes = serialiseMessage(sample);
    for (let head = 0; head < 256; head += 1) {
      if (head >> 4 === 1 && (head & 15) >= 1 && (head & 15) <= 6) continue;
      bytes[0] = head;
      expect(parseMessage(bytes), `head ${head}`).toBeUndefined();
    }
  }
});

test('[SG2] a message may have 16,384 bytes and not one more', () => {
  const sdp = (length: number): Message => ({
    type: 'answer',
    from: FROM,
    session: SESSION,
    sdp: 'x'.repeat(length),
  });
  const largest = MESSAGE_LIMITS.messageBytes - 25;
  expect(parseMessage(serialiseMessage(sdp(largest)))).toEqual(sdp(largest));
  expect(parseMessage(serialiseMessage(sdp(largest + 1)))).toBeUndefined();
});

test('[SG2] metadata may have 4,096 bytes and not one more', () => {
  const pad = (bytes: number) => 'x'.repeat(bytes - 2);
  for (const sample of samples) {
    if (!('metadata' in sample)) continue;
    const at = { ...sample, metadata: pad(4_096) };
    expect(parseMessage(serialiseMessage(at)), sample.type).toEqual(at);
    const beyond = { ...sample, metadata: pad(4_097) };
    expect(parseMessage(serialiseMessage(beyond)), sample.type).toBeUndefined();
  }
});

test('[SG2] as many candidates as the limits allow fit into one message, and no more', () => {
  const candidates = (count: number, bytes: number): Message => ({
    type: 'candidates',
    from: FROM,
    session: SESSION,
    candidates: Array.from({ length: count }, () => 'c'.repeat(bytes)),
  });
  expect(parseMessage(serialiseMessage(candidates(33, 1)))).toBeUndefined();
  expect(parseMessage(serialiseMessage(candidates(1, 513)))).toBeUndefined();
  expect(parseMessage(serialiseMessage(candidates(1, 512)))).toBeDefined();
  const most = candidates(MESSAGE_LIMITS.candidates, MESSAGE_LIMITS.candidateBytes);
  expect(parseMessage(serialiseMessage(most))).toEqual(most);
});

test('[SG2] random bytes never throw, and what is accepted is a message', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    // With a head that passes, so that the bodies are reached.
    fc
      .tuple(fc.integer({ min: 0x11, max: 0x16 }), fc.uint8Array({ minLength: 16, maxLength: 80 }))
      .map(([head, rest]) => Uint8Array.of(head, ...rest)),
  );
  fc.assert(
    fc.property(bytes, (stranger) => {
      const parsed = parseMessage(stranger);
      if (parsed) expectToSurvive(parsed);
    }),
    { seed: SEED, numRuns: 5_000 },
  );
});

test('[SG2] damaged messages never throw, and what is accepted is a message', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, where, damage) => {
      const bytes = serialiseMessage(sent);
      const at = where % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ damage;
      const parsed = parseMessage(bytes);
      if (parsed) expectToSurvive(parsed);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test('[SG2] hostile JSON in metadata neither throws nor reaches a prototype', () => {
  const head = serialiseMessage({ ...samples[0], metadata: undefined } as Message);
  const withMetadata = (json: string) => parseMessage(Uint8Array.of(...head, ...utf8(json)));
  expect(withMetadata('['.repeat(4_000))).toBeUndefined();
  const deep = withMetadata('['.repeat(2_000) + ']'.repeat(2_000));
  expect(deep).toBeDefined();
  withMetadata('{"__proto__":{"polluted":true}}');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  for (const json of [' ', 'undefined', 'NaN', "'a'", '{a:1}', '\uFEFF{}', '1 2']) {
    expect(withMetadata(json), json).toBeUndefined();
  }
});
