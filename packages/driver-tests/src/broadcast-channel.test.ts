import { BroadcastChannelDriver } from 'meshwork';
import { expect, test } from 'vitest';
import { testBroadcastChannel } from './broadcast-channel.cases.ts';
import { freshName } from './harness.ts';

testBroadcastChannel();

/** How many open channels keep this process running. */
function holdingCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

test('keeps a Node process running while someone listens, and no longer', async () => {
  const before = holdingCount();
  const driver = new BroadcastChannelDriver(freshName());
  expect(holdingCount()).toBe(before);
  const handler = () => {};
  await driver.subscribe(['room'], handler);
  expect(holdingCount()).toBe(before + 1);
  await driver.unsubscribe(['room'], handler);
  expect(holdingCount()).toBe(before);
  await driver.subscribe(['room'], handler);
  driver.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  expect(holdingCount()).toBe(before);
});
