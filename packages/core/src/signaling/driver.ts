/**
 * Driver: the contract between a room and the bus that carries its signaling.
 * A driver moves small byte payloads between strangers who share a namespace. It knows nothing of
 * rooms, offers or WebRTC. Its rules are numbered DR1 to DR13 in docs/drivers/custom.md, and each
 * is tested by @meshwork/driver-tests.
 * Extended by: drivers/*.ts and by applications. Used by: bus.ts.
 */

import { Emitter, type Handler } from '../emitter.ts';

/**
 * An address on the bus, such as `['room']` or `['room', 'peer']`. Each driver joins the parts the
 * way its bus spells topics; the parts hold only `A-Z a-z 0-9 _ -`, never a separator.
 */
export type Namespace = readonly string[];

/**
 * What a driver publishes: bytes whose `toJSON()` gives a plain array of numbers, so that a driver
 * over a text bus may simply `JSON.stringify` it, and a binary bus pays nothing.
 */
export type DriverMessage = Uint8Array<ArrayBuffer> & { toJSON(): number[] };

/** What a driver may hand to a handler: the bytes, in whatever form its bus delivered them. */
export type DriverPayload = Uint8Array | ArrayBuffer | readonly number[];

/** Called by the driver once for each payload that arrives in a namespace. */
export type DriverHandler = (payload: DriverPayload) => void;

/** The driver's own events. */
export type DriverEvents = {
  /** A publish would be carried from now on; subscriptions are in place again. */
  active: [];
  /** The bus is lost; publishing rejects until `active`. */
  inactive: [];
  /** The bus refused or failed; the cause, in the client's own terms. */
  error: [unknown];
};

/**
 * The base class of every signaling driver.
 *
 * A subclass overrides `subscribe`, `unsubscribe` and `publish` (`dispatch`, the older spelling of
 * `publish`, is accepted too) and sets `active`. It need not call `super` in any of them. A driver
 * that never touches `active` is taken to carry messages at once.
 *
 * @example
 * class MyDriver extends Driver {
 *   async subscribe(namespace, handler) { bus.on(namespace.join('/'), handler); }
 *   async unsubscribe(namespace, handler) { bus.off(namespace.join('/'), handler); }
 *   async publish(namespace, message) { bus.send(namespace.join('/'), message); }
 * }
 */
export class Driver {
  readonly #emitter = new Emitter<DriverEvents>();
  #active = false;

  /** Whether a publish would be carried now. Default: false. Setting it emits the change, once. */
  get active(): boolean {
    return this.#active;
  }

  set active(active: boolean) {
    if (this.#active === active) return;
    this.#active = active;
    this.#emitter.emit(active ? 'active' : 'inactive');
  }

  /** Hears `active`, `inactive` or `error`. */
  on<Name extends keyof DriverEvents>(name: Name, handler: Handler<DriverEvents, Name>): void {
    this.#emitter.on(name, handler);
  }

  /** Removes one handler, or all of that name. */
  off<Name extends keyof DriverEvents>(name: Name, handler?: Handler<DriverEvents, Name>): void {
    this.#emitter.off(name, handler);
  }

  /** For subclasses: reports a failure of the bus as an `error` event. */
  emit<Name extends keyof DriverEvents>(name: Name, ...args: DriverEvents[Name]): void {
    this.#emitter.emit(name, ...args);
  }

  /**
   * Delivers every payload published in exactly this namespace to the handler, from the moment the
   * promise resolves.
   *
   * @throws whatever the bus says when it refuses; the room reports it as `signaling-failed`
   */
  subscribe(_namespace: Namespace, _handler: DriverHandler): Promise<void> | void {
    throw new TypeError(`${this.constructor.name} must implement subscribe(namespace, handler).`);
  }

  /** Stops delivering to this handler. Resolves when it will not be called again. */
  unsubscribe(_namespace: Namespace, _handler: DriverHandler): Promise<void> | void {
    throw new TypeError(`${this.constructor.name} must implement unsubscribe(namespace, handler).`);
  }

  /**
   * Sends bytes to everyone subscribed to the namespace. Resolves when the bus took them. Whether
   * the publisher hears its own message is unspecified.
   */
  publish(namespace: Namespace, message: DriverMessage): Promise<void> | void {
    const older = this as { dispatch?: (namespace: Namespace, message: DriverMessage) => unknown };
    if (typeof older.dispatch === 'function') {
      return older.dispatch(namespace, message) as Promise<void> | void;
    }
    throw new TypeError(`${this.constructor.name} must implement publish(namespace, message).`);
  }

  /**
   * Ends everything this driver started: subscriptions, listeners, timers. Safe to call twice. A
   * client that the application passed in stays open: it is the application's to close.
   */
  destroy(): Promise<void> | void {
    this.active = false;
    this.#emitter.clear();
  }
}

/**
 * Copies bytes into a message for a driver.
 * Always a copy: the bus may keep or transfer what it is given.
 */
export function toDriverMessage(bytes: Uint8Array): DriverMessage {
  const message = new Uint8Array(bytes) as DriverMessage;
  // Not enumerable, so that structured clone and JSON see only bytes.
  Object.defineProperty(message, 'toJSON', { value: () => Array.from(message) });
  return message;
}

/** The bytes of a payload in any of the accepted forms, or undefined when it is none of them. */
export function fromDriverPayload(
  payload: unknown,
  maxBytes: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (payload instanceof ArrayBuffer) {
    return payload.byteLength <= maxBytes ? new Uint8Array(payload.slice(0)) : undefined;
  }
  if (ArrayBuffer.isView(payload)) {
    if (payload.byteLength > maxBytes) return undefined;
    return new Uint8Array(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength));
  }
  if (Array.isArray(payload) && payload.length <= maxBytes) {
    const isByte = (value: unknown) =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
    return payload.every(isByte) ? Uint8Array.from(payload as number[]) : undefined;
  }
  return undefined;
}
