/**
 * Bus traffic: messages and bytes published until everyone has heard everyone, and for a second
 * after that, because late candidates and repeated announces are traffic too.
 * Bytes are payloads: a bus's own framing and topics are not in them. PeerJS has no bus of ours:
 * what its sockets send is counted, which leaves out its server's messages.
 */

import { interleave } from '../harness/interleave.mjs';
import { toRow } from '../harness/report.mjs';

export const name = 'bus-traffic';
export const title = 'Messages and bytes published on the bus';
export const unit = 'messages, bytes';

const CASES = [
  { label: 'pair, one after the other', count: 2, isBurst: false },
  { label: 'pair, at the same time (20 ms bus)', count: 2, isBurst: true, delayMs: 20 },
  { label: 'room of 5, one after the other', count: 5, isBurst: false },
  { label: 'room of 10, one after the other', count: 10, isBurst: false },
];

/** @param {import('../harness/context.mjs').Context} context */
export async function run(context) {
  const rows = [];
  for (const { label, count, isBurst, delayMs = 0 } of CASES) {
    const outcomes = await interleave(context, {
      label: `${name}, ${label}:`,
      rounds: context.rounds(3),
      roundsPerPage: 0,
      inPage: takeSample,
      argument: { count, isBurst, delayMs },
      warmUp: { count: 2 },
      deadlineMs: 60_000,
    });
    rows.push(toRow(label, 'messages', outcomes, ({ messages }) => messages));
    rows.push(toRow(label, 'bytes', outcomes, ({ bytes }) => bytes));
  }
  return rows;
}

/** Runs in the page. */
async function takeSample({ contestant, count, isBurst, delayMs }) {
  const { bench } = globalThis;
  const bus = bench.createBus({ delayMs });
  const room = await bench.createRoom({ contestant, count, bus });
  try {
    const before = { ...bus.traffic }; // a server of its own may have been greeted already
    for (let index = 0; index < count; index += 1) {
      void room.join(index);
      if (!isBurst) await room.complete(index + 1);
    }
    await room.complete();
    await bench.sleep(1_000);
    return {
      messages: bus.traffic.messages - before.messages,
      bytes: bus.traffic.bytes - before.bytes,
    };
  } finally {
    await room.close();
  }
}
