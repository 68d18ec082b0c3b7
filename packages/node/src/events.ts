/**
 * Events: what the DOM gives its objects and Node does not: `on…` attributes, events with fields,
 * and a task to run things in.
 * Used by: peer-connection.ts, data-channel.ts.
 */

/** An `on…` attribute. */
export type EventHandler<Target, Kind extends Event = Event> =
  | ((this: Target, event: Kind) => unknown)
  | null;

/**
 * Gives a class its `on…` attributes. As in the DOM, a handler takes the place in the order of
 * listeners where it was first set, and setting another one replaces it there.
 */
export function defineHandlers(prototype: EventTarget, types: readonly string[]): void {
  for (const type of types) {
    const slots = new WeakMap<EventTarget, { handler: EventHandler<EventTarget> }>();
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get(this: EventTarget) {
        return slots.get(this)?.handler ?? null;
      },
      set(this: EventTarget, value: unknown) {
        const handler = typeof value === 'function' ? (value as EventHandler<EventTarget>) : null;
        const slot = slots.get(this);
        if (slot) {
          slot.handler = handler;
        } else if (handler) {
          const added = { handler };
          slots.set(this, added);
          this.addEventListener(type, (event) => added.handler?.call(this, event));
        }
      },
    });
  }
}

/** An event with the fields that its interface has in the standard, such as `candidate`. */
export function eventWith<Fields extends object>(type: string, fields: Fields): Event & Fields {
  return Object.assign(new Event(type), fields);
}

/** Resolves in a task of its own, so that nothing happens inside a call of the application. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
