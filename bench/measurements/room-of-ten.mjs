/**
 * Room of ten: ten members of one page join in a burst; the clock stops when each of the 90
 * greetings has arrived. Each sample has a page of its own: one room can hold hundreds of
 * connections (Trystero keeps 20 offers ready for each member).
 */

import { interleave } from '../harness/interleave.mjs';
import { toRow } from '../harness/report.mjs';

export const name = 'room-of-ten';
export const title = 'Ten peers in one page, from the first join until all pairs have talked';
export const unit = 'ms';

/** @param {import('../harness/context.mjs').Context} context */
export async function run(context) {
  const outcomes = await interleave(context, {
    label: `${name}:`,
    rounds: context.rounds(6),
    roundsPerPage: 0,
    inPage: takeSample,
    argument: { count: 10 },
    warmUp: { count: 2 },
    deadlineMs: 45_000,
  });
  return [toRow('local bus', unit, outcomes)];
}

/** Runs in the page. */
async function takeSample({ contestant, count }) {
  const { bench } = globalThis;
  const bus = bench.createBus();
  const room = await bench.createRoom({ contestant, count, bus });
  try {
    const startMs = bench.now();
    for (let index = 0; index < count; index += 1) {
      void room.join(index);
      await bench.nextTask();
    }
    await room.complete();
    return bench.now() - startMs;
  } finally {
    await room.close();
  }
}
