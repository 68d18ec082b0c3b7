/**
 * `npm test`: everything, in the order in which it fails fastest. The last line is the runner's.
 *   npm test                 all
 *   npm test -- <arguments>  only vitest, with these arguments
 */

import { spawnSync } from 'node:child_process';
import { setUp } from './setup.mjs';

const rest = process.argv.slice(2);

if (rest.length === 0) {
  setUp();
  step('npm', ['run', '--silent', 'check']);
}
step('node', ['scripts/build.mjs']);
if (rest.length === 0) {
  step('npm', ['run', '--silent', 'check:size']);
  step('npm', ['run', '--silent', 'check:package']);
}
step('npx', ['vitest', 'run', ...rest]);

function step(command, args) {
  process.stdout.write(`\n> ${command} ${args.join(' ')}\n`);
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
