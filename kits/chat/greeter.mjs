/**
 * Greeter: a member of the chat that runs in Node. It says hello to whoever comes and answers what
 * is written to it, so that a single open page has somebody to talk to.
 *
 *   node kits/chat/greeter.mjs [server address] [room]
 */

import { webrtc } from '@meshwork/node';
import { Peer, SocketIoDriver } from 'meshwork';
import { io } from 'socket.io-client';

const [server = 'http://localhost:8080', room = 'lobby'] = process.argv.slice(2);
const label = 'chat';

const socket = io(server, { transports: ['websocket'] });
const driver = new SocketIoDriver({ socket, prefix: 'meshwork:' });
const peer = new Peer({ driver, webrtc });

peer.on('channel:open', ({ remote }) => {
  const name = remote.metadata?.name;
  const hello = typeof name === 'string' ? `Hello, ${name.slice(0, 40)}!` : 'Hello!';
  remote.send(`${hello} I run in Node. Write something and I will answer.`, { label });
});

peer.on('channel:message', ({ remote, data }) => {
  // Only people get answers: two greeters in one room would never stop.
  if (typeof data !== 'string' || remote.metadata?.isGreeter) return;
  remote.send(`You wrote “${data.slice(0, 200)}”.`, { label });
});

peer.on('error', ({ error }) => process.stderr.write(`greeter: ${error.code}: ${error.message}\n`));

await peer.open({ label });
await peer.join({ room, metadata: { name: 'Greeter', isGreeter: true } });
process.stdout.write(`greeter joined ${room}\n`);

async function stop() {
  await peer.leave();
  process.exit(0);
}
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
process.once('disconnect', stop);
