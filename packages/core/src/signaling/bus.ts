/**
 * Bus: the driver as a room sees it. Every call into a driver goes through here, so that one that
 * throws, rejects, hangs, or delivers nonsense harms nobody.
 * Owns: the room's subscriptions. Not: the driver, which belongs to the application.
 * Used by: membership.ts.
 */

import { withDeadline } from '../async/deadline.ts';
import { asMeshworkError, MeshworkError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import {
  type Driver,
  type DriverHandler,
  fromDriverPayload,
  type Namespace,
  toDriverMessage,
} from './driver.ts';
import { MESSAGE_LIMITS } from './messages.ts';

/** How long leaving waits for a driver to unsubscribe; the room is left either way. */
const UNSUBSCRIBE_DEADLINE_MS = 2_000;

export interface BusPort {
  /** The driver carries messages (again). */
  up(): void;
  /** The driver lost its bus. */
  down(): void;
  /** Bytes arrived that are not even a payload. */
  garbage(): void;
  /** The driver failed while nobody awaited it. */
  error(error: MeshworkError): void;
}

export class Bus {
  readonly #driver: Driver;
  readonly #platform: Platform;
  readonly #timeoutMs: number;
  readonly #port: BusPort;
  readonly #subscriptions: { namespace: Namespace; handler: DriverHandler }[] = [];
  readonly #onActive = () => this.#port.up();
  readonly #onInactive = () => this.#port.down();
  readonly #onError = (error: unknown) => {
    this.#lastError = error;
    this.#port.error(asMeshworkError(error, 'signaling-failed'));
  };
  readonly #life = new AbortController();
  #lastError: unknown;

  /** @param timeoutMs - how long a driver may take for one call; 0 is for ever */
  constructor(driver: Driver, platform: Platform, timeoutMs: number, port: BusPort) {
    this.#driver = driver;
    this.#platform = platform;
    this.#timeoutMs = timeoutMs;
    this.#port = port;
  }

  /** Listens to the driver. @throws MeshworkError `signaling-failed` when it cannot be listened to */
  open(): void {
    try {
      this.#driver.on('active', this.#onActive);
      this.#driver.on('inactive', this.#onInactive);
      this.#driver.on('error', this.#onError);
    } catch (error) {
      throw asMeshworkError(error, 'signaling-failed');
    }
  }

  /** @throws MeshworkError `signaling-failed`, `signaling-timeout`, or the signal's reason */
  async subscribe(
    namespace: Namespace,
    onBytes: (bytes: Uint8Array<ArrayBuffer>) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    // Left or given up before we came this far: nobody would unsubscribe again.
    signal?.throwIfAborted();
    this.#life.signal.throwIfAborted();
    const handler: DriverHandler = (payload) => {
      if (this.#life.signal.aborted) return;
      const bytes = fromDriverPayload(payload, MESSAGE_LIMITS.messageBytes);
      if (bytes) onBytes(bytes);
      else this.#port.garbage();
    };
    this.#subscriptions.push({ namespace, handler });
    await this.#call(() => this.#driver.subscribe(namespace, handler), signal);
  }

  /** @throws MeshworkError `signaling-failed`, `signaling-timeout`, or the signal's reason */
  async publish(namespace: Namespace, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#life.signal.aborted) return;
    await this.#call(() => this.#driver.publish(namespace, toDriverMessage(bytes)), signal);
  }

  /** Unsubscribes from everything. Never rejects; what the driver does wrong is reported. */
  async close(): Promise<void> {
    if (this.#life.signal.aborted) return;
    this.#life.abort(new MeshworkError('aborted'));
    await Promise.all(
      this.#subscriptions.splice(0).map(async ({ namespace, handler }) => {
        try {
          await withDeadline(
            this.#platform,
            callAsync(() => this.#driver.unsubscribe(namespace, handler)),
            { ms: UNSUBSCRIBE_DEADLINE_MS, error: () => new MeshworkError('signaling-timeout') },
          );
        } catch (error) {
          this.#port.error(asMeshworkError(error, 'signaling-failed'));
        }
      }),
    );
    try {
      this.#driver.off('active', this.#onActive);
      this.#driver.off('inactive', this.#onInactive);
      this.#driver.off('error', this.#onError);
    } catch (error) {
      this.#port.error(asMeshworkError(error, 'signaling-failed'));
    }
  }

  async #call(run: () => unknown, signal?: AbortSignal): Promise<void> {
    try {
      await withDeadline(this.#platform, callAsync(run), {
        ms: this.#timeoutMs,
        error: () => new MeshworkError('signaling-timeout', undefined, { cause: this.#lastError }),
        signal: signal ? AbortSignal.any([signal, this.#life.signal]) : this.#life.signal,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw asMeshworkError(error, 'signaling-failed');
    }
  }
}

/** A driver may return nothing, return a promise, reject, or throw at once: one shape for all. */
async function callAsync(run: () => unknown): Promise<void> {
  await run();
}
