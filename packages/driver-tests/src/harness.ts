/**
 * DriverHarness: what a driver's author hands to the suite, and the laboratory that each rule works
 * in: drivers that are destroyed afterwards, addresses nobody else uses, and waits with a deadline.
 * Used by: rules.ts, describe.ts.
 */

import type { Driver, DriverMessage, DriverPayload, Namespace } from 'meshwork';

/** How the suite makes drivers and troubles their bus. A rule without its hooks must be skipped. */
export interface DriverHarness {
  /** A new driver with a client of its own, on the bus that all drivers of this harness share. */
  create(): Promise<Driver> | Driver;
  /** Another driver on the client of that driver (DR10). Left out when clients are not shared. */
  createSibling?(driver: Driver): Promise<Driver> | Driver;
  /** A new driver whose bus refuses it: unreachable or unauthorized (DR2). */
  refuse?(): Promise<Driver> | Driver;
  /** Breaks the bus for every driver made so far; resolves once it is broken (DR12). */
  interrupt?(): Promise<void> | void;
  /** Mends it (DR12). */
  restore?(): Promise<void> | void;
  /** The largest payload the driver takes, in bytes (DR5, DR7). */
  readonly maxPayloadBytes?: number;
  /** How long the suite waits for what must happen, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number;
  /** Called once, after the last rule. */
  dispose?(): Promise<void> | void;
}

/** The optional parts of a harness that rules need. */
export type DriverHook = 'refuse' | 'interrupt' | 'restore' | 'maxPayloadBytes';

/** The payloads that reached one handler, as bytes, in the order of arrival. */
export class Inbox {
  readonly all: Uint8Array[] = [];
  readonly #deadline: (what: string) => Deadline;
  #changed: () => void = () => {};

  constructor(deadline: (what: string) => Deadline) {
    this.#deadline = deadline;
  }

  /** The handler to subscribe. */
  readonly receive = (payload: DriverPayload): void => {
    this.all.push(toBytes(payload));
    this.#changed();
  };

  /** What arrived, as text. */
  get texts(): string[] {
    return this.all.map((bytes) => decoder.decode(bytes));
  }

  /** Waits until the contents satisfy the test. */
  async until(what: string, test: (inbox: Inbox) => boolean): Promise<void> {
    const deadline = this.#deadline(`${what}; arrived: ${JSON.stringify(this.texts)}`);
    while (!test(this)) {
      const change = new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
      await deadline.race(change);
    }
    deadline.clear();
  }

  /** Waits until this text is among what arrived. */
  untilText(text: string): Promise<void> {
    return this.until(`"${text}" must arrive`, (inbox) => inbox.texts.includes(text));
  }
}

/** Everything one run of one rule opens; `close()` ends it all. */
export class Lab {
  readonly harness: DriverHarness;
  readonly #drivers: Driver[] = [];
  #isInterrupted = false;
  #markerCount = 0;

  constructor(harness: DriverHarness) {
    this.harness = harness;
  }

  /** A new driver on the bus, active. */
  async create(): Promise<Driver> {
    const driver = this.keep(await this.harness.create());
    await this.untilActive(driver);
    return driver;
  }

  /** Takes a driver into care: it is destroyed at the end. */
  keep(driver: Driver): Driver {
    this.#drivers.push(driver);
    return driver;
  }

  async untilActive(driver: Driver): Promise<void> {
    if (driver.active) return;
    await this.within(
      new Promise<void>((resolve) => driver.on('active', () => resolve())),
      'the driver must become active',
    );
  }

  async untilInactive(driver: Driver): Promise<void> {
    if (!driver.active) return;
    await this.within(
      new Promise<void>((resolve) => driver.on('inactive', () => resolve())),
      'the driver must become inactive',
    );
  }

  /** Subscribes a new inbox. */
  async listen(driver: Driver, namespace: Namespace): Promise<Inbox> {
    const inbox = this.inbox();
    await this.within(driver.subscribe(namespace, inbox.receive), 'subscribe must resolve');
    return inbox;
  }

  inbox(): Inbox {
    return new Inbox((what) => this.deadline(what));
  }

  /** Publishes and waits until the bus took it. */
  async publish(driver: Driver, namespace: Namespace, content: string | Uint8Array): Promise<void> {
    await this.within(driver.publish(namespace, toMessage(content)), 'publish must resolve');
  }

  /**
   * Makes silence certain without sleeping. Payloads of one publisher on one topic keep their order
   * (DR4), so once two later markers have reached the witness, everything before them has come too.
   */
  async pass(publisher: Driver, namespace: Namespace, witness: Inbox): Promise<void> {
    for (let count = 0; count < 2; count++) {
      this.#markerCount += 1;
      const marker = `${MARKER}${this.#markerCount}`;
      await this.publish(publisher, namespace, marker);
      await witness.untilText(marker);
    }
  }

  async interrupt(): Promise<void> {
    this.#isInterrupted = true;
    await this.harness.interrupt?.();
  }

  async restore(): Promise<void> {
    this.#isInterrupted = false;
    await this.harness.restore?.();
  }

  /** The promise's value, or a failure that names the broken promise. */
  async within<T>(promise: Promise<T> | T, what: string): Promise<T> {
    const deadline = this.deadline(what);
    try {
      return await deadline.race(Promise.resolve(promise));
    } finally {
      deadline.clear();
    }
  }

  /** The reason for which the call fails; a failure of the rule when it does not. */
  async rejection(call: () => Promise<unknown> | unknown, what: string): Promise<unknown> {
    let reason: unknown;
    let hasFailed = false;
    try {
      await this.within(call() as Promise<unknown>, `${what}, and not wait`);
    } catch (error) {
      if (error instanceof RuleViolation) throw error;
      hasFailed = true;
      reason = error;
    }
    assert(hasFailed, what);
    return reason;
  }

  /** Waits until the call has settled, either way. */
  async settled(call: () => Promise<unknown> | unknown, what: string): Promise<void> {
    const outcome = (async () => call())().then(
      () => {},
      () => {},
    );
    await this.within(outcome, what);
  }

  deadline(what: string): Deadline {
    return new Deadline(this.harness.timeoutMs ?? 5_000, what);
  }

  /** Mends the bus and destroys every driver, whatever state a broken one is in. */
  async close(): Promise<void> {
    if (this.#isInterrupted) await this.restore();
    for (const driver of this.#drivers) {
      // A driver that cannot be destroyed is DR11's concern, not that of the rule that ran.
      await this.settled(() => driver.destroy(), 'destroy must settle').catch(() => {});
    }
  }
}

/** One time limit over several waits. */
export class Deadline {
  readonly #expired: Promise<never>;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(timeoutMs: number, what: string) {
    let expire: (error: Error) => void = () => {};
    this.#expired = new Promise<never>((_, reject) => {
      expire = reject;
    });
    this.#expired.catch(() => {});
    this.#timer = setTimeout(() => {
      expire(new RuleViolation(`${what} (waited ${timeoutMs} ms)`));
    }, timeoutMs);
  }

  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#expired]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** What a rule throws: the promise that the driver broke. */
export class RuleViolation extends Error {
  override readonly name = 'RuleViolation';
}

export function assert(condition: unknown, promise: string): asserts condition {
  if (!condition) throw new RuleViolation(promise);
}

export function assertEqual(actual: unknown, expected: unknown, promise: string): void {
  const [is, must] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== must) throw new RuleViolation(`${promise}: got ${is}, expected ${must}`);
}

/** An address that no other run uses. */
export function freshName(): string {
  const words = crypto.getRandomValues(new Uint32Array(3));
  return `t${Array.from(words, (word) => word.toString(36)).join('')}`;
}

/** What the room hands to `publish`: bytes of its own, with `toJSON`. */
export function toMessage(content: string | Uint8Array): DriverMessage {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  const message = new Uint8Array(bytes) as DriverMessage;
  Object.defineProperty(message, 'toJSON', { value: () => Array.from(message) });
  return message;
}

/** The payload as bytes of its own, in whichever accepted form it came. */
export function toBytes(payload: DriverPayload): Uint8Array {
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload.slice(0));
  assert(
    ArrayBuffer.isView(payload) || Array.isArray(payload),
    'a handler takes a Uint8Array, an ArrayBuffer or a plain array of bytes',
  );
  return Uint8Array.from(payload as Uint8Array | number[]);
}

/** Not text that a payload of a rule could begin with. */
export const MARKER = '#marker-';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
