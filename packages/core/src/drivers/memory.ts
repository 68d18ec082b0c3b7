/**
 * MemoryDriver: peers in one JavaScript process, through plain function calls.
 * For tests and single-page demonstrations. Peers that share one instance find each other; so do
 * instances that share a bus.
 */

import { MeshworkError } from '../errors.ts';
import {
  Driver,
  type DriverHandler,
  type DriverMessage,
  type Namespace,
} from '../signaling/driver.ts';

/**
 * Signaling inside one JavaScript environment.
 *
 * Setting `active` to false plays an outage: publishing rejects and nothing is delivered.
 *
 * @example
 * const driver = new MemoryDriver();
 * const alice = new Peer({ driver });
 * const bob = new Peer({ driver });
 */
export class MemoryDriver extends Driver {
  /** The largest payload, in bytes: that of the network drivers, so that tests meet the limit. */
  static readonly maxPayloadBytes: number = 262_144;

  readonly #bus: Set<MemoryDriver>;
  readonly #topics = new Map<string, Set<DriverHandler>>();

  /** @param other - a driver whose bus to share; a bus of its own when left out */
  constructor(other?: MemoryDriver) {
    super();
    this.#bus = other ? other.#bus : new Set();
    this.#bus.add(this);
    this.active = true;
  }

  override async subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.#refuseWhenDestroyed();
    const topic = JSON.stringify(namespace);
    const handlers = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, handlers.add(handler));
  }

  override async unsubscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    const topic = JSON.stringify(namespace);
    const handlers = this.#topics.get(topic);
    handlers?.delete(handler);
    if (handlers?.size === 0) this.#topics.delete(topic);
  }

  override async publish(namespace: Namespace, message: DriverMessage): Promise<void> {
    this.#refuseWhenDestroyed();
    if (message.byteLength > MemoryDriver.maxPayloadBytes) {
      throw new MeshworkError('payload-too-large');
    }
    if (!this.active) throw new MeshworkError('signaling-failed', 'The memory bus is interrupted.');
    const topic = JSON.stringify(namespace);
    for (const driver of this.#bus) driver.#deliver(topic, message);
  }

  override destroy(): void {
    this.#bus.delete(this);
    this.#topics.clear();
    void super.destroy();
  }

  #deliver(topic: string, message: DriverMessage): void {
    for (const handler of this.#topics.get(topic) ?? []) {
      const copy = message.slice();
      // A bus never answers within the call; and whoever unsubscribes meanwhile hears nothing.
      queueMicrotask(() => {
        if (this.active && this.#topics.get(topic)?.has(handler)) handler(copy);
      });
    }
  }

  #refuseWhenDestroyed(): void {
    if (!this.#bus.has(this)) throw new MeshworkError('driver-destroyed');
  }
}
