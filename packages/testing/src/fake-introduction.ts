/**
 * FakeIntroduction: stands for one attempt at a connection where a test needs none. Descriptions
 * are names such as `offer 3` and `answer 4 to 3`; an answer is accepted only by whom it is for.
 * Used by: the core's unit tests of the handshake and of membership.
 */

/** Makes introductions, numbers them, and remembers all that were made. */
export class FakeIntroductions {
  readonly made: FakeIntroduction[] = [];
  /** Called with both ends when an answer is accepted: a connection would open. */
  onLinked: (offerer: FakeIntroduction, answerer: FakeIntroduction) => void = () => {};

  make(): FakeIntroduction {
    const introduction = new FakeIntroduction(this, this.made.length + 1);
    this.made.push(introduction);
    return introduction;
  }

  get openCount(): number {
    return this.made.filter(({ isClosed }) => !isClosed).length;
  }
}

export class FakeIntroduction {
  readonly number: number;
  /** Candidates of the remote that it was given. */
  readonly candidates: string[] = [];
  isClosed = false;
  /** The other end, once an answer was accepted. */
  peer: FakeIntroduction | undefined;
  /** Set to make the next step fail. */
  failure: Error | undefined;
  /** Set to make steps wait. */
  gate: Promise<void> = Promise.resolve();
  readonly #all: FakeIntroductions;
  #description = '';

  constructor(all: FakeIntroductions, number: number) {
    this.#all = all;
    this.number = number;
  }

  async offer(): Promise<string> {
    await this.#step();
    this.#description = `offer ${this.number}`;
    return this.#description;
  }

  async answer(offerSdp: string): Promise<string> {
    await this.#step();
    const offerer = /^offer (\d+)$/.exec(offerSdp)?.[1];
    if (!offerer) throw new Error(`Not an offer: ${offerSdp}`);
    this.#description = `answer ${this.number} to ${offerer}`;
    return this.#description;
  }

  async accept(answerSdp: string): Promise<void> {
    await this.#step();
    const [, answerer, offerer] = /^answer (\d+) to (\d+)$/.exec(answerSdp) ?? [];
    if (Number(offerer) !== this.number) throw new Error(`Not our answer: ${answerSdp}`);
    const peer = this.#all.made[Number(answerer) - 1];
    if (!peer || peer.isClosed || this.isClosed) return;
    this.peer = peer;
    peer.peer = this;
    this.#all.onLinked(this, peer);
  }

  addCandidates(candidates: readonly string[]): void {
    this.candidates.push(...candidates);
  }

  description(): string {
    return this.#description;
  }

  close(): void {
    this.isClosed = true;
  }

  async #step(): Promise<void> {
    await this.gate;
    if (this.failure) throw this.failure;
    if (this.isClosed) throw new Error('The introduction is closed.');
  }
}
