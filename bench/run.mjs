/**
 * The benchmarks: each measurement, for each contestant, in one run, against raw
 * RTCPeerConnection. Prints tables of ratios and writes them as JSON.
 * Usage: node bench/run.mjs --help
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildPage } from './harness/build.mjs';
import { createContext } from './harness/context.mjs';
import { describeContestants, toList } from './harness/describe.mjs';
import { folders, listContestants, loadMeasurements } from './harness/folders.mjs';
import { toTable } from './harness/report.mjs';

/** Whether somebody else was busy on this machine: read it with the figures. */
const [loadBefore] = loadavg();

const HELP = `Usage: node bench/run.mjs [measurement…] [options]

  --browser chromium|firefox   default chromium
  --rounds N                   instead of each measurement's own number
  --contestants a,b            default all; raw always takes part
  --list                       what there is to measure
  --help

MESHWORK_SOURCE=1 in the environment bundles packages/core/src instead of its dist.
Tables go to standard output, JSON to bench/.results.`;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    browser: { type: 'string', default: 'chromium' },
    rounds: { type: 'string' },
    contestants: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// The PeerServer keeps timers that nothing can stop.
process.exit(await main());

/** @returns {Promise<number>} the exit code */
async function main() {
  const all = await loadMeasurements();
  if (options.help) return say(HELP);
  if (options.list) return say(all.map(({ name, title }) => `${name}: ${title}`).join('\n'));

  const contestants = await chooseContestants();
  const problem = findProblem(all, contestants);
  if (problem) {
    console.error(`${problem}\n\n${HELP}`);
    return 2;
  }
  const measurements = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  return measure(measurements, contestants);
}

async function chooseContestants() {
  const everyone = await listContestants();
  const chosen = options.contestants?.split(',') ?? everyone;
  const unknown = chosen.filter((name) => !everyone.includes(name));
  return { unknown, names: everyone.filter((name, index) => index === 0 || chosen.includes(name)) };
}

function findProblem(all, { unknown }) {
  const strangers = wanted.filter((name) => !all.some((measurement) => measurement.name === name));
  if (strangers.length > 0) return `No measurement is called ${strangers.join(', ')}.`;
  if (unknown.length > 0) return `No contestant is called ${unknown.join(', ')}.`;
  if (!['chromium', 'firefox'].includes(options.browser)) return '--browser: chromium or firefox.';
  const isNumber = options.rounds === undefined || /^[1-9]\d*$/.test(options.rounds);
  return isNumber ? undefined : '--rounds takes a number above zero.';
}

async function measure(measurements, { names }) {
  const failures = await buildPage(names);
  const context = createContext({
    browserName: options.browser,
    rounds: options.rounds === undefined ? undefined : Number(options.rounds),
    contestants: names,
    failures: new Map([...failures].map(([name, error]) => [name, `build: ${error.message}`])),
  });
  const results = [];
  const descriptions = [];
  try {
    for (const measurement of measurements) {
      const result = await measureOne(measurement, context);
      results.push(result);
      context.progress('');
      console.log(`${toTable(result)}\n`);
    }
    if (context.browserVersion) descriptions.push(...(await describeContestants(context)));
    if (descriptions.length > 0) console.log(`Signaling:\n\n${toList(descriptions)}\n`);
  } finally {
    await context.close();
    await save(results, descriptions, context);
  }
  return results.some(hasFailure) ? 1 : 0;
}

/** One that throws is reported, and does not keep the others from running. */
async function measureOne({ name, title, run }, context) {
  try {
    return { name, title, rows: await run(context) };
  } catch (error) {
    return { name, title, rows: [], error: error.message };
  }
}

function hasFailure({ rows, error }) {
  return error !== undefined || rows.some(({ cells }) => cells.some(({ failed }) => failed > 0));
}

/** Writes even what an interrupted run has measured. */
async function save(results, descriptions, context) {
  const takenAt = new Date().toISOString();
  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model,
    loadBefore,
    loadAfter: loadavg()[0],
  };
  const report = {
    takenAt,
    node: process.version,
    browser: context.browserVersion,
    machine,
    isFromSource: Boolean(process.env['MESHWORK_SOURCE']),
    contestants: descriptions,
    results,
  };
  await mkdir(folders.results, { recursive: true });
  const file = path.join(
    folders.results,
    `${takenAt.replaceAll(':', '-')}-${options.browser}.json`,
  );
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
  const load = `load ${loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after`;
  console.log(`${report.browser ?? 'no browser'}, ${machine.cores} cores, ${load}`);
  console.log(`Written to ${path.relative(process.cwd(), file)}`);
}

function say(text) {
  console.log(text);
  return 0;
}
