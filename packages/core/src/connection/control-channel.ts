/**
 * ControlChannel: the negotiated channel with id 0 that both ends of every connection have. Once
 * it is open, nothing about this connection goes over the bus any more.
 * Used by: connection.ts.
 */

import { type ControlMessage, parseControl, serialiseControl } from './control-messages.ts';

/** [CN1] Label and id of the control channel; in-band channels never have id 0 taken from it. */
const CONTROL_CHANNEL = { label: '', id: 0 } as const;

export interface ControlChannelPort {
  open(): void;
  message(message: ControlMessage): void;
  /** Bytes that are no control message. */
  garbage(): void;
  closed(): void;
}

export class ControlChannel {
  readonly #channel: RTCDataChannel;
  readonly #life = new AbortController();

  constructor(rtc: RTCPeerConnection, port: ControlChannelPort) {
    const { label, id } = CONTROL_CHANNEL;
    this.#channel = rtc.createDataChannel(label, { negotiated: true, id });
    this.#channel.binaryType = 'arraybuffer';
    const { signal } = this.#life;
    this.#channel.addEventListener('open', () => port.open(), { signal });
    this.#channel.addEventListener('close', () => port.closed(), { signal });
    this.#channel.addEventListener(
      'message',
      ({ data }) => {
        const message =
          data instanceof ArrayBuffer ? parseControl(new Uint8Array(data)) : undefined;
        if (message) port.message(message);
        else port.garbage();
      },
      { signal },
    );
  }

  get isOpen(): boolean {
    return this.#channel.readyState === 'open';
  }

  /** Sends if the channel is open; what is not sent on a closing connection matters to nobody. */
  send(message: ControlMessage): void {
    if (this.isOpen) this.#channel.send(serialiseControl(message));
  }

  close(): void {
    this.#life.abort();
  }
}
