/**
 * Bundle size: what importing a library adds to an application, minified and compressed (gzip 9).
 * Raw is what an application writes by hand instead: the bench's own contestant.
 */

import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundle } from '../harness/build.mjs';
import { folders } from '../harness/folders.mjs';
import { toRow } from '../harness/report.mjs';

export const name = 'bundle-size';
export const title = 'What an application downloads';
export const unit = 'bytes, min + gzip';

/** What an application imports. */
const IMPORTS = {
  raw: "export { createMember } from './contestants/raw.js';",
  'simple-peer': "export { default } from 'simple-peer/simplepeer.min.js';",
  peerjs: "export { Peer } from 'peerjs';",
  trystero: "export { joinRoom } from 'trystero';",
  meshwork: "export { MemoryDriver, Peer } from 'meshwork';",
};

/** @param {import('../harness/context.mjs').Context} context */
export async function run(context) {
  const outcomes = new Map();
  for (const contestant of context.contestants) {
    outcomes.set(contestant, [await sizeOf(IMPORTS[contestant])]);
  }
  return [toRow('peer and one driver', unit, outcomes)];
}

/** The part of a bundler's message that says what is wrong. */
const firstLines = (message) =>
  stripVTControlCharacters(message).split('\n').filter(Boolean).slice(0, 2).join(' ');

/** @returns {Promise<import('../harness/interleave.mjs').Outcome>} */
async function sizeOf(code) {
  if (!code) return { error: 'bundle-size.mjs does not say what to import' };
  const entry = path.join(folders.bench, 'bundle-size-entry.js');
  const plugin = {
    name: 'entry',
    enforce: 'pre',
    resolveId: (id) => (id === entry ? entry : undefined),
    load: (id) => (id === entry ? code : undefined),
  };
  try {
    const output = await bundle({ entry, isMinified: true, plugins: [plugin] });
    return { value: gzipSync(output, { level: 9 }).length };
  } catch (error) {
    return { error: firstLines(error.message) };
  }
}
