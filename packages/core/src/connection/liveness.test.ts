import { VirtualClock } from '@meshwork/testing/virtual-platform';
import { expect, test } from 'vitest';
import { judge, LIVENESS, Liveness } from './liveness.ts';

function play() {
  const clock = new VirtualClock();
  const events: string[] = [];
  const remote = { isTransportDoubtful: false, answersPings: false };
  const startMs = clock.nowMs();
  const at = (what: string) => events.push(`${(clock.nowMs() - startMs) / 1_000} ${what}`);
  const liveness: Liveness = new Liveness(clock.platform(1), {
    ping: () => {
      at('ping');
      if (remote.answersPings) clock.after(50, () => liveness.heard());
    },
    isTransportDoubtful: () => remote.isTransportDoubtful,
    changed: (verdict) => at(verdict),
  });
  const verdicts = () => events.filter((event) => !event.endsWith('ping'));
  return { clock, events, verdicts, remote, liveness };
}

test.each([
  [0, false, 'alive'],
  [7_999, false, 'alive'],
  [8_000, false, 'doubtful'],
  [15_999, false, 'doubtful'],
  [16_000, false, 'lost'],
  [0, true, 'doubtful'],
  [6_999, true, 'doubtful'],
  [7_000, true, 'lost'],
  [16_000, true, 'lost'],
] as const)(
  '[CN5] %i ms of silence, transport doubtful %s: %s',
  (silentMs, isDoubtful, verdict) => {
    expect(judge(silentMs, isDoubtful)).toBe(verdict);
  },
);

test('[CN5] a silent remote is pinged, then doubtful, then lost, and then nothing more', async () => {
  const { clock, events } = play();
  await clock.advance(60_000);
  expect(events).toEqual([
    '2 ping',
    '4 ping',
    '6 ping',
    '8 ping',
    '8 doubtful',
    '10 ping',
    '12 ping',
    '14 ping',
    '16 ping',
    '16 lost',
  ]);
  expect(clock.timerCount).toBe(0);
});

test('[CN5] an idle remote that answers stays alive for hours', async () => {
  const { clock, remote, verdicts } = play();
  remote.answersPings = true;
  await clock.advance(2 * 3_600_000);
  expect(verdicts()).toEqual([]);
});

test('[CN5] a busy connection is not pinged', async () => {
  const { clock, events, liveness } = play();
  for (let second = 0; second < 30; second += 1) {
    liveness.heard();
    await clock.advance(1_000);
  }
  expect(events).toEqual([]);
});

test('[CN5] a remote that speaks again is alive at once', async () => {
  const { clock, verdicts, liveness } = play();
  await clock.advance(9_000);
  liveness.heard();
  expect(verdicts()).toEqual(['8 doubtful', '9 alive']);
});

test('[CN5] when ICE doubts too, silence is believed sooner', async () => {
  const { clock, verdicts, remote, liveness } = play();
  await clock.advance(1_000);
  remote.isTransportDoubtful = true;
  liveness.look();
  await clock.advance(20_000);
  expect(verdicts()).toEqual(['1 doubtful', '8 lost']);
});

test('[CN5] a remote that ICE doubts but that we hear is not lost', async () => {
  const { clock, verdicts, remote } = play();
  remote.isTransportDoubtful = true;
  remote.answersPings = true;
  await clock.advance(60_000);
  expect(verdicts()).toEqual(['2 doubtful']);
  remote.isTransportDoubtful = false;
  await clock.advance(2_000);
  expect(verdicts().at(-1)).toBe('62 alive');
});

test.each([10_000, 30_000, 3_600_000])(
  '[CN5] after %i ms of sleep the remote gets time to answer',
  async (sleepMs) => {
    const { clock, verdicts, remote } = play();
    await clock.advance(1_900);
    await clock.sleep(sleepMs);
    expect(verdicts()).toEqual([]);
    remote.answersPings = true;
    await clock.advance(60_000);
    expect(verdicts()).toEqual([]);
  },
);

test('[CN5] a remote that is gone is found out soon after sleep', async () => {
  const { clock, verdicts } = play();
  await clock.advance(1_900);
  await clock.sleep(3_600_000);
  await clock.advance(LIVENESS.lostAfterMs + LIVENESS.lookEveryMs);
  expect(verdicts().map((event) => event.split(' ')[1])).toEqual(['doubtful', 'lost']);
});

test('[CN5] setting the clock back an hour hides no silence', async () => {
  const { clock, verdicts } = play();
  await clock.advance(1_000);
  clock.setTimeOfDay(-3_600_000);
  await clock.advance(LIVENESS.lostAfterMs + 2 * LIVENESS.lookEveryMs);
  expect(verdicts().map((event) => event.split(' ')[1])).toEqual(['doubtful', 'lost']);
});

test('[CN5] setting the clock forward an hour loses nobody', async () => {
  const { clock, verdicts, remote } = play();
  remote.answersPings = true;
  await clock.advance(3_000);
  clock.setTimeOfDay(3_600_000);
  await clock.advance(30_000);
  expect(verdicts()).toEqual([]);
});

test('[CN5] an ICE event that comes before our timer after sleep loses nobody', async () => {
  const { clock, verdicts, remote, liveness } = play();
  remote.answersPings = true;
  await clock.advance(3_000);
  // Awake again; the browser dispatches the change of state before it runs our timer.
  clock.oversleep(30_000);
  liveness.look();
  expect(verdicts()).toEqual([]);
});

test('[CN5] closing ends it, twice is fine', async () => {
  const { clock, events, liveness } = play();
  liveness.close();
  liveness.close();
  expect(clock.timerCount).toBe(0);
  await clock.advance(60_000);
  expect(events).toEqual([]);
});
