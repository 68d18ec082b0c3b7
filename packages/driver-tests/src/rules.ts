/**
 * The thirteen rules of a signaling driver, each as one function that throws when it is broken.
 * A rule looks only at its own promise: a driver that breaks one rule is caught by that one.
 * Used by: describe.ts, and by whoever brings another test runner.
 */

import type { Driver, DriverPayload, Namespace } from 'meshwork';
import {
  assert,
  assertEqual,
  type DriverHarness,
  type DriverHook,
  freshName,
  type Inbox,
  Lab,
  MARKER,
  toBytes,
  toMessage,
} from './harness.ts';

export type DriverRuleId =
  | 'DR1'
  | 'DR2'
  | 'DR3'
  | 'DR4'
  | 'DR5'
  | 'DR6'
  | 'DR7'
  | 'DR8'
  | 'DR9'
  | 'DR10'
  | 'DR11'
  | 'DR12'
  | 'DR13';

/** One promise of the driver contract, and the experiment that tests it. */
export interface DriverRule {
  readonly id: DriverRuleId;
  readonly title: string;
  /** The parts of the harness without which it cannot run. */
  readonly needs: readonly DriverHook[];
  /** Resolves when the promise holds; throws what was broken. */
  run(harness: DriverHarness): Promise<void>;
}

function rule(
  id: DriverRuleId,
  title: string,
  needs: readonly DriverHook[],
  experiment: (lab: Lab) => Promise<void>,
): DriverRule {
  return {
    id,
    title,
    needs,
    async run(harness) {
      const missing = needs.filter((hook) => harness[hook] === undefined);
      assert(missing.length === 0, `the harness lacks ${missing.join(' and ')}`);
      const lab = new Lab(harness);
      try {
        await experiment(lab);
      } finally {
        await lab.close();
      }
    },
  };
}

export const driverRules: readonly DriverRule[] = [
  rule(
    'DR1',
    'active is true, and `active` is emitted once, when a publish would be carried',
    [],
    async (lab) => {
      const listener = await lab.create();
      const namespace = [freshName()];
      const inbox = await lab.listen(listener, namespace);

      const driver = lab.keep(await lab.harness.create());
      const wasActive = driver.active;
      let emittedCount = 0;
      const published = new Promise<void>((resolve, reject) => {
        // Within the event itself: from here on a publish is carried, not a moment later.
        const publish = () => {
          (async () => driver.publish(namespace, toMessage('at once')))().then(resolve, reject);
        };
        driver.on('active', () => {
          emittedCount += 1;
          if (emittedCount === 1) publish();
        });
        if (wasActive) publish();
      });
      await lab.within(published, 'the driver must become active');
      assert(driver.active, 'active must be true once `active` was emitted');
      await inbox.untilText('at once');
      await lab.listen(driver, namespace);
      await lab.pass(driver, namespace, inbox);
      assertEqual(emittedCount, wasActive ? 0 : 1, '`active` must be emitted once');
    },
  ),

  rule(
    'DR2',
    'a bus that refuses us surfaces as an error with its cause, never as silence',
    ['refuse'],
    async (lab) => {
      const driver = lab.keep(await (lab.harness.refuse as () => Promise<Driver> | Driver)());
      const reported = new Promise<unknown>((resolve) => {
        driver.on('error', resolve);
        // A bus that is asked for leave topic by topic says so where it was asked.
        (async () => driver.subscribe([freshName()], () => {}))().catch(resolve);
      });
      const cause = await lab.within(reported, 'a refusal must be reported');
      assert(cause !== undefined && cause !== null, 'a refusal must be reported with its cause');
      assert(!driver.active, 'a refused driver is not active');
      await lab.rejection(
        () => driver.publish([freshName()], toMessage('lost')),
        'a publish on a refused driver must reject',
      );
    },
  ),

  rule('DR3', 'after subscribe resolves, each payload arrives, once', [], async (lab) => {
    const [sender, first, second] = [await lab.create(), await lab.create(), await lab.create()];
    // Several rounds, because a subscription that is a little late is not late every time.
    for (let round = 0; round < 5; round++) {
      const namespace = [freshName(), 'inbox'];
      const inboxes = [
        await lab.listen(first, namespace),
        await lab.listen(first, namespace),
        await lab.listen(second, namespace),
      ];
      const sent = Array.from({ length: 10 }, (_, index) => `${index}`);
      for (const text of sent) await lab.publish(sender, namespace, text);
      for (const inbox of inboxes) {
        await inbox.until(`all of ${sent}`, ({ texts }) => sent.every((t) => texts.includes(t)));
        await lab.pass(sender, namespace, inbox);
        assertEqual(inbox.texts.filter(isContent).sort(), sent, 'each payload must arrive once');
      }
    }
  }),

  rule('DR4', 'the payloads of one publisher on a topic keep their order', [], async (lab) => {
    const [sender, receiver] = [await lab.create(), await lab.create()];
    const namespace = [freshName()];
    const inbox = await lab.listen(receiver, namespace);
    const sent = Array.from({ length: 50 }, (_, index) => `${index}`);
    // Not one by one: the driver may not lean on the caller's waiting. Sizes differ, for the same.
    const texts = sent.map((text, index) => text + '.'.repeat((index % 5) * 500));
    await lab.within(
      Promise.all(texts.map((text) => sender.publish(namespace, toMessage(text)))),
      'publish must resolve',
    );
    const numbers = () => [...new Set(inbox.texts.map((text) => text.replace(/\.+$/, '')))];
    await inbox.until('all payloads', () => numbers().length === sent.length);
    assertEqual(numbers(), sent, 'payloads must arrive in order');
  }),

  rule('DR5', 'any bytes, from none to maxPayloadBytes, arrive unchanged', [], async (lab) => {
    const [sender, receiver] = [await lab.create(), await lab.create()];
    const maxBytes = lab.harness.maxPayloadBytes ?? 65_536;
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    const contents = [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(0xff, 0xfe, 0xc0, 0x80), // never UTF-8
      Uint8Array.of(13, 10, 0, 34, 92, 0x7f),
      everyByte,
      Uint8Array.from({ length: maxBytes }, (_, index) => (index * 31 + (index >> 8)) & 255),
    ];
    for (const content of contents) {
      const namespace = [freshName()];
      const inbox = await lab.listen(receiver, namespace);
      await lab.publish(sender, namespace, content);
      await inbox.until(`a payload of ${content.length} bytes`, ({ all }) => all.length > 0);
      const [arrived] = inbox.all;
      const isSame =
        arrived?.length === content.length && content.every((byte, at) => byte === arrived[at]);
      assert(isSame, `a payload of ${content.length} bytes must arrive unchanged`);
    }
  }),

  rule('DR6', 'no memory is shared between sender and receivers', [], async (lab) => {
    const [sender, receiver] = [await lab.create(), await lab.create()];
    const namespace = [freshName()];
    const text = 'nobody else writes here';
    const message = toMessage(text);
    const received: DriverPayload[] = [];
    const seen: string[] = [];
    const inbox = await lab.listen(receiver, namespace);
    // Each handler scribbles over what it was given; the next must not see that.
    const scribble = (payload: DriverPayload) => {
      received.push(payload);
      seen.push(new TextDecoder().decode(toBytes(payload)));
      overwrite(payload);
    };
    await lab.within(
      receiver.subscribe(namespace, (p) => scribble(p)),
      'subscribe must resolve',
    );
    await lab.within(
      receiver.subscribe(namespace, (p) => scribble(p)),
      'subscribe must resolve',
    );
    await lab.within(
      sender.subscribe(namespace, (p) => scribble(p)),
      'subscribe must resolve',
    );
    const publishing = (async () => sender.publish(namespace, message))();
    assertEqual(message.length, text.length, 'the sender keeps its bytes');
    message.fill(33);
    await lab.within(publishing, 'publish must resolve');
    await inbox.until('a payload', ({ all }) => all.length > 0);
    await lab.publish(sender, namespace, 'later');
    await inbox.until('two payloads', ({ all }) => all.length > 1);
    const strangers = [...inbox.texts, ...seen].filter((each) => each !== text && each !== 'later');
    assertEqual(strangers, [], 'what one side writes must not reach another');
    assert(
      message.length === text.length && message.every((byte) => byte === 33),
      'what a receiver writes must not reach the sender',
    );
    assert(new Set(received).size === received.length, 'each handler gets bytes of its own');
  }),

  rule(
    'DR7',
    'a larger payload rejects with payload-too-large and harms nothing',
    ['maxPayloadBytes'],
    async (lab) => {
      const [sender, receiver] = [await lab.create(), await lab.create()];
      const namespace = [freshName()];
      const inbox = await lab.listen(receiver, namespace);
      let lostCount = 0;
      for (const driver of [sender, receiver]) driver.on('inactive', () => lostCount++);
      const tooLarge = new Uint8Array((lab.harness.maxPayloadBytes as number) + 1);
      const reason = await lab.rejection(
        () => sender.publish(namespace, toMessage(tooLarge)),
        'a payload beyond maxPayloadBytes must reject',
      );
      const { code } = Object(reason) as { code?: unknown };
      assertEqual(code, 'payload-too-large', 'the rejection must carry the code');
      await lab.pass(sender, namespace, inbox);
      const largest = Math.max(...inbox.all.map((bytes) => bytes.length));
      assert(largest < tooLarge.length, 'a payload that was rejected must not arrive');
      assertEqual(lostCount, 0, 'the connection must survive');
    },
  ),

  rule('DR8', 'namespaces match exactly, whatever characters they hold', [], async (lab) => {
    const [sender, receiver] = [await lab.create(), await lab.create()];
    const inboxes = new Map<string, { namespace: Namespace; inbox: Inbox }>();
    for (const namespace of lookAlikes(freshName())) {
      const inbox = await lab.listen(receiver, namespace);
      inboxes.set(JSON.stringify(namespace), { namespace, inbox });
    }
    for (const [text, { namespace }] of inboxes) await lab.publish(sender, namespace, text);
    for (const [text, { namespace, inbox }] of inboxes) {
      await inbox.untilText(text);
      await lab.pass(sender, namespace, inbox);
    }
    for (const [text, { inbox }] of inboxes) {
      const others = inbox.texts.filter((each) => isContent(each) && each !== text);
      assertEqual(others, [], `${text} must hear only its own`);
    }
  }),

  rule(
    'DR9',
    'after unsubscribing resolves: silence for you, no change for others',
    [],
    async (lab) => {
      const [sender, receiver, other] = [
        await lab.create(),
        await lab.create(),
        await lab.create(),
      ];
      const namespace = [freshName(), 'inbox'];
      const leaving = await lab.listen(receiver, namespace);
      const staying = await lab.listen(receiver, namespace);
      const elsewhere = await lab.listen(other, namespace);
      const leave = (inbox: Inbox) =>
        lab.within(receiver.unsubscribe(namespace, inbox.receive), 'unsubscribe must resolve');

      await leave(leaving);
      await lab.publish(sender, namespace, 'one left');
      for (const inbox of [staying, elsewhere]) {
        await inbox.untilText('one left');
        await lab.pass(sender, namespace, inbox);
      }
      assertEqual(leaving.texts, [], 'a handler must be silent after unsubscribe');

      await leave(staying);
      const countBefore = staying.all.length;
      await lab.publish(sender, namespace, 'all left');
      await elsewhere.untilText('all left');
      // Back on the same topic, so that order tells when the silent ones would have heard it.
      const returning = await lab.listen(receiver, namespace);
      await lab.pass(sender, namespace, returning);
      assertEqual(leaving.texts, [], 'a handler must be silent after unsubscribe');
      assertEqual(staying.all.length, countBefore, 'the last handler, too, must be silent');
    },
  ),

  rule(
    'DR10',
    'destroying one driver leaves its siblings alone, even on a shared client',
    [],
    async (lab) => {
      const first = await lab.create();
      const other = await lab.create();
      const { createSibling } = lab.harness;
      const sibling = createSibling
        ? lab.keep(await createSibling.call(lab.harness, first))
        : await lab.create();
      await lab.untilActive(sibling);
      const [shared, own] = [[freshName()], [freshName(), 'own']];
      await lab.listen(first, shared);
      const inboxes = [
        [shared, await lab.listen(sibling, shared)],
        [own, await lab.listen(sibling, own)],
      ] as const;
      await lab.settled(() => first.destroy(), 'destroy must settle');
      assert(sibling.active, 'a sibling must stay active');
      for (const [namespace, inbox] of inboxes) await lab.pass(other, namespace, inbox);
      const later = [freshName()];
      await lab.pass(other, later, await lab.listen(sibling, later));
      await lab.pass(sibling, later, await lab.listen(other, later));
    },
  ),

  rule('DR11', '`destroy` twice is fine, and ends everything', [], async (lab) => {
    const [driver, other] = [await lab.create(), await lab.create()];
    const namespace = [freshName()];
    const ended = await lab.listen(driver, namespace);
    const witness = await lab.listen(other, namespace);
    const destroy = () => lab.within((async () => driver.destroy())(), 'destroy must resolve');
    await Promise.all([destroy(), destroy()]);
    await destroy();
    assert(!driver.active, 'a destroyed driver is not active');
    const sender = await lab.create();
    await lab.pass(sender, namespace, witness);
    assertEqual(ended.texts, [], 'a destroyed driver must not deliver');
    await lab.rejection(
      () => driver.publish(namespace, toMessage('late')),
      'a publish on a destroyed driver must reject',
    );
    await lab.rejection(
      () => driver.subscribe(namespace, () => {}),
      'a subscribe on a destroyed driver must reject',
    );
  }),

  rule(
    'DR12',
    'a lost bus emits inactive; publishing rejects; subscriptions are back before `active`; nothing old is replayed',
    ['interrupt', 'restore'],
    async (lab) => {
      const drivers = [await lab.create(), await lab.create()] as const;
      const namespace = [freshName()];
      const inboxes: Inbox[] = [];
      for (const driver of drivers) inboxes.push(await lab.listen(driver, namespace));

      const lost = drivers.map((driver) => lab.untilInactive(driver));
      await lab.interrupt();
      await Promise.all(lost);
      for (const driver of drivers) {
        assert(!driver.active, 'active must be false while the bus is lost');
        await lab.rejection(
          () => driver.publish(namespace, toMessage('old')),
          'a publish while the bus is lost must reject',
        );
      }

      // Whoever comes back last is written to within its own event: no time to subscribe after it.
      const back = new Promise<void>((resolve, reject) => {
        for (const [index, driver] of drivers.entries()) {
          driver.on('active', () => {
            const other = drivers[1 - index];
            if (!other?.active) return;
            (async () => other.publish(namespace, toMessage(`to ${index}`)))().then(() => {
              inboxes[index]?.untilText(`to ${index}`).then(resolve, reject);
            }, reject);
          });
        }
      });
      back.catch(() => {}); // reported below, once the bus is mended
      await lab.restore();
      await lab.within(back, 'the drivers must become active again');
      const [first, second] = drivers;
      for (const inbox of inboxes) {
        // One hears the other at least; whether it hears itself is unspecified.
        const sender = inbox === inboxes[0] ? second : first;
        await lab.pass(sender, namespace, inbox);
        assert(!inbox.texts.includes('old'), 'what was rejected must not be replayed');
      }
    },
  ),

  rule('DR13', 'no call stays pending after `destroy`', [], async (lab) => {
    const calls = (driver: Driver, namespace: Namespace) => [
      () => driver.subscribe(namespace, () => {}),
      () => driver.publish(namespace, toMessage('last words')),
      () => driver.unsubscribe(namespace, () => {}),
    ];
    const check = async (driver: Driver) => {
      const namespace = [freshName()];
      const started = calls(driver, namespace).map((call) =>
        lab.settled(call, 'a call under way must settle when the driver is destroyed'),
      );
      await lab.settled(() => driver.destroy(), 'destroy must settle');
      await Promise.all(started);
      for (const call of calls(driver, namespace)) {
        await lab.settled(call, 'a call on a destroyed driver must settle');
      }
    };
    await check(await lab.create());
    // Before it is even connected.
    await check(lab.keep(await lab.harness.create()));
    if (lab.harness.refuse) await check(lab.keep(await lab.harness.refuse()));
    if (lab.harness.interrupt && lab.harness.restore) {
      const driver = await lab.create();
      await lab.interrupt();
      await check(driver);
    }
  }),
];

function isContent(text: string): boolean {
  return !text.startsWith(MARKER);
}

function overwrite(payload: DriverPayload): void {
  if (payload instanceof ArrayBuffer) new Uint8Array(payload).fill(63);
  else (payload as Uint8Array | number[]).fill(63);
}

/** Namespaces that a careless joining, folding or escaping would confuse. */
function lookAlikes(name: string): Namespace[] {
  return [
    [name],
    [name.toUpperCase()],
    [name, 'x'],
    ['x', name],
    [`${name}x`],
    [`${name}-x`],
    [`${name}_x`],
    [`${name}-`, 'x'],
    [name, '-x'],
    [`${name}_`, 'x'],
    [name, '_x'],
    [name, 'x', 'y'],
    [name, 'xy'],
    [`${name}x`, 'y'],
    [name, 'x-y'],
    [name, 'X'],
    [name, '0'],
    [name, '00'],
    [name, '__proto__'],
    [name, 'constructor'],
    [name, 'a'.repeat(64)],
  ];
}
