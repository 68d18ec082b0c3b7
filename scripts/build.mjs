/**
 * Builds every package into its dist folder: the core first, because the others' declarations
 * refer to it, then the rest side by side, then the kits, which use the built packages as a user
 * would. `npm run build`; with names, only those: `node scripts/build.mjs core server`.
 */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const only = process.argv.slice(2);
const stages = [['packages/core'], without('packages', 'core', 'testing'), without('kits')];

for (const stage of stages) {
  const chosen = stage.filter((dir) => only.length === 0 || only.includes(dir.split('/')[1]));
  await Promise.all(chosen.map(build));
}

function without(folder, ...names) {
  return readdirSync(join(root, folder))
    .filter((name) => !names.includes(name) && existsSync(join(root, folder, name, 'package.json')))
    .map((name) => `${folder}/${name}`);
}

function build(dir) {
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', 'build'], { cwd: join(root, dir) });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('exit', (code) => {
      if (code !== 0) {
        process.stderr.write(`${output}\nBuilding ${dir} failed.\n`);
        process.exit(1);
      }
      process.stdout.write(`built ${dir} in ${Date.now() - started} ms\n`);
      resolve();
    });
  });
}
