/**
 * ConnectionStates: the three states that follow the transport, one event for each that changes.
 * Used by: peer-connection.ts.
 */

import type { Transport } from './transport.ts';

type StateEvent = 'connectionstatechange' | 'iceconnectionstatechange' | 'icegatheringstatechange';

export class ConnectionStates {
  readonly #fire: (type: StateEvent) => void;
  connection: RTCPeerConnectionState = 'new';
  ice: RTCIceConnectionState = 'new';
  gathering: RTCIceGatheringState = 'new';

  constructor(fire: (type: StateEvent) => void) {
    this.#fire = fire;
  }

  /** Brings the states up to date. A handler may close the connection in between. */
  follow(transport: Transport | undefined): void {
    const gathering = transport?.gatheringState ?? 'new';
    if (!this.#isClosed && gathering !== this.gathering) {
      this.gathering = gathering;
      this.#fire('icegatheringstatechange');
    }
    const ice = transport?.iceState ?? 'new';
    if (!this.#isClosed && ice !== this.ice) {
      this.ice = ice;
      this.#fire('iceconnectionstatechange');
    }
    const connection = transport?.connectionState ?? 'new';
    if (!this.#isClosed && connection !== this.connection) {
      this.connection = connection;
      this.#fire('connectionstatechange');
    }
  }

  /** Closed from now on, without an event. */
  close(): void {
    this.connection = 'closed';
    this.ice = 'closed';
  }

  get #isClosed(): boolean {
    return this.connection === 'closed';
  }
}
