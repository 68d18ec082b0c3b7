import { FakeIntroductions } from '@meshwork/testing/fake-introduction';
import { settle, VirtualClock } from '@meshwork/testing/virtual-platform';
import { describe, expect, test } from 'vitest';
import { MeshworkError } from '../errors.ts';
import { Handshake, type HandshakeMessage } from './handshake.ts';

const FROM = 'AAAAAAAAAAAAAAAAAAAAAA';

/** One end. Its messages pile up in `sent`; a test delivers them, or does not. */
function end(
  clock: VirtualClock,
  introductions: FakeIntroductions,
  winsCollisions: boolean,
  seed: number,
) {
  const sent: HandshakeMessage[] = [];
  const failures: MeshworkError[] = [];
  const own: ReturnType<FakeIntroductions['make']>[] = [];
  const handshake = new Handshake(clock.platform(seed), winsCollisions, {
    introduce: () => {
      const introduction = introductions.make();
      own.push(introduction);
      return introduction;
    },
    send: (message) => sent.push(message),
    failed: (error) => failures.push(error),
  });
  const hear = (message: HandshakeMessage | undefined): unknown => {
    switch (message?.type) {
      case 'offer':
        return handshake.onOffer({ ...message, from: FROM, sinceMs: 0, metadata: undefined });
      case 'answer':
        return handshake.onAnswer({ ...message, from: FROM });
      case 'candidates':
        return handshake.onCandidates({ ...message, from: FROM });
      default:
        throw new Error('There is no such message.');
    }
  };
  return { handshake, sent, failures, own, hear, types: () => sent.map(({ type }) => type) };
}

function pair() {
  const clock = new VirtualClock();
  const introductions = new FakeIntroductions();
  let links = 0;
  introductions.onLinked = () => {
    links += 1;
  };
  const low = end(clock, introductions, true, 1);
  const high = end(clock, introductions, false, 2);
  return { clock, introductions, low, high, links: () => links };
}

describe('one side offers', () => {
  test('[SG8] [SG10] an offer and an answer, and both are in the same session', async () => {
    const { clock, low, high, links } = pair();
    await low.handshake.offer();
    expect(low.handshake.phase).toBe('offered');
    await high.hear(low.sent[0]);
    await low.hear(high.sent[0]);
    expect([low.types(), high.types()]).toEqual([['offer'], ['answer']]);
    expect([low.handshake.phase, high.handshake.phase]).toEqual(['answered', 'answered']);
    expect(low.handshake.session).toMatch(/^[0-9a-f]{16}$/);
    expect(low.handshake.session).toBe(high.handshake.session);
    expect(links()).toBe(1);
    low.handshake.connected();
    high.handshake.connected();
    expect(clock.timerCount).toBe(0);
  });

  test('[SG8] offering again while a session is under way changes nothing', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    await high.handshake.offer();
    expect([low.types(), high.types()]).toEqual([['offer'], ['answer']]);
    expect(low.own).toHaveLength(1);
  });

  test('[SG11] an offer that is lost is repeated, with growing gaps up to 8 s', async () => {
    const { clock, low } = pair();
    const startMs = clock.nowMs();
    await low.handshake.offer();
    const timesMs: number[] = [];
    for (let second = 0; second < 240; second += 1) {
      const before = low.sent.length;
      await clock.advance(250);
      if (low.sent.length > before) timesMs.push(clock.nowMs() - startMs);
    }
    const gapsMs = timesMs.map((timeMs, at) => timeMs - (timesMs[at - 1] ?? 0));
    for (const [at, baseMs] of [1_000, 2_000, 4_000, 8_000, 8_000, 8_000].entries()) {
      expect(gapsMs[at]).toBeGreaterThanOrEqual(baseMs * 0.75 - 250);
      expect(gapsMs[at]).toBeLessThanOrEqual(baseMs * 1.25 + 250);
    }
    expect(new Set(low.sent.map((message) => JSON.stringify(message))).size).toBe(1);
    low.handshake.close();
    expect(clock.timerCount).toBe(0);
  });

  test('[SG11] a repeated offer holds the candidates found since', async () => {
    const { clock, low } = pair();
    await low.handshake.offer();
    const [introduction] = low.own;
    if (introduction) introduction.description = () => 'offer 1 and more';
    await clock.advance(2_000);
    expect(low.sent[1]).toMatchObject({ type: 'offer', sdp: 'offer 1 and more' });
  });

  test('[SG10] an answer that is lost is given again to the repeated offer, the same one', async () => {
    const { clock, low, high, links } = pair();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    await clock.advance(1_500);
    expect(low.types()).toEqual(['offer', 'offer']);
    await high.hear(low.sent[1]);
    expect(high.sent[1]).toEqual(high.sent[0]);
    expect(high.own).toHaveLength(1);
    await low.hear(high.sent[1]);
    expect(links()).toBe(1);
    await clock.advance(60_000);
    expect(low.types()).toEqual(['offer', 'offer']);
  });

  test('[SG12] a second answer, and one of another session, are ignored', async () => {
    const { low, high, links } = pair();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    await low.hear({ type: 'answer', session: '0'.repeat(16), sdp: 'answer 2 to 1' });
    expect(low.handshake.phase).toBe('offered');
    await low.hear(high.sent[0]);
    await low.hear(high.sent[0]);
    expect(links()).toBe(1);
    expect(low.failures).toEqual([]);
  });

  test('[SG10] an offer heard twice while the answer is being made gets one answer', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    await Promise.all([high.hear(low.sent[0]), high.hear(low.sent[0])]);
    expect(high.types()).toEqual(['answer']);
    expect(high.own).toHaveLength(1);
  });
});

describe('both offer at once', () => {
  test('[SG9] the offer of the lower id stands, and there is one session', async () => {
    const { clock, low, high, links } = pair();
    await Promise.all([low.handshake.offer(), high.handshake.offer()]);
    await Promise.all([low.hear(high.sent[0]), high.hear(low.sent[0])]);
    expect(low.types()).toEqual(['offer']);
    expect(high.types()).toEqual(['offer', 'answer']);
    await low.hear(high.sent[1]);
    expect(low.handshake.session).toBe(high.handshake.session);
    expect(links()).toBe(1);
    expect(high.own.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    low.handshake.connected();
    high.handshake.connected();
    await clock.advance(60_000);
    expect(low.types()).toEqual(['offer']);
    expect(high.types()).toEqual(['offer', 'answer']);
  });

  test('[SG9] yielding while our own offer is still being made', async () => {
    const { low, high, links } = pair();
    await low.handshake.offer();
    const offering = high.handshake.offer();
    await high.hear(low.sent[0]);
    await offering;
    expect(high.types()).toEqual(['answer']);
    await low.hear(high.sent[0]);
    expect(links()).toBe(1);
    expect(high.failures).toEqual([]);
  });

  test('[SG9] a late copy of the losing offer does not break the session', async () => {
    const { low, high, links } = pair();
    await high.handshake.offer();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    await low.hear(high.sent[1]);
    await low.hear(high.sent[0]);
    low.handshake.connected();
    await low.hear(high.sent[0]);
    expect(low.types()).toEqual(['offer']);
    expect(low.own.map(({ isClosed }) => isClosed)).toEqual([false]);
    expect(links()).toBe(1);
  });

  test('[SG10] a remote that gave its session up may offer another', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    await high.hear({ type: 'offer', session: 'f'.repeat(16), sdp: 'offer 9' });
    expect(high.handshake.session).toBe('f'.repeat(16));
    expect(high.own.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });
});

describe('candidates', () => {
  test('[CN2] go to the introduction of their session only', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    low.handshake.sendCandidates(['a', 'b']);
    await high.hear(low.sent[1]);
    await high.hear({ type: 'candidates', session: '0'.repeat(16), candidates: ['x'] });
    expect(high.own[0]?.candidates).toEqual(['a', 'b']);
  });

  test('[SG2] are sent in messages of at most what a remote reads', async () => {
    const { low } = pair();
    await low.handshake.offer();
    low.handshake.sendCandidates(Array.from({ length: 70 }, (_, at) => `${at}`));
    const sent = low.sent
      .slice(1)
      .map((message) => (message.type === 'candidates' ? message.candidates.length : message.type));
    expect(sent.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(70);
    expect(Math.max(...sent.map(Number))).toBeLessThanOrEqual(32);
  });

  test('[CN2] are not sent while the description that will hold them is made, nor when connected', async () => {
    const { low, high } = pair();
    low.handshake.sendCandidates(['idle']);
    const offering = low.handshake.offer();
    low.handshake.sendCandidates(['offering']);
    await offering;
    await high.hear(low.sent[0]);
    await low.hear(high.sent[0]);
    low.handshake.connected();
    low.handshake.sendCandidates(['connected']);
    expect(low.types()).toEqual(['offer']);
  });
});

describe('failure and the end', () => {
  test.each(['offer', 'answer', 'accept'] as const)(
    'a failing %s ends it with negotiation-failed',
    async (step) => {
      const { clock, low, high } = pair();
      const cause = new Error('refused by the browser');
      const failing = step === 'answer' ? high : low;
      await low.handshake.offer();
      if (step === 'offer') {
        const third = end(clock, new FakeIntroductions(), true, 3);
        const offering = third.handshake.offer();
        const [introduction] = third.own;
        if (introduction) introduction.failure = cause;
        await offering;
        expect(third.failures).toMatchObject([{ code: 'negotiation-failed', cause }]);
        expect(third.types()).toEqual([]);
        expect(third.handshake.phase).toBe('closed');
        return;
      }
      if (step === 'answer') {
        const answering = high.hear(low.sent[0]);
        const [introduction] = high.own;
        if (introduction) introduction.failure = cause;
        await answering;
      } else {
        await high.hear(low.sent[0]);
        const [introduction] = low.own;
        if (introduction) introduction.failure = cause;
        await low.hear(high.sent[0]);
      }
      expect(failing.failures).toMatchObject([{ code: 'negotiation-failed', cause }]);
      expect(failing.handshake.phase).toBe('closed');
      // The remote would wait in vain.
      expect(failing.types().at(-1)).toBe('bye');
    },
  );

  test.each(['offering', 'answering', 'yielding'] as const)(
    'when %s, a connection that cannot be made is a failure, not a rejection',
    async (how) => {
      const clock = new VirtualClock();
      const failures: MeshworkError[] = [];
      const cause = new MeshworkError('connection-failed');
      let isBroken = how !== 'yielding';
      const introductions = new FakeIntroductions();
      const handshake = new Handshake(clock.platform(1), false, {
        introduce: () => {
          if (isBroken) throw cause;
          return introductions.make();
        },
        send: () => {},
        failed: (error) => failures.push(error),
      });
      const offer = { type: 'offer', from: FROM, session: 'a'.repeat(16), sdp: 'offer 9' } as const;
      if (how === 'yielding') await handshake.offer();
      isBroken = true;
      const step =
        how === 'offering'
          ? handshake.offer()
          : handshake.onOffer({ ...offer, sinceMs: 0, metadata: undefined });
      await expect(step).resolves.toBeUndefined();
      expect(failures).toEqual([cause]);
      expect(handshake.phase).toBe('closed');
      expect(clock.timerCount).toBe(0);
    },
  );

  test('a step that fails after the session was replaced harms nobody', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    const offering = high.handshake.offer();
    const [introduction] = high.own;
    if (introduction) introduction.failure = new Error('too late');
    await high.hear(low.sent[0]);
    await offering;
    expect(high.failures).toEqual([]);
    expect(high.handshake.phase).toBe('answered');
  });

  test('closing says bye to a remote that may wait, once, and repeats nothing', async () => {
    const { clock, low } = pair();
    await low.handshake.offer();
    const session = low.handshake.session;
    low.handshake.close();
    low.handshake.close();
    expect(low.sent.slice(1)).toEqual([{ type: 'bye', session }]);
    expect(low.handshake.phase).toBe('closed');
    expect(clock.timerCount).toBe(0);
  });

  test('closing while a description is being made sends neither it nor bye', async () => {
    const { low } = pair();
    const offering = low.handshake.offer();
    low.handshake.close();
    await offering;
    expect(low.sent).toEqual([]);
    expect(low.failures).toEqual([]);
  });

  test('closing when connected says nothing on the bus', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    await high.hear(low.sent[0]);
    await low.hear(high.sent[0]);
    low.handshake.connected();
    low.handshake.close();
    expect(low.types()).toEqual(['offer']);
  });

  test('after the end nothing is taken', async () => {
    const { low, high } = pair();
    await low.handshake.offer();
    high.handshake.close();
    await high.hear(low.sent[0]);
    await high.handshake.offer();
    high.handshake.connected();
    await settle();
    expect(high.sent).toEqual([]);
    expect(high.own).toEqual([]);
    expect(high.handshake.phase).toBe('closed');
  });
});
