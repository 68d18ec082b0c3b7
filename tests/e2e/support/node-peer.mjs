/**
 * A peer in a Node process of its own, for the end-to-end tests.
 *
 *   node node-peer.mjs <server url> <room> <name>
 *
 * Tells each event as a line of JSON on stdout, takes commands as lines of JSON on stdin:
 * {"call":"send","args":["hi",{"label":"chat"}]}, {"do":"leave"}, {"do":"rounds","count":100}.
 */

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { io } from 'socket.io-client';

const root = new URL('../../../', import.meta.url);
const core = process.env['MESHWORK_ESM']
  ? pathToFileURL(process.env['MESHWORK_ESM']).href
  : new URL('packages/core/dist/index.mjs', root).href;
const { Peer, SocketIoDriver } = await import(core);
const { webrtc } = await import(new URL('packages/node/dist/index.mjs', root).href);

const [url, room, name] = process.argv.slice(2);
const socket = io(url, { transports: ['websocket'] });
const driver = new SocketIoDriver({ socket, prefix: 'meshwork:' });
const peer = new Peer({ driver, webrtc });

const tell = (event) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...event })}\n`);

peer.on('connection', ({ name: event, remote }) => tell({ event, who: remote.metadata?.name }));
peer.on(['channel:open', 'channel:close'], ({ name: event, remote, label }) =>
  tell({ event, who: remote.metadata?.name, label }),
);
peer.on('channel:message', ({ name: event, remote, label, data }) => {
  const text = data instanceof Uint8Array ? `bytes ${data.join(' ')}` : data;
  tell({ event, who: remote.metadata?.name, label, data: text });
  // Answers what asks to be answered, so that a test can prove both directions at once.
  if (typeof data === 'string' && data.startsWith('echo ')) remote.send(`re: ${data}`, { label });
});
peer.on('error', ({ name: event, error }) => tell({ event, code: error.code }));

/** Joins and leaves so many times, then tells what is left of it. */
async function rounds(count) {
  const before = process.getActiveResourcesInfo();
  for (let round = 0; round < count; round += 1) {
    await peer.join({ room, metadata: { name } });
    await peer.leave();
  }
  // What a stay leaves to be settled by itself, such as a closing native thread, may take a moment.
  const deadline = Date.now() + 5_000;
  let after = process.getActiveResourcesInfo();
  while (after.length > before.length && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    after = process.getActiveResourcesInfo();
  }
  tell({ event: 'rounds', before, after });
}

async function end() {
  await peer.leave();
  await driver.destroy();
  socket.close();
  lines.close();
  process.stdin.unref?.();
  tell({ event: 'ended' });
  // Nothing else: the process ends by itself when nothing is left running.
}

const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const command = JSON.parse(line);
  if (command.call) await peer[command.call](...command.args);
  else if (command.do === 'join') await peer.join({ room, metadata: { name } });
  else if (command.do === 'leave') await peer.leave();
  else if (command.do === 'rounds') await rounds(command.count);
  else if (command.do === 'end') await end();
  tell({ event: 'done', call: command.call ?? command.do });
});
tell({ event: 'ready' });
