/**
 * Installs what the tests need beyond npm: Chromium, Firefox and Node's own tools are looked for,
 * and what is missing comes from Debian's packages when we may install them. Otherwise one line
 * says what to do. `node scripts/setup.mjs`; called by `npm test`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const wanted = [
  { name: 'Chromium', path: process.env.CHROMIUM ?? '/usr/bin/chromium', package: 'chromium' },
  {
    name: 'Firefox ESR',
    path: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    package: 'firefox-esr',
  },
];

export function setUp() {
  const missing = wanted.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return;
  const packages = missing.map((item) => item.package);
  const names = missing.map((item) => item.name).join(' and ');
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    process.stderr.write(
      `The tests need ${names}, which ${missing.length > 1 ? 'are' : 'is'} not installed.\n` +
        `On Debian: sudo apt-get install ${packages.join(' ')}\n` +
        `Elsewhere: install them and set CHROMIUM and FIREFOX to the programs' paths.\n`,
    );
    process.exit(1);
  }
  process.stdout.write(`Installing ${names} from Debian's packages …\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run(['update', '-qq'], environment);
  run(['install', '-y', '-qq', '--no-install-recommends', ...packages], environment);
}

function run(args, env) {
  const result = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (result.status === 0) return;
  process.stderr.write(`apt-get ${args.join(' ')} failed.\n`);
  process.exit(1);
}
