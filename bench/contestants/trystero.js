/**
 * Trystero, with a strategy of our own over the in-page bus: its published strategies need public
 * relays. The strategy is the documented way (`createTopicStrategy`), so timings are those of its
 * core. One module is one peer there: each member gets a copy of it.
 */

import { createTopicStrategy } from '@trystero-p2p/core';
import { GREETING } from '../page/room.js';

export const title = 'Trystero';
export const packageName = 'trystero';
export const signaling = 'the in-page bus, through createTopicStrategy';
export const isModulePerMember = true;

/** @param {import('../page/room.js').MemberOptions} options */
export function createMember({ bus, room, onMessage }) {
  const joinRoom = createTopicStrategy({
    init: () => bus,
    subscribeTopic: (client, topic, hear) =>
      client.subscribe(topic, (payload) => hear(topic, payload)),
    publishTopic: (client, topic, payload) =>
      client.publish(topic, typeof payload === 'string' ? payload : JSON.stringify(payload)),
  });
  const config = { appId: 'bench', rtcConfig: { iceServers: [] } };

  let joined;
  return {
    join() {
      joined = joinRoom(config, room);
      const chat = joined.makeAction('chat');
      chat.onMessage = (text, { peerId }) => onMessage(peerId, text);
      joined.onPeerJoin = (peerId) => void chat.send(GREETING, { target: peerId });
    },
    close: () => joined?.leave(),
  };
}
