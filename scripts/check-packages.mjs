/**
 * Packs every public package as npm would publish it and checks the result: the declared entry
 * points exist, their types resolve in Node and in bundlers, and nothing is missing.
 */

import { spawnSync } from 'node:child_process';

const packages = [
  { dir: 'packages/core', profile: 'strict' },
  { dir: 'packages/node', profile: 'esm-only' },
  { dir: 'packages/server', profile: 'esm-only' },
  { dir: 'packages/driver-tests', profile: 'esm-only' },
];

for (const { dir, profile } of packages) {
  run(dir, 'publint', ['--strict', dir]);
  run(dir, 'attw', ['--pack', dir, '--profile', profile, '--quiet']);
}
process.stdout.write(`${packages.length} packages are fit to publish\n`);

function run(dir, tool, args) {
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', tool, ...args], {
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}\n${tool} rejects ${dir}.\n`);
  process.exit(1);
}
