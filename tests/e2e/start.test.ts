/**
 * `npm start`, as somebody who has just cloned the repository meets it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { chromium } from 'playwright';
import { afterEach, expect, test } from 'vitest';
import { chromiumLaunch } from '../browsers.ts';

const root = new URL('../..', import.meta.url).pathname;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

test('prints an address where a page finds the Node peer, and Ctrl-C ends everything', async () => {
  const port = await freePort();
  const { child, output } = start('--port', String(port));
  await output.mentions(/Open http:\S+ in two browser windows/);
  const browser = await chromium.launch(chromiumLaunch);
  closers.push(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`http://localhost:${port}/`);
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Your name').press('Enter');
  const people = page.getByRole('list', { name: 'People' });
  const log = page.getByRole('log', { name: 'Messages' });
  await log.getByText('Hello, Ada!').waitFor();
  await people.getByText('Greeter').waitFor();
  await page.getByLabel('Message', { exact: true }).fill('anybody there?');
  await page.getByRole('button', { name: 'Send' }).click();
  await log.getByText('You wrote “anybody there?”.').waitFor();

  // As the terminal does on Ctrl-C: to npm and everything it started.
  process.kill(-groupOf(child), 'SIGINT');
  await once(child, 'exit');
  // The Node peer is gone too: the page hears it leave.
  await people.getByText('Greeter').waitFor({ state: 'detached' });
  await expect(listenOn(port)).resolves.toBeDefined();
});

test('names the port and the option when the port is taken', async () => {
  const taken = await listenOn(0);
  const { port } = taken.address() as AddressInfo;
  const { child, output } = start('--port', String(port));
  const [code] = await once(child, 'exit');
  expect(code).toBe(1);
  expect(output.text()).toContain(`Port ${port} is in use`);
  expect(output.text()).toContain('--port');
});

test.each([
  ['--port', 'http'],
  ['--prot', '80'],
])('refuses %s %s', async (...args) => {
  const { child, output } = start(...args);
  const [code] = await once(child, 'exit');
  expect(code).toBe(2);
  expect(output.text()).toContain('Usage: npm start -- [--port PORT]');
});

function start(...args: string[]) {
  const child = spawn('npm', ['start', '--silent', '--', ...args], { cwd: root, detached: true });
  closers.push(() => {
    if (child.exitCode === null && child.signalCode === null)
      process.kill(-groupOf(child), 'SIGKILL');
  });
  return { child, output: outputOf(child) };
}

function groupOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('npm did not start.');
  return pid;
}

function outputOf(child: ChildProcess) {
  let text = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      text += data;
      for (const look of waiting) look();
    });
  }
  return {
    text: () => text,
    mentions: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!pattern.test(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        child.once('exit', () => reject(new Error(`It ended before it said ${pattern}:\n${text}`)));
        look();
      }),
  };
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return server;
}

async function freePort(): Promise<number> {
  const server = await listenOn(0);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
