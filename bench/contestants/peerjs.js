/**
 * PeerJS. It cannot use another bus than its PeerServer, so it has a real one on 127.0.0.1, and
 * the bus is only told what passes. In its favour: the socket is open before the clock starts,
 * and nobody announces, because a newcomer is given the ids of those before it.
 */

import { Peer } from 'peerjs';
import { GREETING } from '../page/room.js';

export const title = 'PeerJS';
export const packageName = 'peerjs';
export const signaling = 'its PeerServer (peer 1.0.2) on 127.0.0.1, ids known, sockets open';

/** @param {import('../page/room.js').MemberOptions} options */
export async function createMember({ bus, room, index, servers, onMessage }) {
  const peer = openPeer({ id: `${room}-${index}`, bus, port: servers.peerServerPort });
  await new Promise((resolve, reject) => {
    peer.once('open', resolve);
    peer.once('error', reject);
  });
  peer.on('error', () => {}); // whoever is missing never greets, and the deadline tells

  function greetOn(connection) {
    connection.on('open', () => connection.send(GREETING));
    connection.on('data', (data) => onMessage(connection.peer, data));
  }
  peer.on('connection', greetOn);

  return {
    join() {
      for (let earlier = 0; earlier < index; earlier += 1) {
        greetOn(peer.connect(`${room}-${earlier}`));
      }
    },
    close: () => peer.destroy(),
  };
}

/** Opens a peer whose socket counts and delays as the in-page bus does. */
function openPeer({ id, bus, port }) {
  const { WebSocket } = globalThis;
  globalThis.WebSocket = class extends WebSocket {
    send(data) {
      bus.count(data);
      super.send(data);
    }
    set onmessage(handler) {
      super.onmessage = (event) => {
        if (bus.delayMs > 0) setTimeout(() => handler(event), bus.delayMs);
        else handler(event);
      };
    }
  };
  try {
    const config = { iceServers: [] };
    return new Peer(id, { host: 'localhost', port, path: '/', config, debug: 0 });
  } finally {
    globalThis.WebSocket = WebSocket; // PeerJS opened its socket in the constructor
  }
}
