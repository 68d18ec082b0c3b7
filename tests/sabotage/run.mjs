/**
 * Sabotage: breaks a copy of the built core in three ways and expects the end-to-end tests to fail
 * each time. A suite that passes with its main class broken proves nothing.
 *
 *   node tests/sabotage/run.mjs [name of a sabotage]
 *
 * Needs `npm run build`. Exit code 1 when a sabotage goes unnoticed, or no longer applies.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = join(root, 'packages/core/dist/index.mjs');

/** Tests that take seconds each and that every sabotage must break at least one of. */
const TESTS = 'chromium, and then chromium|need not be told anything twice';

/** Each replaces one piece of the build, which must be there exactly once. */
const SABOTAGES = [
  {
    name: 'throw in the constructor of Peer',
    pattern: /(\nvar Peer = class \{[\s\S]*?\n\tconstructor\(options\) \{\n)/g,
    replacement: '$1\t\tthrow new Error("sabotage");\n',
  },
  {
    name: 'drop every second bus message',
    pattern: /(\n\tasync publish\(namespace, bytes, signal\) \{\n)/g,
    replacement:
      '$1\t\tglobalThis.sabotaged = (globalThis.sabotaged ?? 0) + 1;\n\t\tif (globalThis.sabotaged % 2 === 0) return;\n',
  },
  {
    name: 'never open a channel',
    pattern: /(\n\t#reportOpen\(\) \{\n)/g,
    replacement: '$1\t\treturn;\n',
  },
];

/** The broken copy; fails loudly when the build no longer looks as expected. */
function sabotage(source, { name, pattern, replacement }) {
  const found = source.match(pattern)?.length ?? 0;
  if (found !== 1) {
    throw new Error(`"${name}": its place was found ${found} times. Adapt the pattern.`);
  }
  return source.replace(pattern, replacement);
}

function runTests(environment) {
  const result = spawnSync(
    'npx',
    ['vitest', 'run', '--project', 'e2e', 'tests/e2e/rooms.test.ts', '-t', TESTS],
    {
      cwd: root,
      env: { ...process.env, ...environment, NO_COLOR: '1' },
      encoding: 'utf8',
    },
  );
  const output = `${result.stdout}${result.stderr}`;
  const [, passed = '0', failed = '0'] = output.match(/(\d+) passed, (\d+) failed/) ?? [];
  return { passed: Number(passed), failed: Number(failed), output };
}

const [, , only] = process.argv;
const source = readFileSync(built, 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'meshwork-sabotage-'));
let unnoticed = 0;
try {
  // Without this, "it failed" could mean anything.
  const sound = runTests({});
  console.log(`as built: ${sound.passed} passed, ${sound.failed} failed`);
  if (sound.failed > 0 || sound.passed === 0) {
    console.error(sound.output);
    throw new Error('The tests must pass before they are put to the test.');
  }
  for (const plan of SABOTAGES) {
    if (only && plan.name !== only) continue;
    const copy = join(dir, 'index.mjs');
    writeFileSync(copy, sabotage(source, plan));
    const { passed, failed } = runTests({ MESHWORK_ESM: copy });
    const isNoticed = failed > 0;
    if (!isNoticed) unnoticed += 1;
    console.log(
      `${plan.name}: ${passed} passed, ${failed} failed: ${isNoticed ? 'noticed' : 'NOT NOTICED'}`,
    );
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = unnoticed > 0 ? 1 : 0;
