/**
 * First message in Node: as first-message, with both peers in one Node process on the WebRTC of
 * `@meshwork/node`. Raw is hand-wired on the same implementation.
 */

import { interleave } from '../harness/interleave.mjs';
import { toRow } from '../harness/report.mjs';
import { takeSample } from './first-message.mjs';

export const name = 'first-message-node';
export const title = 'Node: time from the second join to its first message';
export const unit = 'ms';

/** The others need a browser. */
const CONTESTANTS = ['raw', 'meshwork'];

/** @param {import('../harness/context.mjs').Context} context */
export async function run(context) {
  const outcomes = await interleave(context, {
    label: `${name}:`,
    open: context.openNodeProcess,
    contestants: context.contestants.filter((contestant) => CONTESTANTS.includes(contestant)),
    rounds: context.rounds(20),
    roundsPerPage: 20,
    inPage: takeSample,
    argument: { delayMs: 0 },
  });
  return [toRow('local bus', unit, outcomes)];
}
