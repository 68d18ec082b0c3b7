/**
 * Describe: who took part, in which version, and what carried its signaling; without that a table
 * of ratios says little.
 * Used by: run.mjs.
 */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { folders } from './folders.mjs';

/**
 * @typedef {{ name: string, title: string, version?: string, signaling: string }} Description
 *
 * @param {import('./context.mjs').Context} context
 * @returns {Promise<Description[]>} of those contestants whose module loads in a page
 */
export async function describeContestants(context) {
  const page = await context.openPage();
  const descriptions = [];
  for (const name of context.contestants) {
    if (context.failures.has(name)) continue;
    const inPage = (contestant) => globalThis.bench.describe(contestant);
    const described = await page.run(inPage, name, 10_000).catch(() => undefined); // it failed above
    if (!described) continue;
    const { title, packageName, signaling } = described;
    const version = packageName && (await installedVersion(packageName));
    descriptions.push({ name, title, version, signaling });
  }
  await page.close();
  return descriptions;
}

async function installedVersion(packageName) {
  for (const folder of ['node_modules', '../node_modules']) {
    const file = path.join(folders.bench, folder, packageName, 'package.json');
    const text = await readFile(file, 'utf8').catch(() => undefined); // it is in the other one
    if (text) return JSON.parse(text).version;
  }
  return undefined;
}

/** @param {Description[]} descriptions */
export function toList(descriptions) {
  return descriptions
    .map(({ title, version, signaling }) => `- ${[title, version].join(' ').trim()}: ${signaling}`)
    .join('\n');
}
