/**
 * Pages: starts the browser and gives out fresh pages with the runtime loaded.
 * Fresh, because Chromium counts 500 connections a page and frees closed ones only when it collects
 * garbage. Every call has a deadline; after a missed one the page must be replaced.
 * Used by: context.mjs.
 */

import path from 'node:path';
import { chromium, firefox } from 'playwright';
import { runnerImport } from 'vite';
import { withDeadline } from '../page/deadline.js';
import { folders } from './folders.mjs';

const OPEN_DEADLINE_MS = 30_000;

/** @param {'chromium' | 'firefox'} name */
export async function launchBrowser(name) {
  const options = await runnerImport(path.join(folders.bench, '../tests/browsers.ts'), {
    configFile: false,
  });
  const { chromiumLaunch, firefoxLaunch } = options.module;
  const browser =
    name === 'firefox'
      ? await firefox.launch({ headless: true, ...withFineClock(firefoxLaunch) })
      : await chromium.launch({ headless: true, ...chromiumLaunch });
  return { browser, version: browser.version() };
}

/** Firefox rounds performance.now() to a millisecond unless it is told not to. */
function withFineClock(launch) {
  return {
    ...launch,
    firefoxUserPrefs: { ...launch.firefoxUserPrefs, 'privacy.reduceTimerPrecision': false },
  };
}

/**
 * @param {import('playwright').Browser} browser
 * @param {{ url: string, servers: object }} options
 */
export async function openPage(browser, { url, servers }) {
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.addInitScript((value) => {
    globalThis.benchServers = value;
  }, servers);
  await page.goto(url, { timeout: OPEN_DEADLINE_MS });
  await page.waitForFunction(() => 'bench' in globalThis, undefined, { timeout: OPEN_DEADLINE_MS });

  return {
    /**
     * Runs a function in the page; it must not use anything outside itself but `bench`.
     * @throws what it threw, or the missed deadline, with the page's own errors added
     */
    async run(inPage, argument, deadlineMs) {
      problems.length = 0;
      const task = { source: inPage.toString(), argument };
      const answered = page.evaluate(answer, task);
      const { value, error } = await withDeadline(answered, deadlineMs, 'the page');
      if (error === undefined) return value;
      throw new Error([error, ...problems.slice(0, 2)].join(' | '));
    },
    close: () => withDeadline(page.close(), 5_000, 'closing a page').catch(() => {}),
  };
}

/** Runs in the page. Errors travel as values, because not every browser's protocol keeps them. */
async function answer({ source, argument }) {
  try {
    const run = new Function(`return (${source})`)();
    return { value: await run(argument) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}
