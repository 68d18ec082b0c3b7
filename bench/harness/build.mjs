/**
 * Build: bundles the page's runtime and each contestant into .build, as an application would.
 * Each contestant is its own bundle, so that one that cannot be built fails alone.
 * Used by: run.mjs, measurements/bundle-size.mjs.
 */

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { build, defaultClientConditions } from 'vite';
import { folders } from './folders.mjs';

/** With MESHWORK_SOURCE set, `meshwork` is bundled from packages/core/src: no build is needed. */
const conditions = process.env['MESHWORK_SOURCE']
  ? ['meshwork-source', ...defaultClientConditions]
  : defaultClientConditions;

/**
 * @param {string[]} contestantNames
 * @returns {Promise<Map<string, Error>>} the contestants that could not be built, and why
 */
export async function buildPage(contestantNames) {
  await rm(folders.build, { recursive: true, force: true });
  await bundle({
    entry: path.join(folders.bench, 'page/runtime.js'),
    outFile: path.join(folders.build, 'runtime.js'),
  });
  const failures = new Map();
  for (const name of contestantNames) {
    try {
      await bundle({
        entry: path.join(folders.contestants, `${name}.js`),
        outFile: path.join(folders.build, 'contestants', `${name}.js`),
      });
    } catch (error) {
      failures.set(name, error);
    }
  }
  return failures;
}

/**
 * Bundles one module with its imports for a browser.
 *
 * @param {{ entry: string, outFile?: string, isMinified?: boolean, plugins?: import('vite').Plugin[] }} options
 * @returns {Promise<string>} the code
 */
export async function bundle({ entry, outFile, isMinified = false, plugins = [] }) {
  const { dir, base } = path.parse(outFile ?? path.join(folders.build, 'unused.js'));
  const result = await build({
    configFile: false,
    root: folders.bench,
    logLevel: 'silent',
    plugins,
    resolve: { conditions: [...conditions] },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      lib: { entry, formats: ['es'], fileName: () => base },
      outDir: dir,
      emptyOutDir: false,
      write: outFile !== undefined,
      minify: isMinified,
      target: 'es2022',
    },
  });
  const { output } = Array.isArray(result) ? result[0] : result;
  return output[0].code;
}
