/**
 * Negotiator: keeps both ends agreed on one session description after they are connected, as in
 * "perfect negotiation" (W3C webrtc-pc 10.7), with the control channel as the signaling path.
 * Owns: making offers and answers, offer collisions. Not: candidates, not the first exchange.
 * Used by: connection.ts.
 */

export interface NegotiatorPort {
  send(description: RTCSessionDescriptionInit): void;
  failed(error: unknown): void;
}

export class Negotiator {
  readonly #rtc: RTCPeerConnection;
  readonly #isPolite: boolean;
  readonly #port: NegotiatorPort;
  readonly #life = new AbortController();
  #makingOffer = false;
  #settingAnswer = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(rtc: RTCPeerConnection, isPolite: boolean, port: NegotiatorPort) {
    this.#rtc = rtc;
    this.#isPolite = isPolite;
    this.#port = port;
    rtc.addEventListener('negotiationneeded', () => void this.#offer(), {
      signal: this.#life.signal,
    });
  }

  /** Takes a description of the remote; descriptions are taken one after the other. */
  receive(description: RTCSessionDescriptionInit): void {
    this.#queue = this.#queue.then(async () => {
      try {
        await this.#take(description);
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  close(): void {
    this.#life.abort();
  }

  async #offer(): Promise<void> {
    try {
      this.#makingOffer = true;
      await this.#rtc.setLocalDescription();
      this.#sendLocal();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#makingOffer = false;
    }
  }

  async #take(description: RTCSessionDescriptionInit): Promise<void> {
    if (description.type === 'offer' && this.#shouldIgnoreOffer()) return;
    // An answer to an offer that was rolled back belongs to nothing.
    if (description.type === 'answer' && this.#rtc.signalingState !== 'have-local-offer') return;
    this.#settingAnswer = description.type === 'answer';
    try {
      await this.#rtc.setRemoteDescription(description);
    } finally {
      this.#settingAnswer = false;
    }
    if (description.type !== 'offer') return;
    await this.#rtc.setLocalDescription();
    this.#sendLocal();
  }

  /** Only the impolite end drops a colliding offer; for the polite one the browser rolls back. */
  #shouldIgnoreOffer(): boolean {
    const isReady =
      !this.#makingOffer && (this.#rtc.signalingState === 'stable' || this.#settingAnswer);
    return !isReady && !this.#isPolite;
  }

  #sendLocal(): void {
    const description = this.#rtc.localDescription;
    if (description && !this.#life.signal.aborted) {
      this.#port.send({ type: description.type, sdp: description.sdp });
    }
  }

  #fail(error: unknown): void {
    if (!this.#life.signal.aborted && this.#rtc.signalingState !== 'closed')
      this.#port.failed(error);
  }
}
