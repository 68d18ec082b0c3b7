/**
 * Report: outcomes become rows, rows become a table for people and JSON for machines.
 * Used by: run.mjs and measurements (`toRow`).
 */

import { BASELINE } from './folders.mjs';
import { ratios, summarize } from './stats.mjs';

/**
 * @typedef {object} Row - one quantity, for all contestants
 * @property {string} title
 * @property {string} unit
 * @property {Cell[]} cells
 *
 * @typedef {object} Cell - one contestant's part of a row
 * @property {string} contestant
 * @property {import('./stats.mjs').Summary} [value]
 * @property {import('./stats.mjs').Summary} [ratio] - of the rounds, against the baseline
 * @property {number[]} samples
 * @property {number} failed - rounds without a value
 * @property {string} [error] - of the last failed round
 */

/**
 * @param {string} title
 * @param {string} unit
 * @param {Map<string, import('./interleave.mjs').Outcome[]>} outcomes
 * @param {(value: any) => number} [pick] - the number of this row, where a sample has several
 * @returns {Row}
 */
export function toRow(title, unit, outcomes, pick = (value) => value) {
  const column = (name) =>
    (outcomes.get(name) ?? []).map(({ value }) => (value === undefined ? undefined : pick(value)));
  const baseline = column(BASELINE);
  const cells = [...outcomes].map(([contestant, results]) => {
    const values = column(contestant);
    const samples = values.filter((value) => value !== undefined);
    return {
      contestant,
      value: summarize(samples),
      ratio: summarize(ratios(values, baseline)),
      samples,
      failed: values.length - samples.length,
      error: results.findLast(({ error }) => error)?.error,
    };
  });
  return { title, unit, cells };
}

/** @param {{ name: string, title: string, rows: Row[], error?: string }} result */
export function toTable({ name, title, rows, error }) {
  const parts = [`## ${name}: ${title}`, ...rows.map(rowTable)];
  if (error !== undefined) parts.push(`Failed: ${error}`);
  return parts.join('\n\n');
}

const HEAD = ['', 'median', 'min', 'max', 'n', 'ratio to raw', 'ratio min', 'ratio max'];

/** @param {Row} row */
function rowTable({ title, unit, cells }) {
  const lines = [HEAD, HEAD.map(() => '---'), ...cells.map(cellLine)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (text, column) => {
    if (text === '---') return '-'.repeat(widths[column]);
    return column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  };
  const table = lines.map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
  const failures = cells.filter(({ failed }) => failed > 0).map(failureLine);
  return [`### ${title} (${unit})`, '', table, ...failures].join('\n');
}

/** @param {Cell} cell */
function cellLine({ contestant, value, ratio }) {
  if (!value) return [contestant, 'failed', ...Array(HEAD.length - 2).fill('–')];
  return [
    contestant,
    ...[value.median, value.min, value.max].map(format),
    String(value.n),
    ...(ratio
      ? [ratio.median, ratio.min, ratio.max].map((part) => part.toFixed(2))
      : ['–', '–', '–']),
  ];
}

/** @param {Cell} cell */
function failureLine({ contestant, failed, error }) {
  return `\n${contestant}: ${failed} failed: ${error}`;
}

const format = (number) => number.toLocaleString('en', { maximumFractionDigits: 1 });
