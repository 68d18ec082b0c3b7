/**
 * The yardstick: RTCPeerConnection wired by hand, trickling candidates as they are found.
 * Does nothing that a browser does not need: no batching, no encryption, no recovery.
 */

import { createAnnouncingRoom } from '../page/announcing-room.js';
import { GREETING } from '../page/room.js';

export const title = 'raw RTCPeerConnection';
export const signaling = 'the in-page bus, JSON';

/** @param {import('../page/room.js').MemberOptions} options */
export function createMember({ bus, room, webrtc, onMessage }) {
  return createAnnouncingRoom({
    bus,
    room,
    createLink: (options) => createLink({ ...options, webrtc, onMessage }),
  });
}

function createLink({ remoteId, isOfferer, send, webrtc, onMessage }) {
  const connection = new webrtc.RTCPeerConnection({ iceServers: [] });

  connection.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) send({ candidate });
  };

  function greetOn(channel) {
    channel.onopen = () => channel.send(GREETING);
    channel.onmessage = ({ data }) => onMessage(remoteId, data);
  }

  async function describe() {
    await connection.setLocalDescription();
    const { type, sdp } = connection.localDescription;
    send({ type, sdp });
  }

  // Descriptions and candidates are applied in the order in which they came.
  let work = Promise.resolve();
  const enqueue = (step) => {
    work = work.then(() => connection.signalingState !== 'closed' && step()).catch(console.error);
  };

  async function apply(signal) {
    if (signal.candidate) return connection.addIceCandidate(signal.candidate);
    await connection.setRemoteDescription(signal);
    if (signal.type === 'offer') await describe();
  }

  if (isOfferer) {
    greetOn(connection.createDataChannel('chat'));
    enqueue(describe);
  } else {
    connection.ondatachannel = ({ channel }) => greetOn(channel);
  }

  return {
    receive: (signal) => enqueue(() => apply(signal)),
    close: () => connection.close(),
  };
}
