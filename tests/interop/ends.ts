/**
 * The two ends of an interop test: perfect negotiation over an outbox, in Node and in a page.
 * Used by: node-browser.test.ts.
 */

import { PerfectNegotiator, type Signal } from '../../packages/testing/src/webrtc-pair.ts';

/** What a page offers to the test, as `globalThis.end`. */
export interface BrowserEnd {
  readonly pc: RTCPeerConnection;
  readonly outbox: Signal[];
  offer(): Promise<void>;
  opened(): Promise<void>;
  receive(signal: Signal): Promise<void>;
}

declare global {
  var end: BrowserEnd;
}

export class NodeEnd {
  readonly pc: RTCPeerConnection;
  readonly channel: RTCDataChannel;
  readonly #negotiator: PerfectNegotiator;

  constructor(webrtc: { RTCPeerConnection: typeof RTCPeerConnection }, isPolite: boolean) {
    this.pc = new webrtc.RTCPeerConnection();
    this.channel = this.pc.createDataChannel('test', { negotiated: true, id: 0 });
    this.#negotiator = new PerfectNegotiator(this.pc, isPolite);
  }

  get outbox(): Signal[] {
    return this.#negotiator.outbox;
  }

  offer(): Promise<void> {
    return this.#negotiator.offer();
  }

  receive(signal: Signal): Promise<void> {
    return this.#negotiator.receive(signal);
  }

  close(): void {
    this.pc.close();
  }
}

/** Runs in the page: Playwright sends its text there, so it may use nothing from around it. */
export function installBrowserEnd(isPolite: boolean): void {
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel('test', { negotiated: true, id: 0 });
  const outbox: Signal[] = [];
  let isMakingOffer = false;
  let ignoresOffer = false;
  channel.binaryType = 'arraybuffer';
  channel.onmessage = ({ data }) => channel.send(data);
  pc.onicecandidate = ({ candidate }) => {
    if (candidate) outbox.push({ candidate: candidate.toJSON() });
  };
  const describeLocal = async () => {
    await pc.setLocalDescription();
    const { type, sdp } = pc.localDescription ?? {};
    if (type && sdp) outbox.push({ description: { type, sdp } });
  };
  globalThis.end = {
    pc,
    outbox,
    async offer() {
      isMakingOffer = true;
      await describeLocal();
      isMakingOffer = false;
    },
    async opened() {
      if (channel.readyState === 'open') return;
      await new Promise((resolve) => channel.addEventListener('open', resolve));
    },
    async receive({ description, candidate }) {
      if (description) {
        const collides =
          description.type === 'offer' && (isMakingOffer || pc.signalingState !== 'stable');
        ignoresOffer = !isPolite && collides;
        if (ignoresOffer) return;
        await pc.setRemoteDescription(description);
        if (description.type === 'offer') await describeLocal();
      } else {
        await pc.addIceCandidate(candidate).catch((error: unknown) => {
          if (!ignoresOffer) throw error;
        });
      }
    },
  };
}
