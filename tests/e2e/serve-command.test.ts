/**
 * The command `meshwork serve` as a process of its own, from what `npm run build` made.
 */

import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../packages/server/dist/cli.mjs', import.meta.url));
const USAGE = 'Usage: meshwork serve [options]';

let folder: string;

beforeAll(async () => {
  await access(CLI).catch(() => {
    throw new Error('Build first: npm run build -w @meshwork/server');
  });
  folder = await mkdtemp(join(tmpdir(), 'meshwork-serve-')); // empty: there is nothing to configure
});

afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 10_000 };
    const child = execFile(process.execPath, [CLI, ...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly url: string;
  /** What it printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves with its exit code. */
  readonly exit: Promise<number | null>;
}

/** Starts `meshwork serve` and waits for the line with the address. */
async function serve(...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', ...args], { cwd: folder });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const match = /http:\S+/.exec(stdout);
      if (match !== null) resolve(match[0]);
    });
    void exit.then(() => reject(new Error(`It ended: ${stderr}`)));
  });
  return { child, url, output: () => ({ stdout, stderr }), exit };
}

test('starts in an empty folder and prints one line with the address', async () => {
  const { url, output } = await serve();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(output()).toEqual({ stdout: `Meshwork is listening on ${url}\n`, stderr: '' });
  expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok');
  const socket = io(url, { forceNew: true });
  onTestFinished(() => {
    socket.disconnect();
  });
  expect(await socket.emitWithAck('meshwork:subscribe', 'room')).toBeUndefined();
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends it at once with exit code 0, clients or not',
  async (signal) => {
    const { child, url, exit } = await serve();
    for (const transport of ['websocket', 'polling']) {
      const socket = io(url, { forceNew: true, reconnection: false, transports: [transport] });
      await new Promise<void>((resolve) => socket.once('connect', resolve));
    }
    await (await fetch(`${url}/healthz`)).text(); // leaves a kept-alive connection
    const startMs = performance.now();
    child.kill(signal);
    expect(await exit).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  },
);

test('serves a folder with --static', async () => {
  const site = await mkdtemp(join(tmpdir(), 'meshwork-site-'));
  onTestFinished(() => rm(site, { recursive: true }));
  await writeFile(join(site, 'index.html'), '<h1>Kit</h1>');
  const { url } = await serve('--static', site);
  expect(await (await fetch(url)).text()).toBe('<h1>Kit</h1>');
});

test('admits the pages of --allow-origin', async () => {
  const { url } = await serve('--allow-origin', 'https://a.example');
  const handshake = async (origin: string) =>
    (await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } })).status;
  expect(await handshake('https://a.example')).toBe(200);
  expect(await handshake('https://b.example')).toBe(403);
});

test('warns on an address that others can reach', async () => {
  const { url, output } = await serve('--host', '0.0.0.0');
  expect(url).toMatch(/^http:\/\/localhost:\d+$/);
  expect(output().stderr).toMatch(/^Warning: there is no authentication yet\./);
});

test('a busy port: one line that says what to do, exit code 1', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    other.close();
  });
  const { port } = other.address() as AddressInfo;
  expect(await run('serve', '--port', String(port))).toEqual({
    code: 1,
    stdout: '',
    stderr: `Port ${port} is in use. Choose another with --port.\n`,
  });
});

test('a folder that is not there: one line, exit code 1', async () => {
  const { code, stderr } = await run('serve', '--static', 'nowhere');
  expect([code, stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
  expect(stderr).toContain('nowhere');
});

test.each([
  [['serve', '--prot', '1'], '--prot'],
  [['serve', '--port', 'x'], '--port'],
  [['serve', '--port', '99999'], 'port must be'],
  [['serve', '--port', ''], '--port'],
  [['serve', '--allow-origin', 'a.example'], 'allowedOrigins'],
  [['serve', 'extra'], 'extra'],
  [['swerve'], 'swerve'],
  [[], 'command'],
])('wrongly called, %j: the mistake and the usage, exit code 2', async (args, mention) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(mention);
  expect(stderr).toContain(USAGE);
  expect(stderr).not.toContain('    at '); // no stack
});

test('--help and --version', async () => {
  const help = await run('serve', '--help');
  expect([help.code, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toContain(USAGE);
  for (const flag of ['--port', '--host', '--static', '--allow-origin', '--help', '--version']) {
    expect(help.stdout).toContain(flag);
  }
  const version = await run('--version');
  expect([version.code, version.stderr]).toEqual([0, '']);
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('the built file is a program of its own', async () => {
  await access(CLI, constants.X_OK);
  const output = await new Promise<string>((resolve, reject) => {
    execFile(CLI, ['--version'], { cwd: folder }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  expect(output).toMatch(/^\d/);
});
