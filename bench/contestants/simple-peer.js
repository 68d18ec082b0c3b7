/**
 * simple-peer, with the same announcing room around it as raw: it is a link and knows no rooms.
 * Its own browser bundle, because its sources expect Node's modules.
 */

import SimplePeer from 'simple-peer/simplepeer.min.js';
import { createAnnouncingRoom } from '../page/announcing-room.js';
import { GREETING } from '../page/room.js';

export const title = 'simple-peer';
export const packageName = 'simple-peer';
export const signaling = 'the in-page bus, JSON, the same announces as raw';

/** @param {import('../page/room.js').MemberOptions} options */
export function createMember({ bus, room, onMessage }) {
  return createAnnouncingRoom({
    bus,
    room,
    createLink: (options) => createLink({ ...options, onMessage }),
  });
}

function createLink({ remoteId, isOfferer, send, onMessage }) {
  const peer = new SimplePeer({ initiator: isOfferer, trickle: true, config: { iceServers: [] } });
  peer.on('signal', send);
  peer.on('connect', () => peer.send(GREETING));
  peer.on('data', (data) => onMessage(remoteId, new TextDecoder().decode(data)));
  peer.on('error', () => {}); // a link that breaks never greets, and the deadline tells
  return {
    receive: (signal) => peer.signal(signal),
    close: () => peer.destroy(),
  };
}
