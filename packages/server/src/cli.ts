#!/usr/bin/env node
/**
 * The command `meshwork`. So far: `meshwork serve`.
 * Exit codes: 0 ended as asked, 1 could not start, 2 wrongly called.
 * Owns: flags, what is printed, signals. Not: the server (start-server.ts).
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isLoopback } from './origins.ts';
import { startServer } from './start-server.ts';

const USAGE = `Usage: meshwork serve [options]

Starts a signaling server, and serves a folder of pages if you like.

Options:
  --port PORT            TCP port, 0 for any free one (default: 8080)
  --host HOST            address to listen on (default: 127.0.0.1, this machine only)
  --static DIR           folder to serve
  --allow-origin ORIGIN  a further web origin whose pages may connect, such as
                         https://chat.example; may be repeated
  --help                 show this text
  --version              show the version`;

/** A mistake on the command line: told together with the usage. */
class UsageError extends Error {}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.version) {
    const file = new URL('../package.json', import.meta.url);
    console.log(JSON.parse(readFileSync(file, 'utf8')).version);
    return;
  }
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [command, ...rest] = positionals;
  if (command === undefined) throw new UsageError('Which command?');
  if (command !== 'serve') throw new UsageError(`There is no command ${command}.`);
  if (rest.length > 0) throw new UsageError(`What is ${rest.join(' ')}?`);
  await serve(values);
}

type Flags = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        static: { type: 'string' },
        'allow-origin': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function serve(flags: Flags): Promise<void> {
  if (flags.port !== undefined && !/^\d+$/.test(flags.port)) {
    throw new UsageError(`--port must be a number, not ${flags.port}.`);
  }
  const server = await startServer({
    port: flags.port === undefined ? undefined : Number(flags.port),
    host: flags.host,
    staticDir: flags.static,
    allowedOrigins: flags['allow-origin'],
  });
  const stop = () => {
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  if (!isLoopback(server.host)) {
    console.error(
      `Warning: there is no authentication yet. Whoever can reach ${server.host}, port ${server.port}, can use this server.`,
    );
  }
  console.log(`Meshwork is listening on ${server.url}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  // A TypeError names an option that is out of range.
  const isMisuse = error instanceof UsageError || error instanceof TypeError;
  console.error(isMisuse ? `${message}\n\n${USAGE}` : message);
  process.exitCode = isMisuse ? 2 : 1;
});
