/**
 * `npm start`: builds, starts the signaling server with the chat page, lets a Node peer join the
 * page's default room, and prints the address. Ctrl-C ends everything.
 *   npm start -- --port 9000
 */

import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const root = new URL('..', import.meta.url).pathname;
const port = readPort();
let isStopping = false;

const built = spawnSync('node', ['scripts/build.mjs', 'core', 'node', 'server', 'chat'], {
  cwd: root,
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(1);

const { startServer } = await import('../packages/server/dist/index.mjs');
const server = await listen();
const greeter = fork('kits/chat/greeter.mjs', [server.url], { cwd: root, stdio: 'pipe' });
greeter.stderr.pipe(process.stderr);
greeter.once('exit', (code) => {
  if (!isStopping) process.stderr.write(`The Node peer ended with code ${code}.\n`);
});
await Promise.race([once(greeter.stdout, 'data'), once(greeter, 'exit')]);

process.stdout.write(
  `\nOpen ${server.url} in two browser windows. A Node peer is in the room already.\nCtrl-C ends everything.\n`,
);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);

async function stop() {
  isStopping = true;
  greeter.kill('SIGTERM');
  await server.close();
  process.exit(0);
}

async function listen() {
  try {
    return await startServer({ port, staticDir: `${root}kits/chat/dist` });
  } catch (error) {
    if (error.code !== 'port-in-use') throw error;
    process.stderr.write(`Port ${port} is in use. Choose another: npm start -- --port 9000\n`);
    process.exit(1);
  }
}

function readPort() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
    const number = Number(values.port);
    if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
    throw new TypeError(`--port must be a number from 0 to 65535, not ${values.port}.`);
  } catch (error) {
    process.stderr.write(`${error.message}\nUsage: npm start -- [--port PORT]\n`);
    process.exit(2);
  }
}
