/**
 * Emitter: typed listeners, called synchronously and in order, so that a handler sees the state
 * that the event describes. A handler that throws is reported and does not stop the next.
 * Knows nothing of group names; whoever emits decides which names an event has.
 * Used by: Peer, RemotePeer, Driver.
 */

/** Maps each event name to the arguments of its handlers. */
export type EventMap = { [name: string]: readonly unknown[] };

/** A handler for one event of the map. */
export type Handler<Events extends EventMap, Name extends keyof Events> = (
  ...args: Events[Name]
) => void;

type AnyHandler = (...args: never) => void;

interface Listener {
  readonly handler: AnyHandler;
  readonly once: boolean;
}

export class Emitter<Events extends EventMap> {
  readonly #listeners = new Map<keyof Events, Listener[]>();

  on<Name extends keyof Events>(
    names: Name | readonly Name[],
    handler: Handler<Events, Name>,
  ): void {
    this.#add(names, handler, false);
  }

  once<Name extends keyof Events>(
    names: Name | readonly Name[],
    handler: Handler<Events, Name>,
  ): void {
    this.#add(names, handler, true);
  }

  /** Removes one handler, or every handler of those names when none is given. */
  off<Name extends keyof Events>(
    names: Name | readonly Name[],
    handler?: Handler<Events, Name>,
  ): void {
    for (const name of asList(names)) {
      const left =
        handler && this.#listeners.get(name)?.filter((listener) => listener.handler !== handler);
      if (left && left.length > 0) this.#listeners.set(name, left);
      else this.#listeners.delete(name);
    }
  }

  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    for (const listener of listeners) {
      // A listener removed by an earlier one in the same dispatch stays silent.
      if (!this.#listeners.get(name)?.includes(listener)) continue;
      if (listener.once) this.#remove(name, listener);
      callSafely(listener.handler as (...args: Events[Name]) => void, args);
    }
  }

  /** Forgets every handler. */
  clear(): void {
    this.#listeners.clear();
  }

  #add(names: keyof Events | readonly (keyof Events)[], handler: AnyHandler, once: boolean): void {
    if (typeof handler !== 'function') {
      throw new TypeError(`An event handler must be a function, not ${typeof handler}.`);
    }
    for (const name of asList(names)) {
      // Copied, not pushed to: a dispatch under way keeps the list it started with.
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), { handler, once }]);
    }
  }

  #remove(name: keyof Events, gone: Listener): void {
    const left = this.#listeners.get(name)?.filter((listener) => listener !== gone) ?? [];
    if (left.length > 0) this.#listeners.set(name, left);
    else this.#listeners.delete(name);
  }
}

function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** Calls a handler of the application; what it throws is reported, as the DOM does for listeners. */
function callSafely<Args extends readonly unknown[]>(
  handler: (...args: Args) => unknown,
  args: Args,
): void {
  try {
    handler(...args);
  } catch (error) {
    reportUncaught(error);
  }
}

/** Reports an error of the application's own code without stopping ours. */
function reportUncaught(error: unknown): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
  // Node has no reportError, and throwing from a microtask would end the process.
  // biome-ignore lint/suspicious/noConsole: the only place left to say it
  else console.error(error);
}
