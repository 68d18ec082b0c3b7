/**
 * Doorkeeper: asks the app's `verify`, once about each stay of each peer, and remembers the answer.
 * Used by: membership.ts. Rule: PROTOCOL.md, SG4.
 */

import { Recent } from '../async/recent.ts';
import { MeshworkError } from '../errors.ts';

/** As many answers as we remember; beyond, `verify` is asked again. */
const REMEMBERED = 1_024;

/** What a remote says of itself before it is connected. */
export interface Candidate {
  readonly id: string;
  readonly metadata: unknown;
}

/** A remote, during one stay in the room. */
export interface Member extends Candidate {
  /** When it joined, by its own clock, in ms since the epoch. */
  readonly sinceMs: number;
}

export type Verify = (candidate: Candidate) => boolean | Promise<boolean>;

type Verdict =
  | { readonly sinceMs: number; readonly member: Member }
  | { readonly sinceMs: number; readonly member: undefined };

export class Doorkeeper {
  readonly #verify: Verify;
  readonly #report: (error: MeshworkError) => void;
  readonly #verdicts = new Recent<Verdict>(REMEMBERED);

  constructor(verify: Verify, report: (error: MeshworkError) => void) {
    this.#verify = verify;
    this.#report = report;
  }

  /** Whether this stay was refused. */
  hasRefused({ id, sinceMs }: Member): boolean {
    const verdict = this.#verdicts.get(id);
    return verdict?.sinceMs === sinceMs && !verdict.member;
  }

  /**
   * The member as it may enter, or undefined. What was verified counts: a later message of the
   * same stay with other metadata does not change it.
   */
  async admit(member: Member): Promise<Member | undefined> {
    const { id, metadata, sinceMs } = member;
    const known = this.#verdicts.get(id);
    if (known?.sinceMs === sinceMs) return known.member;
    let isWelcome = false;
    try {
      isWelcome = await this.#verify({ id, metadata });
    } catch (cause) {
      this.#report(new MeshworkError('verify-failed', undefined, { cause }));
    }
    const verdict = { sinceMs, member: isWelcome ? member : undefined };
    this.#verdicts.set(id, verdict);
    return verdict.member;
  }
}
