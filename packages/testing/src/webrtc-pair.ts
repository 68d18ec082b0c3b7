/**
 * WebRtcPair: two connections in one process and the signaling between them.
 * Owns: waiting with a deadline, and closing. Used by: webrtc-suite.ts.
 */

/** What a test needs of a WebRTC implementation. */
export interface WebRtcUnderTest {
  readonly RTCPeerConnection: typeof RTCPeerConnection;
}

const DEADLINE_MS = 15_000;

/** Fails after the deadline with words that say what was awaited. */
export async function within<T>(what: string, promise: Promise<T>, ms = DEADLINE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${what} within ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next event of that type. */
export function next<E extends Event = Event>(target: EventTarget, type: string): Promise<E> {
  const event = new Promise<E>((resolve) =>
    target.addEventListener(type, (event) => resolve(event as E), { once: true }),
  );
  return within(type, event);
}

/** The data of the next messages. Call it before they can arrive. */
export function messages(channel: RTCDataChannel, count: number): Promise<unknown[]> {
  const received: unknown[] = [];
  const all = new Promise<unknown[]>((resolve) => {
    channel.addEventListener('message', function listen(event) {
      received.push(event.data);
      if (received.length < count) return;
      channel.removeEventListener('message', listen);
      resolve(received);
    });
  });
  return within(`${count} messages`, all);
}

/** Resolves when the channel is open. */
export async function opened(channel: RTCDataChannel): Promise<RTCDataChannel> {
  if (channel.readyState !== 'open') await next(channel, 'open');
  return channel;
}

/** Resolves when every candidate is in the local description. */
export async function gathered(pc: RTCPeerConnection): Promise<RTCSessionDescription> {
  while (pc.iceGatheringState !== 'complete') await next(pc, 'icegatheringstatechange');
  if (!pc.localDescription) throw new Error('No local description.');
  return pc.localDescription;
}

/** One exchange, every candidate inside the descriptions. `munge` sees both on their way. */
export async function exchange(
  offerer: RTCPeerConnection,
  answerer: RTCPeerConnection,
  munge: (sdp: string) => string = (sdp) => sdp,
): Promise<void> {
  await offerer.setLocalDescription();
  const offer = await gathered(offerer);
  await answerer.setRemoteDescription({ type: 'offer', sdp: munge(offer.sdp) });
  await answerer.setLocalDescription();
  const answer = await gathered(answerer);
  await offerer.setRemoteDescription({ type: 'answer', sdp: munge(answer.sdp) });
}

/** One exchange, candidates one by one as they are found. Resolves when both are stable. */
export async function exchangeTrickling(
  offerer: RTCPeerConnection,
  answerer: RTCPeerConnection,
): Promise<void> {
  const carry = (from: RTCPeerConnection, to: RTCPeerConnection) => {
    const early: RTCIceCandidate[] = [];
    from.addEventListener('icecandidate', ({ candidate }) => {
      if (!candidate) return;
      if (to.remoteDescription) void to.addIceCandidate(candidate);
      else early.push(candidate);
    });
    return async (description: RTCSessionDescription | null) => {
      await to.setRemoteDescription(description as RTCSessionDescription);
      for (const candidate of early.splice(0)) await to.addIceCandidate(candidate);
    };
  };
  const toAnswerer = carry(offerer, answerer);
  const toOfferer = carry(answerer, offerer);
  await offerer.setLocalDescription();
  await toAnswerer(offerer.localDescription);
  await answerer.setLocalDescription();
  await toOfferer(answerer.localDescription);
}

/** Two connections; `close` closes both. */
export class Pair {
  readonly a: RTCPeerConnection;
  readonly b: RTCPeerConnection;

  constructor({ RTCPeerConnection }: WebRtcUnderTest) {
    this.a = new RTCPeerConnection();
    this.b = new RTCPeerConnection();
  }

  /** The same negotiated channel on both sides, not yet open. */
  channels(id = 0): [RTCDataChannel, RTCDataChannel] {
    const init = { negotiated: true, id };
    const pair = [this.a, this.b].map((pc) => pc.createDataChannel(`n${id}`, init));
    for (const channel of pair) channel.binaryType = 'arraybuffer';
    return pair as [RTCDataChannel, RTCDataChannel];
  }

  /** The same, open. */
  async connected(id = 0): Promise<[RTCDataChannel, RTCDataChannel]> {
    const [a, b] = this.channels(id);
    const open = Promise.all([opened(a), opened(b)]);
    await exchange(this.a, this.b);
    await open;
    return [a, b];
  }

  close(): void {
    this.a.close();
    this.b.close();
  }
}

/** What goes from one negotiator to the other. Plain, so that it survives any bus. */
export interface Signal {
  readonly description?: RTCSessionDescriptionInit;
  readonly candidate?: RTCIceCandidateInit;
}

/** Perfect negotiation on one connection, as the standard's example has it. */
export class PerfectNegotiator {
  readonly #pc: RTCPeerConnection;
  readonly #isPolite: boolean;
  readonly outbox: Signal[] = [];
  #isMakingOffer = false;
  #ignoresOffer = false;

  constructor(pc: RTCPeerConnection, isPolite: boolean) {
    this.#pc = pc;
    this.#isPolite = isPolite;
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate) this.outbox.push({ candidate: candidate.toJSON() });
    });
  }

  async offer(): Promise<void> {
    this.#isMakingOffer = true;
    await this.#pc.setLocalDescription();
    this.#pushDescription();
    this.#isMakingOffer = false;
  }

  async receive({ description, candidate }: Signal): Promise<void> {
    const pc = this.#pc;
    if (description) {
      const collides =
        description.type === 'offer' && (this.#isMakingOffer || pc.signalingState !== 'stable');
      this.#ignoresOffer = !this.#isPolite && collides;
      if (this.#ignoresOffer) return;
      await pc.setRemoteDescription(description);
      if (description.type !== 'offer') return;
      await pc.setLocalDescription();
      this.#pushDescription();
    } else {
      await pc.addIceCandidate(candidate).catch((error: unknown) => {
        if (!this.#ignoresOffer) throw error;
      });
    }
  }

  #pushDescription(): void {
    const { type, sdp } = this.#pc.localDescription ?? {};
    if (type && sdp) this.outbox.push({ description: { type, sdp } });
  }
}

/** By number: the promise, and the test of it on a fresh pair that is closed afterwards. */
export type Rules = Readonly<
  Record<
    string,
    readonly [promise: string, test: (pair: Pair, webrtc: WebRtcUnderTest) => Promise<void>]
  >
>;
