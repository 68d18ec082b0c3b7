/**
 * What BroadcastChannelDriver is tested with, in Node and in both browsers alike.
 * Used by: broadcast-channel.test.ts, broadcast-channel.browser.test.ts.
 */

import { BroadcastChannelDriver } from 'meshwork';
import { afterAll, describe, expect, test } from 'vitest';
import { freshName, type Inbox, Lab, toMessage } from './harness.ts';
import { describeDriver } from './index.ts';

export function testBroadcastChannel(): void {
  const channelName = freshName();

  describeDriver(
    'BroadcastChannelDriver',
    {
      create: () => new BroadcastChannelDriver(channelName),
      maxPayloadBytes: BroadcastChannelDriver.maxPayloadBytes,
    },
    {
      describe,
      test,
      after: afterAll,
      skip: {
        DR2: 'a channel within one browser cannot be refused',
        DR12: 'a channel within one browser cannot be lost',
      },
    },
  );

  describe('BroadcastChannelDriver, besides', () => {
    test('what others post on the channel is ignored', async () => {
      const name = freshName();
      const lab = new Lab({ create: () => new BroadcastChannelDriver(name) });
      const stranger = new BroadcastChannel(name);
      const [sender, receiver] = [await lab.create(), await lab.create()];
      const inbox = await lab.listen(receiver, ['room']);
      const foreign = [
        null,
        7,
        'room',
        {},
        [],
        ['room'],
        ['room', 'text'],
        ['room', [1, 2, 999]],
        ['room', { length: 1 }],
        ['room', new Uint8Array(BroadcastChannelDriver.maxPayloadBytes + 1)],
        [['room'], Uint8Array.of(1)],
        ['__proto__', Uint8Array.of(1)],
        { 0: 'room', 1: Uint8Array.of(1), length: 2 },
      ];
      for (const message of foreign) stranger.postMessage(message);
      // Channels keep the order in which messages were posted, so this is the last to come.
      stranger.postMessage(['room', new TextEncoder().encode('the end')]);
      await inbox.untilText('the end');
      expect(inbox.texts).toEqual(['the end']);
      await lab.pass(sender, ['room'], inbox);
      stranger.close();
      await lab.close();
    });

    test('peers that share one driver hear each other, in order', async () => {
      const lab = new Lab({ create: () => new BroadcastChannelDriver(freshName()) });
      const driver = await lab.create();
      const inbox: Inbox = await lab.listen(driver, ['room', 'peer']);
      for (const text of ['1', '2', '3']) await driver.publish(['room', 'peer'], toMessage(text));
      await inbox.untilText('3');
      expect(inbox.texts).toEqual(['1', '2', '3']);
      await lab.close();
    });

    test('another channel is another bus', async () => {
      const names = [freshName(), freshName()];
      const lab = new Lab({ create: () => new BroadcastChannelDriver(names[0]) });
      const other = lab.keep(new BroadcastChannelDriver(names[1]));
      const [sender, receiver] = [await lab.create(), await lab.create()];
      const apart = await lab.listen(other, ['room']);
      const inbox = await lab.listen(receiver, ['room']);
      await lab.pass(sender, ['room'], inbox);
      await lab.pass(other, ['room'], apart);
      expect(apart.texts).toHaveLength(2);
      await lab.close();
    });
  });
}
