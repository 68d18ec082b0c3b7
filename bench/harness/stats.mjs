/**
 * Statistics: what a column of samples says, and how it compares with the baseline's.
 * Used by: report.mjs.
 */

/** @typedef {{ median: number, min: number, max: number, n: number }} Summary */

/** @param {number[]} values @returns {Summary | undefined} */
export function summarize(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1], n: sorted.length };
}

/**
 * Each round's value divided by the baseline's value of the same round, so that a slow moment of
 * the machine, which hits both, cancels out. Rounds in which either failed are left out.
 *
 * @param {(number | undefined)[]} values
 * @param {(number | undefined)[]} baseline
 */
export function ratios(values, baseline) {
  return values.flatMap((value, round) => {
    const base = baseline[round];
    return value === undefined || !base ? [] : [value / base];
  });
}
