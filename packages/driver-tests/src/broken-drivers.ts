/**
 * For each rule a driver that breaks it and no other. They prove that the suite bites: a rule that
 * catches nothing is worse than none. Each is sound but for the lines that it overrides.
 * Used by: conformance.test.ts.
 */

import { type Driver, type DriverEvents, type DriverHandler, MemoryDriver } from 'meshwork';
import type { DriverHarness } from './harness.ts';
import type { DriverRuleId } from './rules.ts';

type Message = Parameters<MemoryDriver['publish']>[1];
type Topic = Parameters<MemoryDriver['publish']>[0];

/** A class of drivers on one bus: the first has none to join. */
type DriverClass = new (bus: MemoryDriver) => MemoryDriver;

/** A sound harness around a class of drivers, with every hook. */
export function harnessOf(DriverClass: DriverClass): DriverHarness {
  const bus = new MemoryDriver();
  const drivers: MemoryDriver[] = [];
  const interrupted: MemoryDriver[] = [];
  const create = () => {
    const driver = new DriverClass(bus);
    drivers.push(driver);
    return driver;
  };
  return {
    create,
    refuse: () => refused(create()),
    interrupt() {
      interrupted.push(...drivers.filter((driver) => driver.active));
      for (const driver of interrupted) driver.active = false;
    },
    restore() {
      for (const driver of interrupted.splice(0)) driver.active = true;
    },
    maxPayloadBytes: MemoryDriver.maxPayloadBytes,
    timeoutMs: 100,
  };
}

function refused(driver: Driver): Driver {
  driver.active = false;
  Object.defineProperty(driver, 'active', { get: () => false, set() {} });
  setTimeout(() => driver.emit('error', new Error('You are not on the list.')));
  return driver;
}

/** Says `active` again with each subscription. */
class SaysActiveAgain extends MemoryDriver {
  override async subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    await super.subscribe(topic, handler);
    this.emit('active');
  }
}

/** Is not active when it says so; a publish would be carried only later. */
class ActiveTooLate extends MemoryDriver {
  constructor(bus: MemoryDriver) {
    super(bus);
    this.active = false;
    setTimeout(() => {
      this.emit('active');
      this.active = true;
    });
  }
}

/** Swallows the refusal. */
class RefusedInSilence extends MemoryDriver {
  override emit<Name extends keyof DriverEvents>(name: Name, ...args: DriverEvents[Name]): void {
    if (name !== 'error') super.emit(name, ...args);
  }
}

/** Reports that something failed, but not what. */
class RefusedWithoutCause extends MemoryDriver {
  override emit<Name extends keyof DriverEvents>(name: Name, ...args: DriverEvents[Name]): void {
    if (name === 'error') super.emit('error', undefined);
    else super.emit(name, ...args);
  }
}

/** At least once. */
class DeliversTwice extends MemoryDriver {
  override async publish(topic: Topic, message: Message): Promise<void> {
    await Promise.all([super.publish(topic, message), super.publish(topic, message)]);
  }
}

/** At most once: drops a payload when three went just before it. Only what DR3 sends: digits. */
class LosesUnderLoad extends MemoryDriver {
  #recentCount = 0;

  override async publish(topic: Topic, message: Message): Promise<void> {
    this.#recentCount += 1;
    setTimeout(() => {
      this.#recentCount -= 1;
    });
    if (this.#recentCount === 4 && message.length === 1 && message[0] === 0x33) return;
    await super.publish(topic, message);
  }
}

/** Carries every other payload by a slower road. */
class Reorders extends MemoryDriver {
  #count = 0;

  override async publish(topic: Topic, message: Message): Promise<void> {
    this.#count += 1;
    const copy = message.slice() as Message;
    if (this.#count % 2 === 0) await new Promise((resolve) => setTimeout(resolve));
    await super.publish(topic, copy);
  }
}

/** Takes bytes for text. */
class ThroughText extends MemoryDriver {
  override async publish(topic: Topic, message: Message): Promise<void> {
    const text = new TextDecoder().decode(message);
    await super.publish(topic, new TextEncoder().encode(text) as unknown as Message);
  }
}

/** Takes an empty payload for none. */
class DropsEmpty extends MemoryDriver {
  override async publish(topic: Topic, message: Message): Promise<void> {
    if (message.length > 0) await super.publish(topic, message);
  }
}

/** Hands every handler the sender's own bytes. */
class SharesMemory extends MemoryDriver {
  override async publish(topic: Topic, message: Message): Promise<void> {
    const shared = message.subarray() as Message;
    shared.slice = () => shared as Uint8Array<ArrayBuffer>;
    await super.publish(topic, shared);
  }
}

/** Cuts what is too large, without a word. */
class CutsSilently extends MemoryDriver {
  override async publish(topic: Topic, message: Message): Promise<void> {
    await super.publish(topic, message.slice(0, MemoryDriver.maxPayloadBytes) as Message);
  }
}

/** Loses the connection over a large payload. */
class DropsConnection extends MemoryDriver {
  override async publish(topic: Topic, message: Message): Promise<void> {
    if (message.length > MemoryDriver.maxPayloadBytes) {
      this.active = false;
      setTimeout(() => {
        this.active = true;
      });
    }
    await super.publish(topic, message);
  }
}

/** Joins the parts with nothing between them. */
class JoinsTightly extends MemoryDriver {
  override subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    return super.subscribe([topic.join('')], handler);
  }
  override unsubscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    return super.unsubscribe([topic.join('')], handler);
  }
  override publish(topic: Topic, message: Message): Promise<void> {
    return super.publish([topic.join('')], message);
  }
}

/** Joins the parts with a character that they may hold. */
class JoinsWithHyphen extends MemoryDriver {
  override subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    return super.subscribe([topic.join('-')], handler);
  }
  override unsubscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    return super.unsubscribe([topic.join('-')], handler);
  }
  override publish(topic: Topic, message: Message): Promise<void> {
    return super.publish([topic.join('-')], message);
  }
}

/** Ignores case, as some buses do. */
class FoldsCase extends MemoryDriver {
  override subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    return super.subscribe(topic.map(lower), handler);
  }
  override unsubscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    return super.unsubscribe(topic.map(lower), handler);
  }
  override publish(topic: Topic, message: Message): Promise<void> {
    return super.publish(topic.map(lower), message);
  }
}

/** Goes on calling a handler that unsubscribed. */
class NeverUnsubscribes extends MemoryDriver {
  override async unsubscribe(): Promise<void> {}
}

/** Unsubscribes everyone on the topic. */
class UnsubscribesAll extends MemoryDriver {
  readonly #handlers = new Set<DriverHandler>();

  override async subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    this.#handlers.add(handler);
    await super.subscribe(topic, handler);
  }
  override async unsubscribe(topic: Topic): Promise<void> {
    for (const handler of this.#handlers) await super.unsubscribe(topic, handler);
  }
}

/** Closes the client that it shares with its siblings. */
class ClosesClient extends MemoryDriver {
  static readonly siblings = new Map<MemoryDriver, ClosesClient[]>();
  readonly #siblings: ClosesClient[];

  constructor(bus: MemoryDriver) {
    super(bus);
    // Two by two on one client, as DR10 pairs them: the first and its sibling.
    this.#siblings = ClosesClient.siblings.get(bus) ?? [];
    ClosesClient.siblings.set(bus, this.#siblings);
    this.#siblings.push(this);
  }
  override destroy(): void {
    for (const sibling of this.#siblings) if (sibling.isShared) void sibling.end();
    super.destroy();
  }
  isShared = false;
  end(): void {
    super.destroy();
  }
}

/** Is still there after its end. */
class LivesOn extends MemoryDriver {
  override destroy(): void {
    this.active = false;
    this.active = true;
  }
}

/** Cannot be destroyed twice. */
class ThrowsAtSecondDestroy extends MemoryDriver {
  #isDestroyed = false;

  override destroy(): void {
    if (this.#isDestroyed) throw new Error('There is nothing left to destroy.');
    this.#isDestroyed = true;
    super.destroy();
  }
}

/** Keeps what could not be sent, and sends it later. */
class ReplaysOld extends MemoryDriver {
  readonly #kept: (() => Promise<void>)[] = [];

  constructor(bus: MemoryDriver) {
    super(bus);
    this.on('active', () => {
      for (const send of this.#kept.splice(0)) void send();
    });
  }
  override async publish(topic: Topic, message: Message): Promise<void> {
    if (!this.active) this.#kept.push(() => super.publish(topic, message));
    await super.publish(topic, message);
  }
}

/** Subscribes again only after it has said that it is back. */
class SubscribesTooLate extends MemoryDriver {
  readonly #wanted: [Topic, DriverHandler][] = [];

  constructor(bus: MemoryDriver) {
    super(bus);
    this.on('inactive', () => {
      for (const [topic, handler] of this.#wanted) void super.unsubscribe(topic, handler);
    });
    this.on('active', () => {
      setTimeout(() => {
        for (const [topic, handler] of this.#wanted) {
          super.subscribe(topic, handler).catch(() => {}); // destroyed meanwhile
        }
      });
    });
  }
  override async subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    this.#wanted.push([topic, handler]);
    await super.subscribe(topic, handler);
  }
}

/** Waits for an answer that a destroyed client never gives. */
class HangsWhenDestroyed extends MemoryDriver {
  #isDestroyed = false;

  override async subscribe(topic: Topic, handler: DriverHandler): Promise<void> {
    await super.subscribe(topic, handler);
    await Promise.resolve();
    if (this.#isDestroyed) await new Promise(() => {});
  }
  override destroy(): void {
    this.#isDestroyed = true;
    super.destroy();
  }
}

function lower(part: string): string {
  return part.toLowerCase();
}

function sharedClientHarness(): DriverHarness {
  const harness = harnessOf(ClosesClient);
  return {
    ...harness,
    async createSibling(driver) {
      const sibling = (await harness.create()) as ClosesClient;
      for (const each of [driver as ClosesClient, sibling]) each.isShared = true;
      return sibling;
    },
  };
}

/** A broken driver, and the rule that must catch it. */
export interface BrokenDriver {
  readonly breaks: DriverRuleId;
  readonly name: string;
  harness(): DriverHarness;
}

function broken(breaks: DriverRuleId, DriverClass: DriverClass): BrokenDriver {
  return { breaks, name: DriverClass.name, harness: () => harnessOf(DriverClass) };
}

export const brokenDrivers: readonly BrokenDriver[] = [
  broken('DR1', SaysActiveAgain),
  broken('DR1', ActiveTooLate),
  broken('DR2', RefusedInSilence),
  broken('DR2', RefusedWithoutCause),
  broken('DR3', DeliversTwice),
  broken('DR3', LosesUnderLoad),
  broken('DR4', Reorders),
  broken('DR5', ThroughText),
  broken('DR5', DropsEmpty),
  broken('DR6', SharesMemory),
  broken('DR7', CutsSilently),
  broken('DR7', DropsConnection),
  broken('DR8', JoinsTightly),
  broken('DR8', JoinsWithHyphen),
  broken('DR8', FoldsCase),
  broken('DR9', NeverUnsubscribes),
  broken('DR9', UnsubscribesAll),
  { breaks: 'DR10', name: 'ClosesClient', harness: sharedClientHarness },
  broken('DR11', LivesOn),
  broken('DR11', ThrowsAtSecondDestroy),
  broken('DR12', ReplaysOld),
  broken('DR12', SubscribesTooLate),
  broken('DR13', HangsWhenDestroyed),
];
