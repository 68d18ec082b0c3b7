/**
 * MemoryDriver: peers in one JavaScript process, through plain function calls.
 * For tests and single-page demonstrations. Peers that share one instance find each other.
 */

import { MeshworkError } from '../errors.ts';
import {
  Driver,
  type DriverHandler,
  type DriverMessage,
  type Namespace,
} from '../signaling/driver.ts';

/** Signaling inside one JavaScript environment. Needs nothing; options: none. */
export class MemoryDriver extends Driver {
  readonly #handlers = new Map<string, Set<DriverHandler>>();
  #isDestroyed = false;

  constructor() {
    super();
    this.active = true;
  }

  override async subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.#refuseWhenDestroyed();
    const key = JSON.stringify(namespace);
    const handlers = this.#handlers.get(key) ?? new Set();
    this.#handlers.set(key, handlers.add(handler));
  }

  override async unsubscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    const key = JSON.stringify(namespace);
    const handlers = this.#handlers.get(key);
    handlers?.delete(handler);
    if (handlers?.size === 0) this.#handlers.delete(key);
  }

  override async publish(namespace: Namespace, message: DriverMessage): Promise<void> {
    this.#refuseWhenDestroyed();
    const key = JSON.stringify(namespace);
    for (const handler of this.#handlers.get(key) ?? []) {
      const copy = message.slice();
      // A bus never answers within the call; and whoever unsubscribes meanwhile hears nothing.
      queueMicrotask(() => {
        if (this.#handlers.get(key)?.has(handler)) handler(copy);
      });
    }
  }

  override destroy(): void {
    this.#isDestroyed = true;
    this.#handlers.clear();
    void super.destroy();
  }

  #refuseWhenDestroyed(): void {
    if (this.#isDestroyed) throw new MeshworkError('driver-destroyed');
  }
}
