/** The suite itself under test: what it catches, what it lets pass, and what a skip is worth. */

import { MemoryDriver } from 'meshwork';
import { describe, expect, test, vi } from 'vitest';
import { brokenDrivers, harnessOf } from './broken-drivers.ts';
import { type DriverHarness, describeDriver, driverChecks, driverRules } from './index.ts';

/** Which rules a driver breaks. */
async function brokenRules(create: () => DriverHarness): Promise<string[]> {
  const broken: string[] = [];
  for (const rule of driverRules) {
    await rule.run(create()).catch(() => broken.push(rule.id));
  }
  return broken;
}

/** What the checks say: `passes`, `skipped`, or the failure's text. */
async function verdicts(harness: DriverHarness, skip: Record<string, string>) {
  const result: Record<string, string> = {};
  for (const { title, run } of driverChecks(harness, skip)) {
    const id = /DR\d+/.exec(title)?.[0] ?? title;
    result[id] = !run
      ? 'skipped'
      : await run().then(
          () => 'passes',
          (error: Error) => error.message,
        );
  }
  return result;
}

describe('the rules', () => {
  test('are thirteen, numbered in order', () => {
    const numbers = driverRules.map((rule) => rule.id);
    expect(numbers).toEqual(Array.from({ length: 13 }, (_, index) => `DR${index + 1}`));
  });

  test('all hold for a sound driver', async () => {
    expect(await brokenRules(() => harnessOf(MemoryDriver))).toEqual([]);
  });

  test('each has a driver that breaks it', () => {
    const broken = new Set(brokenDrivers.map(({ breaks }) => breaks));
    expect([...broken].sort()).toEqual(driverRules.map((rule) => rule.id).sort());
  });

  test.each(brokenDrivers)('[$breaks] catches $name, and no other rule does', async (driver) => {
    expect(await brokenRules(() => driver.harness())).toEqual([driver.breaks]);
  });
});

describe('a skip', () => {
  const { interrupt: _, restore: __, ...withoutOutage } = harnessOf(MemoryDriver);

  test('with a reason is a skip where the harness lacks the hooks', async () => {
    expect(await verdicts(withoutOutage, { DR12: 'it never breaks' })).toMatchObject({
      DR11: 'passes',
      DR12: 'skipped',
      DR13: 'passes',
    });
  });

  test('is needed where the harness lacks the hooks', async () => {
    const { DR12 } = await verdicts(withoutOutage, {});
    expect(DR12).toMatch(/lacks interrupt and restore/);
  });

  test('without a reason fails', async () => {
    const result = await verdicts(withoutOutage, { DR12: ' ', DR3: '' });
    expect(result['DR12']).toMatch(/without a reason/);
    expect(result['DR3']).toMatch(/without a reason/);
  });

  test('for an unknown rule fails', async () => {
    const result = await verdicts(harnessOf(MemoryDriver), { DR14: 'not ours', toString: 'nor' });
    expect(result['DR14']).toMatch(/no rule DR14/);
    expect(Object.values(result).filter((verdict) => verdict !== 'passes')).toHaveLength(2);
  });

  test('for a rule that holds fails, and passes for one that does not', async () => {
    const result = await verdicts(harnessOf(MemoryDriver), { DR4: 'we thought it would not' });
    expect(result['DR4']).toBe('DR4 holds. Remove the skip.');
    const reordering = brokenDrivers.find(({ breaks }) => breaks === 'DR4');
    const harness = reordering?.harness() as DriverHarness;
    expect(await verdicts(harness, { DR4: 'a bus without order' })).toMatchObject({
      DR4: 'passes',
    });
  });
});

describe('describeDriver', () => {
  test('registers one test for each rule with the runner it is given, and disposes at the end', async () => {
    const test_ = Object.assign(vi.fn(), { skip: vi.fn() });
    const describe_ = vi.fn((_: string, run: () => void) => run());
    const after = vi.fn();
    const dispose = vi.fn();
    const { refuse: _, ...harness } = { ...harnessOf(MemoryDriver), dispose };
    const skip = { DR2: 'it never refuses' };
    describeDriver('Some driver', harness, { describe: describe_, test: test_, after, skip });
    expect(describe_).toHaveBeenCalledWith('Some driver', expect.any(Function));
    expect(test_).toHaveBeenCalledTimes(12);
    expect(test_.skip.mock.calls[0]?.[0]).toMatch(/DR2.*\(skipped: it never refuses\)/);
    await after.mock.calls[0]?.[0]();
    expect(dispose).toHaveBeenCalledOnce();
  });

  test('says what it needs where no runner is global', () => {
    expect(() => describeDriver('Some driver', harnessOf(MemoryDriver))).toThrow(TypeError);
  });
});
