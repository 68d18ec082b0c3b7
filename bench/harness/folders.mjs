/**
 * Folders: where the bench keeps its parts. A contestant or a measurement is a file in its folder,
 * and listing the folder is all the registration there is.
 * Used by: run.mjs, build.mjs.
 */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const benchFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

export const folders = {
  bench: benchFolder,
  contestants: path.join(benchFolder, 'contestants'),
  measurements: path.join(benchFolder, 'measurements'),
  build: path.join(benchFolder, '.build'),
  results: path.join(benchFolder, '.results'),
};

/** The yardstick: every ratio is against the contestant of this name. */
export const BASELINE = 'raw';

/** Names of the contestants, the baseline first. */
export async function listContestants() {
  const files = await readdir(folders.contestants);
  const names = files.filter((file) => file.endsWith('.js')).map((file) => path.parse(file).name);
  return [BASELINE, ...names.filter((name) => name !== BASELINE).sort()];
}

/**
 * What a file in measurements/ exports.
 *
 * @typedef {object} Measurement
 * @property {string} name
 * @property {string} title
 * @property {string} unit
 * @property {(context: import('./context.mjs').Context) => Promise<import('./report.mjs').Row[]>} run
 */

/** @returns {Promise<Measurement[]>} */
export async function loadMeasurements() {
  const files = (await readdir(folders.measurements)).filter((file) => file.endsWith('.mjs'));
  const load = (file) => import(pathToFileURL(path.join(folders.measurements, file)).href);
  return Promise.all(files.sort().map(load));
}
