/**
 * Hub: who is subscribed to what, and who hears a payload.
 * It knows topics and members, both opaque, and no network: the doors (so far socket-io-door.ts)
 * turn a protocol into these calls, and check sizes and rates first. Nothing is stored: a payload
 * reaches the members of the moment or nobody.
 */

/** Why a request was refused; told to the client that made it. The codes never change meaning. */
export interface Refusal {
  readonly code:
    | 'bad-namespace'
    | 'bad-payload'
    | 'payload-too-large'
    | 'limit-reached'
    | 'rate-limited';
  readonly message: string;
}

/** Gives one payload to one member. Must not throw. */
export type Deliver = (payload: Uint8Array) => void;

/** Topics and their members, in memory. `Member` is whatever identifies one to its door. */
export class Hub<Member extends object> {
  // Maps, not objects: a topic may be called '__proto__'.
  readonly #topics = new Map<string, Map<Member, Deliver>>();
  readonly #topicsOf = new Map<Member, Set<string>>();

  constructor(private readonly maxTopicsPerMember: number) {}

  /** How many topics have a member, and how many members a topic. */
  get size(): { readonly topics: number; readonly members: number } {
    return { topics: this.#topics.size, members: this.#topicsOf.size };
  }

  /** From now on `deliver` gets what others publish on the topic. Twice is once. */
  subscribe(member: Member, topic: string, deliver: Deliver): Refusal | undefined {
    const topics = this.#topicsOf.get(member) ?? new Set();
    if (topics.has(topic)) return undefined;
    if (topics.size >= this.maxTopicsPerMember) {
      const message = `At most ${this.maxTopicsPerMember} subscriptions for one connection.`;
      return { code: 'limit-reached', message };
    }
    this.#topicsOf.set(member, topics.add(topic));
    const members = this.#topics.get(topic) ?? new Map<Member, Deliver>();
    this.#topics.set(topic, members.set(member, deliver));
    return undefined;
  }

  /** The member hears nothing more on that topic. Fine if it never did. */
  unsubscribe(member: Member, topic: string): void {
    const topics = this.#topicsOf.get(member);
    if (topics?.delete(topic) && topics.size === 0) this.#topicsOf.delete(member);
    const members = this.#topics.get(topic);
    if (members?.delete(member) && members.size === 0) this.#topics.delete(topic);
  }

  /** Gives the payload to every member of exactly that topic, except the publisher. */
  publish(publisher: Member, topic: string, payload: Uint8Array): void {
    for (const [member, deliver] of this.#topics.get(topic) ?? []) {
      if (member !== publisher) deliver(payload);
    }
  }

  /** The member is gone: ends all of its subscriptions. */
  remove(member: Member): void {
    for (const topic of this.#topicsOf.get(member) ?? []) this.unsubscribe(member, topic);
  }
}
