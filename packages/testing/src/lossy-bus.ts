/**
 * LossyBus: a bus that does, from a seed, everything that buses do to messages: drops, doubles,
 * delays, reorders, damages and replays them. It logs what was published and counts it.
 * Used by: the core's unit tests.
 */

import { Driver, type DriverHandler, type DriverMessage, type Namespace } from 'meshwork';
import { seededRandom } from './virtual-platform.ts';

/** Each rate is a fraction of the deliveries: one message to one subscriber. */
export interface LossyBusOptions {
  readonly seed?: number;
  readonly dropRate?: number;
  readonly duplicateRate?: number;
  /** Deliveries take from the first to the second, evenly; so they overtake each other. */
  readonly delayMs?: readonly [min: number, max: number];
  readonly bitFlipRate?: number;
  /** How often a delivery is accompanied by one of an older message to the same subscriber. */
  readonly replayRate?: number;
}

export interface LoggedMessage {
  readonly atMs: number;
  readonly driver: LossyDriver;
  readonly topic: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Clock {
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
}

const HARMLESS: Required<LossyBusOptions> = {
  seed: 1,
  dropRate: 0,
  duplicateRate: 0,
  delayMs: [1, 1],
  bitFlipRate: 0,
  replayRate: 0,
};

export class LossyBus {
  /** May be changed at any time: a storm passes. */
  options: Required<LossyBusOptions>;
  /** Decides about single messages: true loses this one for everybody. */
  isLost: (message: LoggedMessage) => boolean = () => false;
  readonly log: LoggedMessage[] = [];
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #subscribers = new Map<string, { driver: LossyDriver; handler: DriverHandler }[]>();

  constructor(clock: Clock, options: LossyBusOptions = {}) {
    this.#clock = clock;
    this.options = { ...HARMLESS, ...options };
    this.#random = seededRandom(this.options.seed);
  }

  get messageCount(): number {
    return this.log.length;
  }

  get byteCount(): number {
    return this.log.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** How many handlers are subscribed, to notice those left behind. */
  get subscriberCount(): number {
    return [...this.#subscribers.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** A driver on this bus. */
  driver(): LossyDriver {
    return new LossyDriver(this);
  }

  /** Puts bytes of a stranger on the bus. */
  inject(namespace: Namespace, bytes: Uint8Array): void {
    this.#deliverToAll(topicOf(namespace), new Uint8Array(bytes));
  }

  /** @internal */
  subscribe(driver: LossyDriver, namespace: Namespace, handler: DriverHandler): void {
    const topic = topicOf(namespace);
    this.#subscribers.set(topic, [...(this.#subscribers.get(topic) ?? []), { driver, handler }]);
  }

  /** @internal */
  unsubscribe(namespace: Namespace, handler: DriverHandler): void {
    const topic = topicOf(namespace);
    const left = this.#subscribers.get(topic)?.filter((entry) => entry.handler !== handler) ?? [];
    this.#subscribers.set(topic, left);
  }

  /** @internal */
  publish(driver: LossyDriver, namespace: Namespace, message: DriverMessage): void {
    const topic = topicOf(namespace);
    const bytes = new Uint8Array(message);
    const logged = { atMs: this.#clock.nowMs(), driver, topic, bytes };
    this.log.push(logged);
    if (!this.isLost(logged)) this.#deliverToAll(topic, bytes);
  }

  #deliverToAll(topic: string, bytes: Uint8Array<ArrayBuffer>): void {
    for (const { driver, handler } of this.#subscribers.get(topic) ?? []) {
      const { dropRate, duplicateRate, replayRate } = this.options;
      if (this.#happens(replayRate)) this.#replay(topic, driver, handler);
      if (this.#happens(dropRate)) continue;
      this.#deliver(topic, bytes, driver, handler);
      if (this.#happens(duplicateRate)) this.#deliver(topic, bytes, driver, handler);
    }
  }

  #replay(topic: string, driver: LossyDriver, handler: DriverHandler): void {
    const older = this.log.filter((entry) => entry.topic === topic);
    const chosen = older[Math.floor(this.#random() * older.length)];
    if (chosen) this.#deliver(topic, chosen.bytes, driver, handler);
  }

  #deliver(
    topic: string,
    bytes: Uint8Array<ArrayBuffer>,
    driver: LossyDriver,
    handler: DriverHandler,
  ): void {
    const [minMs, maxMs] = this.options.delayMs;
    const copy = bytes.slice();
    if (this.#happens(this.options.bitFlipRate)) {
      const at = Math.floor(this.#random() * copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    }
    this.#clock.after(minMs + this.#random() * (maxMs - minMs), () => {
      const isSubscribed = this.#subscribers.get(topic)?.some((entry) => entry.handler === handler);
      if (driver.active && isSubscribed) handler(copy);
    });
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#random() < rate;
  }
}

/** A driver on a LossyBus. Setting `active` to false plays an outage of this one peer. */
export class LossyDriver extends Driver {
  readonly #bus: LossyBus;

  constructor(bus: LossyBus) {
    super();
    this.#bus = bus;
    this.active = true;
  }

  override async subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.#bus.subscribe(this, namespace, handler);
  }

  override async unsubscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.#bus.unsubscribe(namespace, handler);
  }

  override async publish(namespace: Namespace, message: DriverMessage): Promise<void> {
    if (!this.active) throw new Error('The bus is interrupted.');
    this.#bus.publish(this, namespace, message);
  }
}

function topicOf(namespace: Namespace): string {
  return JSON.stringify(namespace);
}
