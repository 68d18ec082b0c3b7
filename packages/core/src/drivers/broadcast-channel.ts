/**
 * BroadcastChannelDriver: peers in tabs, frames and workers of one origin, without a server.
 * On the channel each message is `[topic, bytes]`; whatever else someone posts there is ignored.
 */

import { MeshworkError } from '../errors.ts';
import {
  Driver,
  type DriverHandler,
  type DriverMessage,
  fromDriverPayload,
  type Namespace,
} from '../signaling/driver.ts';

const MAX_PAYLOAD_BYTES = 262_144;

/**
 * Signaling between tabs of one browser, or threads of one Node process.
 *
 * @example
 * const peer = new Peer({ driver: new BroadcastChannelDriver('my-app') });
 */
export class BroadcastChannelDriver extends Driver {
  /** The largest payload, in bytes. */
  static readonly maxPayloadBytes: number = MAX_PAYLOAD_BYTES;

  readonly #channel: BroadcastChannel;
  readonly #topics = new Map<string, Set<DriverHandler>>();
  #isDestroyed = false;

  /** @param name - the channel's name; drivers of one origin with the same name hear each other */
  constructor(name = 'meshwork') {
    super();
    this.#channel = new BroadcastChannel(name);
    // Not a message listener that could be removed: the channel is ours, and close() ends it.
    this.#channel.onmessage = ({ data }: { data: unknown }) => {
      if (!Array.isArray(data)) return;
      const [topic, payload] = data as unknown[];
      if (typeof topic === 'string' && fromDriverPayload(payload, MAX_PAYLOAD_BYTES)) {
        this.#deliver(topic, payload);
      }
    };
    this.#holdProcess(false);
    this.active = true;
  }

  override async subscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    this.#refuseWhenDestroyed();
    const topic = namespace.join('/');
    const handlers = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, handlers.add(handler));
    this.#holdProcess(true);
  }

  override async unsubscribe(namespace: Namespace, handler: DriverHandler): Promise<void> {
    const topic = namespace.join('/');
    const handlers = this.#topics.get(topic);
    handlers?.delete(handler);
    if (handlers?.size === 0) this.#topics.delete(topic);
    if (this.#topics.size === 0) this.#holdProcess(false);
  }

  override async publish(namespace: Namespace, message: DriverMessage): Promise<void> {
    this.#refuseWhenDestroyed();
    if (message.byteLength > MAX_PAYLOAD_BYTES) throw new MeshworkError('payload-too-large');
    const topic = namespace.join('/');
    // A copy of exactly these bytes: cloning a view would carry the whole buffer behind it.
    const bytes = message.slice();
    this.#channel.postMessage([topic, bytes]);
    // A channel never hears itself, but the peers that share this driver must hear each other.
    queueMicrotask(() => this.#deliver(topic, bytes));
  }

  override destroy(): void {
    this.#isDestroyed = true;
    this.#topics.clear();
    this.#channel.close();
    void super.destroy();
  }

  #deliver(topic: string, payload: unknown): void {
    for (const handler of this.#topics.get(topic) ?? []) {
      const bytes = fromDriverPayload(payload, MAX_PAYLOAD_BYTES);
      if (bytes) handler(bytes);
    }
  }

  /** In Node an open channel keeps the process running; ours does so only while someone listens. */
  #holdProcess(isHeld: boolean): void {
    const channel = this.#channel as { ref?(): void; unref?(): void };
    if (isHeld) channel.ref?.();
    else channel.unref?.();
  }

  #refuseWhenDestroyed(): void {
    if (this.#isDestroyed) throw new MeshworkError('driver-destroyed');
  }
}
