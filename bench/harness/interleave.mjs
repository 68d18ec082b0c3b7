/**
 * Interleave: takes samples of all contestants in turn, so that whatever slows the machine down
 * slows all of them, and round n of one can be divided by round n of the baseline.
 * Owns: order, fresh pages, warm-up, what happens after a failure. Not: what a sample is.
 * Used by: measurements.
 */

/** After so many failures in a row a contestant is not asked again. */
const MAX_FAILURES_IN_A_ROW = 3;

/**
 * @typedef {{ value?: any, error?: string }} Outcome - of one sample
 *
 * @param {import('./context.mjs').Context} context
 * @param {object} options
 * @param {number} options.rounds
 * @param {number} options.roundsPerPage - rounds that share a page; 0 gives each sample its own
 * @param {(argument: any) => Promise<any>} options.inPage - takes one sample; runs in the page
 * @param {object} [options.argument] - passed to it, with the contestant's name added
 * @param {object} [options.warmUp] - what to change in the argument for the uncounted sample that
 *   each contestant gets on a fresh page
 * @param {number} [options.deadlineMs]
 * @param {string} [options.label] - for the progress line
 * @param {string[]} [options.contestants] - those that can take part; all unless said otherwise
 * @param {() => Promise<any>} [options.open] - opens what a sample runs in; a page by default
 * @returns {Promise<Map<string, Outcome[]>>} by contestant, one outcome per round
 */
export async function interleave(context, options) {
  const {
    rounds,
    roundsPerPage,
    inPage,
    argument = {},
    warmUp = {},
    deadlineMs = 50_000,
  } = options;
  const { contestants = context.contestants, open = context.openPage } = options;
  const outcomes = new Map(contestants.map((name) => [name, []]));
  const failuresInARow = new Map();
  const warm = new Set();
  let page;

  async function dropPage() {
    await page?.close();
    page = undefined;
    warm.clear();
  }

  async function takeSample(contestant) {
    if (roundsPerPage === 0) await dropPage();
    page ??= await open();
    const run = (extra) => page.run(inPage, { ...argument, ...extra, contestant }, deadlineMs);
    if (!warm.has(contestant)) await run(warmUp);
    warm.add(contestant);
    return run({});
  }

  async function outcomeOf(contestant) {
    const earlier = context.failures.get(contestant);
    if (earlier) return { error: earlier };
    if (failuresInARow.get(contestant) === MAX_FAILURES_IN_A_ROW)
      return outcomes.get(contestant).at(-1);
    try {
      const value = await takeSample(contestant);
      failuresInARow.set(contestant, 0);
      return { value };
    } catch (error) {
      failuresInARow.set(contestant, (failuresInARow.get(contestant) ?? 0) + 1);
      await dropPage(); // what failed may still be busy in it
      return { error: error.message };
    }
  }

  for (let round = 0; round < rounds; round += 1) {
    if (roundsPerPage > 0 && round % roundsPerPage === 0) await dropPage();
    for (const contestant of rotate(contestants, round)) {
      outcomes.get(contestant).push(await outcomeOf(contestant));
    }
    context.progress(`${options.label ?? ''} round ${round + 1} of ${rounds}`);
  }
  await dropPage();
  return outcomes;
}

/** Nobody is always first, nor always behind the same neighbour's garbage. */
function rotate(names, round) {
  const start = round % names.length;
  return [...names.slice(start), ...names.slice(0, start)];
}
