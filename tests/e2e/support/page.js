/**
 * What a test page holds: window.start(name, room) makes a peer and joins; window.log keeps what it
 * hears. A file of its own, because the server's policy allows no scripts in a page.
 */

// Put beside this file by players.ts; the import rules would look for them here.
const load = (name) => import(new URL(name, import.meta.url).href);
const { Peer, SocketIoDriver } = await load('meshwork.mjs');
const { io } = await load('socket.io.esm.min.js');

const log = [];
window.log = log;

window.start = async (name, room, labels = [], options = {}) => {
  window.socket = io({ transports: ['websocket'] });
  window.driver = new SocketIoDriver({ socket: window.socket, prefix: 'meshwork:' });
  const peer = new Peer({ driver: window.driver, ...options });
  window.peer = peer;
  const tell = (event) => log.push({ at: Date.now(), ...event });
  peer.on('connection', ({ name: event, remote }) => tell({ event, who: remote.metadata?.name }));
  peer.on(['channel:open', 'channel:close'], ({ name: event, remote, label }) =>
    tell({ event, who: remote.metadata?.name, label }),
  );
  peer.on('channel:message', ({ name: event, remote, label, data }) => {
    const text = data instanceof Uint8Array ? `bytes ${data.join(' ')}` : data;
    tell({ event, who: remote.metadata?.name, label, data: text });
    if (typeof data === 'string' && data.startsWith('echo ')) remote.send(`re: ${data}`, { label });
  });
  peer.on(['signaling:up', 'signaling:down'], ({ name: event }) => tell({ event }));
  peer.on('error', ({ name: event, error }) => tell({ event, code: error.code }));
  for (const label of labels) await peer.open(label);
  await peer.join({ room, metadata: { name } });
};
window.isReady = true;
