/**
 * OperationQueue: one negotiation step after the other, each in a task of its own (the operations
 * chain of W3C webrtc-pc 4.4.1.2).
 * Used by: peer-connection.ts.
 */

import { nextTask } from './events.ts';

export class OperationQueue {
  readonly #onIdle: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #waitingCount = 0;

  /** @param onIdle - called when the last operation is done */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  get isBusy(): boolean {
    return this.#waitingCount > 0;
  }

  /** Settles as the operation does, in the same task. */
  run<Result>(operation: () => Result): Promise<Result> {
    this.#waitingCount += 1;
    const result = this.#last.then(nextTask).then(operation);
    const done = () => {
      this.#waitingCount -= 1;
      if (this.#waitingCount === 0) this.#onIdle();
    };
    this.#last = result.then(done, done);
    return result;
  }
}
