/**
 * Every snippet in the docs runs: in a Chromium page with the built packages behind an import map,
 * in Node, or under the test runner it is written for. See support/snippets.ts for which is which.
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright';
import { transpileModule } from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumLaunch } from '../browsers.ts';
import { PAGE_MODULES, type Snippet, snippetsOf } from './support/snippets.ts';

const root = new URL('../..', import.meta.url).pathname;
const origin = 'https://docs.test';
const run = promisify(execFile);

let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunch);
});

afterAll(async () => {
  await browser?.close();
});

describe.each(documents())('%s', (file) => {
  const snippets = snippetsOf(readFileSync(join(root, file), 'utf8'));
  if (snippets.length === 0) return;
  test.each(snippets)('line $line runs: $runner', async (snippet) => {
    if (snippet.runner === 'page') return runInPage(javascript(snippet));
    // Inside the repository, so that packages are found by their names.
    const folder = mkdtempSync(join(root, 'tests/e2e/.snippets-'));
    try {
      for (const { name, ...rest } of snippets) {
        writeFileSync(join(folder, name), javascript({ name, ...rest }));
      }
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      await runOutside(join(folder, snippet.name), snippet);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('the guide lists every error code with its text', async () => {
  const { ERROR_CODES } = await import('meshwork');
  const guide = readFileSync(join(root, 'docs/peers.md'), 'utf8');
  for (const [code, text] of Object.entries(ERROR_CODES)) {
    expect(guide).toContain(`| \`${code}\` | ${text} |`);
  }
});

test('the documents with the most to try have snippets that run', () => {
  for (const file of ['README.md', 'docs/peers.md', 'docs/drivers/custom.md']) {
    expect(snippetsOf(readFileSync(join(root, file), 'utf8')).length).toBeGreaterThan(2);
  }
});

function documents(): string[] {
  const readmes = ['packages', 'kits'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}/README.md`),
  );
  const docs = ['docs', 'docs/drivers'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  );
  return ['README.md', ...readmes, ...docs].filter(
    (file) => file.endsWith('.md') && existsSync(join(root, file)),
  );
}

/** A program that would run on, such as a server, ends when it has got through. */
function javascript({ code, runner, name }: Snippet): string {
  if (name.endsWith('.cjs')) return `${code}\nsetTimeout(() => process.exit(0), 200);\n`;
  const { outputText } = transpileModule(code, { compilerOptions: { target: 99, module: 99 } });
  return runner === 'node' ? `${outputText}\nprocess.exit(0);\n` : outputText;
}

async function runOutside(file: string, { runner }: Snippet): Promise<void> {
  const [command, ...args] =
    runner === 'vitest'
      ? [
          'npx',
          'vitest',
          'run',
          '--root',
          dirname(file),
          '--config',
          join(root, 'tests/e2e/support/plain.config.ts'),
          file,
        ]
      : [process.execPath, ...(runner === 'node --test' ? ['--test'] : []), file];
  await run(command as string, args, { cwd: root, timeout: 30_000 });
}

async function runInPage(code: string): Promise<void> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  const imports = Object.fromEntries(
    Object.entries(PAGE_MODULES).map(([name, path]) => [name, `/${path}`]),
  );
  const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const served: Record<string, { contentType: string; body: string }> = {
    '/': { contentType: 'text/html', body: html },
    '/snippet.mjs': { contentType: 'text/javascript', body: code },
  };
  await page.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const ready = served[pathname];
    if (ready) return route.fulfill(ready);
    const path = join(root, pathname);
    // A page may well ask for more, such as a signaling server that is not there.
    if (!Object.values(PAGE_MODULES).includes(pathname.slice(1))) return route.abort();
    await route.fulfill({ contentType: 'text/javascript', path });
  });
  await page.goto(`${origin}/`);
  try {
    // As text: the test runner would rewrite an import() in a function.
    await page.evaluate('import("/snippet.mjs").then(() => undefined)');
    expect(errors).toEqual([]);
  } finally {
    await page.close();
  }
}
