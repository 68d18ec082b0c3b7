/**
 * First message: from the second member's join until the first member's greeting reaches it.
 * Both are in one page; the first has long joined.
 */

import { interleave } from '../harness/interleave.mjs';
import { toRow } from '../harness/report.mjs';

export const name = 'first-message';
export const title = 'Time from the second join to its first message';
export const unit = 'ms';

/** @param {import('../harness/context.mjs').Context} context */
export async function run(context) {
  const rows = [];
  for (const delayMs of [0, 50]) {
    const label = delayMs === 0 ? 'local bus' : `${delayMs} ms each way on the bus`;
    const outcomes = await interleave(context, {
      label: `${name}, ${label}:`,
      rounds: context.rounds(20),
      roundsPerPage: 5,
      inPage: takeSample,
      argument: { delayMs },
    });
    rows.push(toRow(label, unit, outcomes));
  }
  return rows;
}

/** Runs in the page, or in a Node process. */
export async function takeSample({ contestant, delayMs }) {
  const { bench } = globalThis;
  const bus = bench.createBus({ delayMs });
  const room = await bench.createRoom({ contestant, count: 2, bus });
  try {
    await room.join(0);
    await bench.sleep(50 + 4 * delayMs); // its announces and its preparations are over
    const startMs = bench.now();
    void room.join(1);
    await room.heard(1, 1);
    const elapsedMs = bench.now() - startMs;
    await room.complete();
    return elapsedMs;
  } finally {
    await room.close();
  }
}
