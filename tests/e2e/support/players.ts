/**
 * Players: peers in real browsers and Node processes, all found by the same signaling server and
 * all asked the same questions, so that one test can be played by any pair of them.
 * Used by: rooms.test.ts.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserServer, chromium, firefox, type Page } from 'playwright';
import { chromiumLaunch, firefoxLaunch } from '../../browsers.ts';

const root = new URL('../../../', import.meta.url);
const inRoot = (path: string) => fileURLToPath(new URL(path, root));

/** How long a player may take for what needs no time-out of ours to pass. */
export const PATIENCE_MS = 20_000;

export type Kind = 'chromium' | 'firefox' | 'node';

/** An event as a player tells it. */
export interface Told {
  /** When, in ms since the epoch; all players are on this machine. */
  readonly at: number;
  readonly event: string;
  readonly who?: string;
  readonly label?: string;
  readonly data?: unknown;
  readonly code?: string;
  readonly [more: string]: unknown;
}

/** A player: somebody in a room, wherever it runs. */
export interface Player {
  readonly name: string;
  /** Everything told so far. */
  told(): Promise<Told[]>;
  /** Calls a method of its Peer. */
  call(method: 'open' | 'close' | 'send', ...args: unknown[]): Promise<void>;
  leave(): Promise<void>;
  /** Ends it without a word: closes the tab, kills the process. */
  vanish(): Promise<void>;
  /** Joins again as somebody new, as a reload does. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The built server, serving the test page and the build under test. */
export class Stage {
  readonly #dir = mkdtempSync(join(tmpdir(), 'meshwork-e2e-'));
  readonly #browsers = new Map<string, Promise<Browser>>();
  readonly #processes: BrowserServer[] = [];
  readonly #players: Player[] = [];
  #server: Server | undefined;

  constructor() {
    const copy = (from: string, to: string) => copyFileSync(from, join(this.#dir, to));
    const support = (name: string) => inRoot(`tests/e2e/support/${name}`);
    // The sabotage check puts a broken build here.
    copy(process.env['MESHWORK_ESM'] ?? inRoot('packages/core/dist/index.mjs'), 'meshwork.mjs');
    copy(
      process.env['MESHWORK_UMD'] ?? inRoot('packages/core/dist/meshwork.umd.js'),
      'meshwork.umd.js',
    );
    copy(inRoot('node_modules/socket.io-client/dist/socket.io.esm.min.js'), 'socket.io.esm.min.js');
    for (const name of ['page.js', 'index.html', 'umd.html']) copy(support(name), name);
  }

  get url(): string {
    if (!this.#server) throw new Error('The server is not running.');
    return this.#server.url;
  }

  async startServer(port = 0): Promise<Server> {
    const built = new URL('packages/server/dist/index.mjs', root).href;
    const { startServer } = (await import(built)) as {
      startServer(options: { port: number; staticDir: string }): Promise<Server>;
    };
    this.#server = await startServer({ port, staticDir: this.#dir });
    return this.#server;
  }

  /** The browser that the players of this kind share. */
  browser(kind: 'chromium' | 'firefox'): Promise<Browser> {
    const launched =
      this.#browsers.get(kind) ??
      (kind === 'chromium' ? chromium.launch(chromiumLaunch) : firefox.launch(firefoxLaunch));
    this.#browsers.set(kind, launched);
    return launched;
  }

  /** A player that has joined. */
  async enter(
    kind: Kind,
    name: string,
    room: string,
    labels: readonly string[] = [],
  ): Promise<Player> {
    const player =
      kind === 'node'
        ? await NodePlayer.start(this.url, name, room, labels)
        : await PagePlayer.start(await this.browser(kind), this.url, name, room, labels);
    this.#players.push(player);
    return player;
  }

  /** A player in a browser process of its own, which vanishes by being killed. */
  async enterAlone(kind: 'chromium' | 'firefox', name: string, room: string): Promise<Player> {
    const type = kind === 'chromium' ? chromium : firefox;
    const process = await type.launchServer(kind === 'chromium' ? chromiumLaunch : firefoxLaunch);
    this.#processes.push(process);
    const browser = await type.connect(process.wsEndpoint());
    const player = await PagePlayer.start(browser, this.url, name, room, [], process);
    this.#players.push(player);
    return player;
  }

  /** A page without a player. */
  async page(kind: 'chromium' | 'firefox', path: string): Promise<Page> {
    const context = await (await this.browser(kind)).newContext();
    const page = await context.newPage();
    await page.goto(new URL(path, this.url).href);
    if (path === 'index.html') await ready(page);
    return page;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#players.splice(0).map((player) => player.close()));
  }

  async end(): Promise<void> {
    await this.clear();
    await Promise.all(
      Array.from(this.#browsers.values(), async (browser) => (await browser).close()),
    );
    await Promise.all(this.#processes.map((process) => process.kill()));
    await this.#server?.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

class PagePlayer implements Player {
  readonly name: string;
  readonly #page: Page;
  readonly #start: () => Promise<void>;
  /** A browser of its own. */
  readonly #process: BrowserServer | undefined;
  #earlier: Told[] = [];

  static async start(
    browser: Browser,
    url: string,
    name: string,
    room: string,
    labels: readonly string[],
    process?: BrowserServer,
  ): Promise<PagePlayer> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const start = async () => {
      await page.goto(url);
      await ready(page);
      await page.evaluate(
        ([who, where, which]) =>
          (
            window as unknown as {
              start(name: string, room: string, labels: readonly string[]): Promise<void>;
            }
          ).start(who, where, which),
        [name, room, labels] as const,
      );
    };
    const player = new PagePlayer(name, page, start, process);
    await start();
    return player;
  }

  private constructor(
    name: string,
    page: Page,
    start: () => Promise<void>,
    process: BrowserServer | undefined,
  ) {
    this.name = name;
    this.#page = page;
    this.#start = start;
    this.#process = process;
  }

  async told(): Promise<Told[]> {
    if (this.#page.isClosed()) return this.#earlier;
    const told = await this.#page.evaluate('window.log');
    return [...this.#earlier, ...(told as Told[])];
  }

  async call(method: string, ...args: unknown[]): Promise<void> {
    await this.#page.evaluate(
      ([name, values]) =>
        (window as unknown as { peer: Record<string, (...args: unknown[]) => Promise<void>> }).peer[
          name
        ]?.(...values),
      [method, args] as const,
    );
  }

  async leave(): Promise<void> {
    await this.#page.evaluate('window.peer.leave()');
  }

  async vanish(): Promise<void> {
    this.#earlier = await this.told();
    if (this.#process) await this.#process.kill();
    else await this.#page.close();
  }

  async restart(): Promise<void> {
    this.#earlier = await this.told();
    await this.#page.reload();
    await this.#start();
  }

  async close(): Promise<void> {
    if (this.#process) await this.#process.kill();
    else if (!this.#page.isClosed()) await this.#page.context().close();
  }
}

/** Resolves when the page's script has run. */
async function ready(page: Page): Promise<void> {
  // Not waitForFunction: its polling evaluates text, which the server's policy forbids to pages.
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await page.evaluate('window.isReady'))) {
    if (Date.now() > deadline) throw new Error(`${page.url()} did not run its script.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

class NodePlayer implements Player {
  readonly name: string;
  readonly #arguments: readonly [url: string, room: string, name: string];
  readonly #labels: readonly string[];
  readonly #told: Told[] = [];
  #child: ChildProcess;
  #waiting = new Set<() => void>();

  static async start(
    url: string,
    name: string,
    room: string,
    labels: readonly string[],
  ): Promise<NodePlayer> {
    const player = new NodePlayer(url, name, room, labels);
    await player.#enter();
    return player;
  }

  /** A process that has not joined yet. */
  static async ready(url: string, name: string, room: string): Promise<NodePlayer> {
    const player = new NodePlayer(url, name, room, []);
    await player.#heard('ready');
    return player;
  }

  private constructor(url: string, name: string, room: string, labels: readonly string[]) {
    this.name = name;
    this.#arguments = [url, room, name];
    this.#labels = labels;
    this.#child = this.#spawn();
  }

  async told(): Promise<Told[]> {
    return [...this.#told];
  }

  async call(method: string, ...args: unknown[]): Promise<void> {
    await this.#command({ call: method, args }, method);
  }

  async leave(): Promise<void> {
    await this.#command({ do: 'leave' }, 'leave');
  }

  async vanish(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended();
  }

  async restart(): Promise<void> {
    await this.vanish();
    this.#child = this.#spawn();
    await this.#enter();
  }

  async join(): Promise<void> {
    await this.#command({ do: 'join' }, 'join');
  }

  /** Joins and leaves so many times; resolves with what it tells of it. */
  async rounds(count: number): Promise<Told> {
    return this.#command({ do: 'rounds', count }, 'rounds', 'rounds', 120_000);
  }

  /** Leaves, and lets the process end by itself; resolves with its exit code. */
  async end(): Promise<number | null> {
    await this.#command({ do: 'end' }, 'end', 'ended');
    return this.ended();
  }

  /** Resolves with the exit code when the process is gone. */
  ended(): Promise<number | null> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve(child.exitCode);
    }
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`${this.name} did not end by itself.`)),
        PATIENCE_MS,
      );
      child.once('exit', (code) => {
        clearTimeout(deadline);
        resolve(code);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.ended();
  }

  async #enter(): Promise<void> {
    await this.#heard('ready');
    for (const label of this.#labels) await this.call('open', label);
    await this.join();
  }

  #spawn(): ChildProcess {
    const program = inRoot('tests/e2e/support/node-peer.mjs');
    const child = spawn(process.execPath, [program, ...this.#arguments], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#told.length = 0;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#told.push(JSON.parse(line) as Told);
      for (const look of [...this.#waiting]) look();
    });
    return child;
  }

  async #command(
    command: object,
    call: string,
    event = 'done',
    patienceMs = PATIENCE_MS,
  ): Promise<Told> {
    const from = this.#told.length;
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.#heard(event, from, event === 'done' ? call : undefined, patienceMs);
  }

  #heard(event: string, from = 0, call?: string, patienceMs = PATIENCE_MS): Promise<Told> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.#told
          .slice(from)
          .find((told) => told.event === event && (!call || told['call'] === call));
        if (!found) return;
        this.#waiting.delete(look);
        clearTimeout(deadline);
        resolve(found);
      };
      const deadline = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${this.name} did not tell "${event}": ${JSON.stringify(this.#told)}`));
      }, patienceMs);
      this.#waiting.add(look);
      look();
    });
  }
}

/** A Node player with what only it can do. */
export async function nodePlayer(url: string, name: string, room: string): Promise<NodePlayer> {
  return NodePlayer.ready(url, name, room);
}
export type { NodePlayer };

type Wanted = (told: Told) => boolean;

/** Resolves with the first event that is wanted, told after the first `from`. */
export async function heard(
  player: Player,
  wanted: Wanted,
  what: string,
  { from = 0, patienceMs = PATIENCE_MS }: { from?: number; patienceMs?: number } = {},
): Promise<Told> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const told = await player.told();
    const found = told.slice(from).find(wanted);
    if (found) return found;
    if (Date.now() > deadline) {
      const events = told.map(({ event, who, label, data, code }) =>
        [event, who, label, data, code].filter((part) => part !== undefined).join(' '),
      );
      throw new Error(`${player.name} did not hear ${what}; it heard: ${events.join(', ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Resolves when each player is connected with each other. */
export async function met(...players: Player[]): Promise<void> {
  await Promise.all(
    players.flatMap((player) =>
      players
        .filter((other) => other !== player)
        .map((other) =>
          heard(
            player,
            ({ event, who }) => event === 'connection:connected' && who === other.name,
            `connection:connected of ${other.name}`,
          ),
        ),
    ),
  );
}

/** Resolves when the label is open between all of them. */
export async function open(label: string, ...players: Player[]): Promise<void> {
  await Promise.all(
    players.flatMap((player) =>
      players
        .filter((other) => other !== player)
        .map((other) =>
          heard(
            player,
            (told) =>
              told.event === 'channel:open' && told.who === other.name && told.label === label,
            `channel:open of ${label} with ${other.name}`,
          ),
        ),
    ),
  );
}

let texts = 0;

/** A message from one to the other and its answer, on this label. */
export async function exchange(from: Player, to: Player, label: string): Promise<void> {
  texts += 1;
  const text = `echo ${texts}`;
  await from.call('send', text, { label });
  await heard(
    to,
    (told) => told.data === text && told.label === label && told.who === from.name,
    `"${text}" of ${from.name} on ${label}`,
  );
  await heard(
    from,
    (told) => told.data === `re: ${text}` && told.label === label && told.who === to.name,
    `the answer of ${to.name} to "${text}" on ${label}`,
  );
}
