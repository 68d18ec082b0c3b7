/**
 * Meshwork as an application has it: the built package, default options, a driver over the bus.
 */

import * as meshwork from 'meshwork';
import { GREETING } from '../page/room.js';

export const title = 'Meshwork';
export const packageName = 'meshwork';
export const signaling = 'the in-page bus, through a Driver';

/** @param {import('../page/room.js').MemberOptions} options */
export function createMember({ bus, room, webrtc, onMessage }) {
  if (!meshwork.Peer) throw new Error('the built meshwork exports no Peer yet');
  const driver = createBusDriver(bus);
  const peer = new meshwork.Peer({ driver, ...(webrtc === globalThis ? {} : { webrtc }) });
  peer.on('channel:open', ({ remote, label }) => {
    if (label === 'chat') void remote.send(GREETING, { label });
  });
  peer.on('channel:message', ({ remote, data }) => onMessage(remote.id, data));
  // Printed with the sample if that fails.
  peer.on('error', ({ error }) => console.error(`${error.code}: ${error.message}`));
  void peer.open('chat');

  return {
    join: () => peer.join(room),
    async close() {
      await peer.leave();
      await driver.destroy();
    },
  };
}

function createBusDriver(bus) {
  class BusDriver extends meshwork.Driver {
    async subscribe(namespace, handler) {
      bus.subscribe(namespace.join('/'), handler);
    }

    async unsubscribe(namespace, handler) {
      bus.unsubscribe(namespace.join('/'), handler);
    }

    async publish(namespace, message) {
      bus.publish(namespace.join('/'), message);
    }
  }
  const driver = new BusDriver();
  driver.active = true;
  return driver;
}
