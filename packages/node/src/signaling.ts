/**
 * Signaling: which description is pending, which is agreed on, and which step may follow (the
 * signaling state of W3C webrtc-pc 4.3.1). Provisional answers are not supported.
 * Pure: no native object, no event. Used by: peer-connection.ts.
 */

import type { DataSection, Description } from './description.ts';

/** One side's description. For ours, candidates are added when it is read. */
export interface Side {
  readonly type: 'offer' | 'answer';
  readonly description: Description;
  readonly data: DataSection;
  /** The text as given, for a description of the remote. */
  readonly sdp?: string;
}

/** Both sides at once; `remote` is missing while our offer has no answer, and so on. */
interface Exchange {
  readonly local?: Side;
  readonly remote?: Side;
}

type State =
  | { readonly phase: 'stable' }
  | { readonly phase: 'have-local-offer'; readonly local: Side }
  | { readonly phase: 'have-remote-offer'; readonly remote: Side };

export class Signaling {
  #state: State = { phase: 'stable' };
  #agreed: Exchange = {};

  get state(): State['phase'] {
    return this.#state.phase;
  }

  get currentLocal(): Side | undefined {
    return this.#agreed.local;
  }

  get currentRemote(): Side | undefined {
    return this.#agreed.remote;
  }

  get pendingLocal(): Side | undefined {
    return this.#state.phase === 'have-local-offer' ? this.#state.local : undefined;
  }

  get pendingRemote(): Side | undefined {
    return this.#state.phase === 'have-remote-offer' ? this.#state.remote : undefined;
  }

  /** Our offer or our answer takes effect. */
  setLocal(side: Side): void {
    if (side.type === 'offer' && this.#state.phase !== 'have-remote-offer') {
      this.#state = { phase: 'have-local-offer', local: side };
    } else if (side.type === 'answer' && this.#state.phase === 'have-remote-offer') {
      this.#agree({ local: side, remote: this.#state.remote });
    } else {
      throw this.#refusal(`set a local ${side.type}`);
    }
  }

  /** The remote's offer or answer takes effect. */
  setRemote(side: Side): void {
    if (side.type === 'offer' && this.#state.phase !== 'have-local-offer') {
      this.#state = { phase: 'have-remote-offer', remote: side };
    } else if (side.type === 'answer' && this.#state.phase === 'have-local-offer') {
      this.#agree({ local: this.#state.local, remote: side });
    } else {
      throw this.#refusal(`set a remote ${side.type}`);
    }
  }

  /** Forgets the pending offer, ours or theirs. */
  rollback(): void {
    if (this.#state.phase === 'stable') throw this.#refusal('roll back');
    this.#state = { phase: 'stable' };
  }

  #agree(exchange: Exchange): void {
    this.#agreed = exchange;
    this.#state = { phase: 'stable' };
  }

  #refusal(what: string): DOMException {
    return new DOMException(
      `Cannot ${what} in signaling state ${this.state}.`,
      'InvalidStateError',
    );
  }
}
