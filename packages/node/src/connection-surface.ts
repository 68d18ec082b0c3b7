/**
 * ConnectionSurface: the parts of the standard's RTCPeerConnection without a state of their own:
 * the `on…` attributes, and what is not possible in Node and says so.
 * Extended by: peer-connection.ts.
 */

import type { IceCandidate } from './candidate.ts';
import type { DataChannel } from './data-channel.ts';
import { defineHandlers, type EventHandler } from './events.ts';

type ChannelEvent = Event & { readonly channel: DataChannel };
type CandidateEvent = Event & { readonly candidate: IceCandidate | null };

export class ConnectionSurface extends EventTarget {
  declare onconnectionstatechange: EventHandler<this>;
  declare ondatachannel: EventHandler<this, ChannelEvent>;
  declare onicecandidate: EventHandler<this, CandidateEvent>;
  /** Never called: the native side reports no failing ICE server. */
  declare onicecandidateerror: EventHandler<this>;
  declare oniceconnectionstatechange: EventHandler<this>;
  declare onicegatheringstatechange: EventHandler<this>;
  declare onnegotiationneeded: EventHandler<this>;
  declare onsignalingstatechange: EventHandler<this>;
  /** Never called: there is no media in Node. */
  declare ontrack: EventHandler<this>;

  static {
    defineHandlers(ConnectionSurface.prototype, [
      'connectionstatechange',
      'datachannel',
      'icecandidate',
      'icecandidateerror',
      'iceconnectionstatechange',
      'icegatheringstatechange',
      'negotiationneeded',
      'signalingstatechange',
      'track',
    ]);
  }

  /** @throws DOMException `NotSupportedError`, always: make a new connection instead */
  restartIce(): void {
    throw notSupported('An ICE restart');
  }

  /** Empty: there is no media in Node. */
  getSenders(): [] {
    return [];
  }
  getReceivers(): [] {
    return [];
  }
  getTransceivers(): [] {
    return [];
  }
  /** @throws DOMException `NotSupportedError`, always */
  addTrack(): never {
    throw notSupported('Media');
  }
  /** @throws DOMException `NotSupportedError`, always */
  addTransceiver(): never {
    throw notSupported('Media');
  }
}

export function notSupported(what: string): DOMException {
  return new DOMException(`${what} is not possible in Node.`, 'NotSupportedError');
}
