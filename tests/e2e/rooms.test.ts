/**
 * Rooms between real programs: Chromium, Firefox and Node, each with each, on what
 * `npm run build` made, through the real signaling server.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  exchange,
  heard,
  type Kind,
  met,
  nodePlayer,
  open,
  type Player,
  Stage,
} from './support/players.ts';

let stage: Stage;
let rooms = 0;
/** A room of its own for every test. */
const newRoom = () => {
  rooms += 1;
  return `room ${rooms}`;
};

beforeAll(async () => {
  stage = new Stage();
  await stage.startServer();
});
afterEach(() => stage.clear());
afterAll(async () => {
  await stage?.end();
  if (measured.length > 0) console.log(`Noticed after:\n${measured.join('\n')}`);
});

const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['chromium', 'chromium'],
  ['firefox', 'firefox'],
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
  ['node', 'chromium'],
  ['chromium', 'node'],
  ['node', 'node'],
];

/** How long it took others to notice that somebody was gone. */
const measured: string[] = [];

/** Resolves when the player has heard that the other is gone, in the manner expected. */
async function closedAt(player: Player, gone: Player, from = 0) {
  return heard(
    player,
    ({ event, who }) => event === 'connection:closed' && who === gone.name,
    `connection:closed of ${gone.name}`,
    { from, patienceMs: 45_000 },
  );
}

describe.each(PAIRS)('%s, and then %s', (first, second) => {
  it('meet, talk both ways on two labels, and hear at once that one left', async () => {
    const room = newRoom();
    const a = await stage.enter(first, 'a', room, ['chat', 'cursor']);
    const b = await stage.enter(second, 'b', room, ['chat']);
    await met(a, b);
    await Promise.all([open('chat', a, b), open('cursor', a, b)]);
    for (const label of ['chat', 'cursor']) {
      await exchange(a, b, label);
      await exchange(b, a, label);
    }
    await a.call('send', { json: [1, null, 'ü'] }, { label: 'chat' });
    await heard(b, ({ data }) => JSON.stringify(data) === '{"json":[1,null,"ü"]}', 'the object');

    const left = Date.now();
    await b.leave();
    const { at } = await closedAt(a, b);
    measured.push(`  ${second} leaves ${first}: ${at - left} ms`);
    const told = await a.told();
    expect(told.filter(({ event }) => /:failed|:disconnected|^error/.test(event))).toEqual([]);
    // By silence, the only other way, it would take more than twice as long.
    expect(at - left).toBeLessThan(3_000);
  });

  it('and a third: one reloads and comes back, one comes late, a channel is opened late', async () => {
    const room = newRoom();
    const a = await stage.enter(first, 'a', room, ['chat']);
    const b = await stage.enter(second, 'b', room, ['chat']);
    await met(a, b);
    // Later than the channel, and without having asked for it.
    const c = await stage.enter('chromium', 'c', room);
    await met(a, b, c);
    await open('chat', a, b);
    await Promise.all([open('chat', a, c), open('chat', b, c)]);
    await exchange(c, a, 'chat');
    await exchange(b, c, 'chat');

    await c.call('open', { label: 'late', ordered: false });
    await Promise.all([open('late', c, a), open('late', c, b)]);
    await exchange(c, a, 'late');
    await exchange(b, c, 'late');

    const before = { a: (await a.told()).length, c: (await c.told()).length };
    await b.restart();
    await closedAt(a, b, before.a);
    for (const [player, from] of [
      [a, before.a],
      [c, before.c],
    ] as const) {
      await heard(
        player,
        ({ event, who, label }) => event === 'channel:open' && who === 'b' && label === 'chat',
        'the one who came back',
        { from },
      );
    }
    await exchange(a, b, 'chat');
    await exchange(b, c, 'chat');
    await exchange(c, a, 'chat');

    await a.leave();
    await Promise.all([closedAt(b, a), closedAt(c, a)]);
    await exchange(b, c, 'chat');
  });
});

describe('who does not say goodbye', () => {
  it.each([
    ['chromium', 'chromium'],
    ['chromium', 'firefox'],
    ['firefox', 'chromium'],
    ['firefox', 'firefox'],
    ['chromium', 'node'],
  ] as const)('a closed tab of %s is noticed by %s', async (kind, witness) => {
    const room = newRoom();
    const a = await stage.enter(witness, 'a', room, ['chat']);
    const b = await stage.enter(kind, 'b', room, ['chat']);
    await met(a, b);
    await open('chat', a, b);
    const gone = Date.now();
    await b.vanish();
    const { at } = await closedAt(a, b);
    measured.push(`  closed tab of ${kind}, by ${witness}: ${at - gone} ms`);
  });

  it.each(['chromium', 'firefox', 'node'] as const)(
    'a killed Node process is noticed by %s',
    async (witness) => {
      const room = newRoom();
      const a = await stage.enter(witness, 'a', room, ['chat']);
      const b = await stage.enter('node', 'b', room, ['chat']);
      await met(a, b);
      const gone = Date.now();
      await b.vanish();
      const { at } = await closedAt(a, b);
      measured.push(`  killed Node process, by ${witness}: ${at - gone} ms`);
    },
  );

  it.each([
    ['chromium', 'firefox'],
    ['firefox', 'chromium'],
    ['chromium', 'node'],
  ] as const)('a killed %s is noticed by %s', async (kind, witness) => {
    const room = newRoom();
    const a = await stage.enter(witness, 'a', room, ['chat']);
    const b = await stage.enterAlone(kind, 'b', room);
    await met(a, b);
    await open('chat', a, b);
    const gone = Date.now();
    await b.vanish();
    const { at } = await closedAt(a, b);
    measured.push(`  killed ${kind}, by ${witness}: ${at - gone} ms`);
    // The room goes on.
    const c = await stage.enter('chromium', 'c', room);
    await met(a, c);
    await exchange(a, c, 'chat');
  });
});

describe('the signaling server', () => {
  it('may go away: who is connected does not notice, and when it is back others get in', async () => {
    const own = new Stage();
    try {
      const server = await own.startServer();
      const room = newRoom();
      const a = await own.enter('chromium', 'a', room, ['chat']);
      const b = await own.enter('node', 'b', room, ['chat']);
      await met(a, b);
      await open('chat', a, b);
      await server.close();
      await heard(a, ({ event }) => event === 'signaling:down', 'that signaling is down');
      await exchange(a, b, 'chat');
      await b.call('open', 'during the outage');
      await open('during the outage', a, b);
      await exchange(b, a, 'during the outage');

      await own.startServer(server.port);
      await heard(a, ({ event }) => event === 'signaling:up', 'that signaling is up');
      const c = await own.enter('chromium', 'c', room);
      await met(a, b, c);
      await exchange(c, a, 'chat');
      await exchange(c, b, 'chat');
      for (const player of [a, b]) {
        const events = (await player.told()).map(({ event }) => event);
        expect(events).not.toContain('connection:closed');
        expect(events).not.toContain('connection:disconnected');
      }
    } finally {
      await own.end();
    }
  });

  it('need not be told anything twice: a pair connects though no timer ever repeats a message', async () => {
    const room = newRoom();
    const pages = await Promise.all([
      stage.page('chromium', 'index.html'),
      stage.page('chromium', 'index.html'),
    ]);
    try {
      for (const page of pages) {
        // Repetition is for messages that were lost; every one of them waits longer than this.
        await page.evaluate(() => {
          const { setTimeout: real } = window;
          window.setTimeout = ((run: () => void, ms = 0) =>
            ms >= 700 ? -1 : real(run, ms)) as typeof setTimeout;
        });
      }
      for (const [at, page] of pages.entries()) {
        await page.evaluate(
          ([name, where]) =>
            (
              window as unknown as {
                start(name: string, room: string, labels: string[]): Promise<void>;
              }
            ).start(name, where, ['chat']),
          [`p${at}`, room] as const,
        );
      }
      for (const page of pages) {
        const isOpen = () =>
          page.evaluate(() =>
            (window as unknown as { log: { event: string }[] }).log.some(
              ({ event }) => event === 'channel:open',
            ),
          );
        await expect.poll(isOpen, { timeout: 10_000 }).toBe(true);
      }
    } finally {
      await Promise.all(pages.map((page) => page.context().close()));
    }
  });
});

describe('a Node peer', () => {
  it('joins and leaves a hundred times, leaves nothing behind, and its process ends by itself', async () => {
    const room = newRoom();
    const a = await stage.enter('chromium', 'a', room, ['chat']);
    const b = await nodePlayer(stage.url, 'b', room);
    try {
      const { before, after } = await b.rounds(100);
      expect((after as string[]).toSorted()).toEqual((before as string[]).toSorted());
      const from = (await a.told()).length;
      await b.call('open', 'chat');
      await b.join();
      await heard(a, (told) => told.event === 'channel:open', 'the peer again', { from });
      await exchange(a, b, 'chat');
      expect(await b.end()).toBe(0);
    } finally {
      await b.close();
    }
  });
});

describe('the UMD build', () => {
  it.each(['chromium', 'firefox'] as const)('by a script tag, in %s, connects', async (kind) => {
    const page = await stage.page(kind, 'umd.html');
    try {
      const data = await page.evaluate(async () => {
        const { Peer, MemoryDriver } = (
          window as unknown as { meshwork: Record<string, new (options?: object) => never> }
        ).meshwork as never as {
          Peer: new (
            options: object,
          ) => {
            on(name: string, handler: (event: { data: unknown }) => void): void;
            open(label: string): Promise<void>;
            join(room: string): Promise<void>;
            leave(): Promise<void>;
            send(data: unknown): Promise<void>;
          };
          MemoryDriver: new () => object;
        };
        const driver = new MemoryDriver();
        const [a, b] = [new Peer({ driver }), new Peer({ driver })];
        const received = new Promise((resolve) => {
          b.on('channel:message', (event) => resolve(event.data));
        });
        a.on('channel:open', () => void a.send('by a script tag'));
        await a.open('chat');
        await Promise.all([a.join('room'), b.join('room')]);
        const result = await received;
        await Promise.all([a.leave(), b.leave()]);
        return result;
      });
      expect(data).toBe('by a script tag');
    } finally {
      await page.context().close();
    }
  });
});
