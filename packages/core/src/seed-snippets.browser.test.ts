/**
 * The documented snippets "Getting Started", "Data Channels", "Peer Connections" and "Custom
 * Add-on" of the seed, each word for word; only the import is ours. `snippet` is the text of the
 * documentation, run as the module it is; what it promises must then happen between two peers.
 */

import { afterEach, describe, expect, it } from 'vitest';
import * as meshwork from './index.ts';
import { BroadcastChannelDriver, type Peer } from './index.ts';
import { catchUncaught, codeOf, Guest, opened } from './testing.ts';

/** What ends when the test ends. */
const endings: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** The console as a snippet sees it. */
function listeningConsole() {
  const lines: unknown[][] = [];
  const note = (...values: unknown[]) => void lines.push(values);
  return { lines, console: { log: note, error: note } };
}

/**
 * Runs a snippet: its import becomes one from here, and its `peer` is handed back.
 * What is in `given` are the names that the documentation takes for granted.
 */
function run(
  snippet: string,
  given: Record<string, unknown> = {},
): Record<string, never> & { peer: Peer } {
  const imported = snippet.replace(
    /^import (\{[^}]*\}) from 'peerix';$/gm,
    'const $1 = __meshwork;',
  );
  const names = ['peer', 'driver', 'addon', 'remote'].filter((name) =>
    new RegExp(`^(const|let) ${name}\\b`, 'm').test(imported),
  );
  const body = `'use strict';\n${imported}\nreturn { ${names.join(', ')} };`;
  const result = new Function('__meshwork', ...Object.keys(given), body)(
    meshwork,
    ...Object.values(given),
  );
  if (result.peer) endings.push(() => result.peer.leave());
  if (result.driver) endings.push(() => result.driver.destroy());
  return { ...given, ...result };
}

function guestOn(name?: string): Guest {
  const driver = new BroadcastChannelDriver(name);
  const guest = new Guest({ driver });
  endings.push(() => driver.destroy());
  endings.push(() => guest.peer.leave());
  return guest;
}

describe('Getting Started', () => {
  const BASIC_USAGE = `
import { Peer, BroadcastChannelDriver } from 'peerix';

// create a signaling driver
const driver = new BroadcastChannelDriver();

// create the Peer instance
const peer = new Peer({ driver });

// listen for open channel event
peer.on('channel:open', (e) => {
  const { remote, label } = e;
  const { name } = remote.metadata;
  remote.send(\`Hello, \${name}!\`, { label });
});

// listen for incoming messages
peer.on('channel:message', (e) => {
  const { remote, data } = e;
  const { name } = remote.metadata;
  console.log(\`Received message from \${name}:\`, data);
});

// open a data channel
peer.open({ label: 'chat' });

// join a room
peer.join({ room: 'room-id', metadata: { name: 'Guest' } });
`;

  it('Basic Usage, run twice as in two tabs, greets both ways', async () => {
    const [one, two] = [listeningConsole(), listeningConsole()];
    run(BASIC_USAGE, { console: one.console });
    run(BASIC_USAGE, { console: two.console });
    const said = ['Received message from Guest:', 'Hello, Guest!'];
    await expect.poll(() => [one.lines, two.lines], { timeout: 15_000 }).toEqual([[said], [said]]);
  });
});

describe('Data Channels', () => {
  const OPENING = `
// listen for data channel open event
peer.on('channel:open', (e) => {
  const { remote, label } = e;
  console.log('Channel was opened with peer:', remote.id, 'label:', label);
});

// open a data channel
peer.open({ label: 'chat' });
`;
  const CLOSING = `
// listen for data channel close event
peer.on('channel:close', (e) => {
  const { remote, label } = e;
  console.log('Channel was closed with peer:', remote.id, 'label:', label);
});

// close a data channel with a specific label
peer.close({ label: 'chat' });
`;
  const SENDING = `
// send a message to all connected peers and all open channels
peer.send('Hello, peers!');
// or with the channel label
peer.send('Hello, peers!', { label: 'chat' });
`;
  const RECEIVING = `
// listen for incoming messages on a specific channel
peer.on('channel:message', (e) => {
  const { remote, label, data } = e;
  console.log('Message from:', remote.id, 'label:', label, 'data:', data);
});
`;
  const SELECTIVE = `
const remote = peer.connections.get('peer-id');
if (remote) {
  remote.send('Hello, peer!', { label: 'chat' });
}
`;

  it('open, send, receive, choose one, and close, one after the other', async () => {
    const [a, b] = [guestOn('data-channels'), guestOn('data-channels')];
    await Promise.all([a.peer.join('room'), b.peer.join('room')]);
    await Promise.all([a.wait('connection:connected'), b.wait('connection:connected')]);
    const { lines, console } = listeningConsole();

    run(OPENING, { peer: a.peer, console });
    await Promise.all([opened(a, 'chat'), opened(b, 'chat')]);
    expect(lines.splice(0)).toEqual([['Channel was opened with peer:', b.id, 'label:', 'chat']]);

    run(RECEIVING, { peer: b.peer, console });
    run(SENDING, { peer: a.peer });
    await b.messages(2);
    const said = ['Message from:', a.id, 'label:', 'chat', 'data:', 'Hello, peers!'];
    expect(lines.splice(0)).toEqual([said, said]);

    run(SELECTIVE, { peer: a.peer }); // nobody has that id
    run(SELECTIVE.replace('peer-id', b.id), { peer: a.peer });
    await b.messages(3);
    expect(b.received().at(-1)).toBe('Hello, peer!');
    lines.length = 0;

    run(CLOSING, { peer: a.peer, console });
    await b.wait('channel:close');
    expect(lines).toEqual([['Channel was closed with peer:', b.id, 'label:', 'chat']]);
  });
});

describe('Peer Connections', () => {
  const CREATING = `
import { Peer, BroadcastChannelDriver } from 'peerix';

// create the specific driver instance
const driver = new BroadcastChannelDriver('my-app-channel');

// create the Peer instance with the driver
const peer = new Peer({ driver });
`;
  const MANAGING = `
// listen for peer joining the room
peer.on('connection', (e) => {
  const { remote, state } = e;
  console.log(\`Peer: \${remote.id}, State: \${state}\`);
});

// listen for connection errors
peer.on('error', (e) => {
  const { error } = e;
  console.error('Error:', error);
});

// join a room
peer.join({
  room: 'room-id',
  metadata: {
    /* optional metadata */
  },
});
`;
  const LATER = `
// later, if you want to leave the room
peer.leave();
`;
  const ICE_SERVERS = `
iceServers: [
  { urls: 'stun:stun.l.google.com:19302' },
  {
    urls: 'turn:turn.example.com:3478',
    username: 'user',
    credential: 'pass',
  },
];
`;

  it('create, join, and later leave', async () => {
    const { peer } = run(CREATING);
    const { lines, console } = listeningConsole();
    run(MANAGING, { peer, console });
    const other = guestOn('my-app-channel');
    await other.peer.join('room-id');
    await other.wait('connection:connected');
    expect(other.peer.connections.get(peer.id)?.metadata).toEqual({});
    await expect.poll(() => lines.length).toBe(3);
    run(LATER, { peer });
    await other.wait('connection:closed');
    expect(lines).toEqual(
      ['new', 'connecting', 'connected', 'closed'].map((state) => [
        `Peer: ${other.id}, State: ${state}`,
      ]),
    );
  });

  it('create, join and leave as the page shows it, in one go, rejects nothing unheard', async () => {
    const uncaught = catchUncaught();
    try {
      const { peer } = run(CREATING);
      const { lines, console } = listeningConsole();
      run(MANAGING + LATER, { peer, console });
      await expect.poll(() => peer.active).toBe(false);
      await peer.leave();
      await uncaught.drain();
      expect(lines).toEqual([]);
      expect(uncaught.caught).toEqual([]);
    } finally {
      uncaught.stop();
    }
  });

  it('iceServers are taken as written', async () => {
    // The block is an excerpt of an options object.
    const options = new Function(`return { ${ICE_SERVERS.trim().replace(/;$/, '')} }`)();
    const driver = new BroadcastChannelDriver('ice');
    endings.push(() => driver.destroy());
    const guests = [new Guest({ driver, ...options }), new Guest({ driver })] as const;
    for (const { peer } of guests) endings.push(() => peer.leave());
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    const { remote } = await guests[0].wait('connection:connected');
    expect(remote?.connection.getConfiguration().iceServers?.length).toBe(2);
  });
});

describe('Custom Add-on', () => {
  const CUSTOM_ADDON = `
class CustomAddon {
  constructor(options) {
    // initialize your add-on with the provided options
  }
  attach(peer) {
    // handle attaching the add-on to the peer instance
  }
  detach(peer) {
    // handle detaching the add-on from the peer instance
  }
}

// create the add-on instance
const addon = new CustomAddon({
  /* options */
});
// attach the add-on to the peer instance
peer.attach(addon);
// later, if you want to detach the add-on from the peer instance
peer.detach(addon);
`;

  it('is attached and detached', async () => {
    const { peer } = guestOn('add-on');
    run(CUSTOM_ADDON, { peer });
    expect(peer.addons.size).toBe(0);
    expect(await codeOf(peer.attach({ attach: () => {}, detach: () => {} }))).toBe('resolved');
  });
});

describe('Custom Driver', () => {
  const MEMORY_DRIVER = `
// Minimal in-memory signaling driver
class MemoryDriver extends Driver {
  constructor() {
    super();
    this.handlers = new Map();
  }
  subscribe(namespace, handler) {
    const k = namespace.join(':');
    if (!this.handlers.has(k)) {
      this.handlers.set(k, new Set());
    }
    this.handlers.get(k).add(handler);
  }
  unsubscribe(namespace, handler) {
    const k = namespace.join(':');
    this.handlers.get(k)?.delete(handler);
  }
  dispatch(namespace, message) {
    const k = namespace.join(':');
    if (!this.handlers.has(k)) return;
    for (const handler of this.handlers.get(k)) {
      setTimeout(() => handler(message), 0);
    }
  }
}
`;

  it('connects two peers', async () => {
    const { driver } = run(`
import { Driver } from 'peerix';
${MEMORY_DRIVER}
const driver = new MemoryDriver();
`) as unknown as { driver: meshwork.Driver };
    const guests = [new Guest({ driver }), new Guest({ driver })] as const;
    for (const { peer } of guests) endings.push(() => peer.leave());
    await guests[0].peer.open('chat');
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    await Promise.all(guests.map((guest) => opened(guest, 'chat')));
    await guests[0].peer.send('over a driver of our own');
    await guests[1].messages(1);
    expect(guests[1].received()).toEqual(['over a driver of our own']);
  });
});
