/**
 * describeDriver: the rules as tests of vitest, node:test, or whatever else has `describe` and
 * `test`. Decides what a skip is worth; the rules themselves are in rules.ts.
 */

import type { DriverHarness } from './harness.ts';
import { type DriverRule, driverRules } from './rules.ts';

/** `test` of vitest and of node:test, as far as the suite uses it. */
export interface TestFunction {
  (title: string, options: { timeout: number }, run: () => Promise<void>): unknown;
  skip?(title: string, run: () => void): unknown;
}

/** The runner's functions, and the rules that the bus cannot keep. */
export interface DescribeDriverOptions {
  /** Default: the global one. */
  readonly describe?: (title: string, run: () => void) => unknown;
  /** Default: the global one. */
  readonly test?: TestFunction;
  /** `afterAll` of vitest, `after` of node:test. Default: the global one. */
  readonly after?: (run: () => Promise<void>) => unknown;
  /** Rule number → why this bus cannot keep it. */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * Registers one test for each rule.
 *
 * A skip fails if it has no reason, names no rule, or if the rule holds after all. A rule whose
 * hooks the harness lacks fails unless it is skipped.
 *
 * @example
 * import { afterAll, describe, test } from 'vitest';
 * describeDriver('MyDriver', { create: () => new MyDriver(bus) }, { describe, test, after: afterAll });
 */
export function describeDriver(
  name: string,
  harness: DriverHarness,
  options: DescribeDriverOptions = {},
): void {
  const globals = globalThis as DescribeDriverOptions & { afterAll?: typeof options.after };
  const describe = options.describe ?? globals.describe;
  const test = options.test ?? globals.test;
  const after = options.after ?? globals.afterAll ?? globals.after;
  if (!describe || !test || !after) {
    throw new TypeError('Pass describe, test and after (afterAll in vitest): none is global here.');
  }
  describe(name, () => {
    for (const check of driverChecks(harness, options.skip)) {
      const { title, run } = check;
      // The rules have deadlines of their own, which say what was missing; this one is the last.
      if (run) test(title, { timeout: 120_000 }, run);
      else if (test.skip) test.skip(title, () => {});
    }
    after(async () => harness.dispose?.());
  });
}

/** One test: a title, and what to run; nothing to run for a skipped rule that cannot be tried. */
export interface DriverCheck {
  readonly title: string;
  readonly run?: () => Promise<void>;
}

/** What `describeDriver` registers, for a runner that is neither. */
export function driverChecks(
  harness: DriverHarness,
  skip: Readonly<Record<string, string>> = {},
): DriverCheck[] {
  const unknown = Object.keys(skip).filter((id) => !driverRules.some((rule) => rule.id === id));
  return [
    ...unknown.map((id) => failing(`${id} is skipped`, `there is no rule ${id}`)),
    ...driverRules.map((rule) => checkOf(rule, harness, skip)),
  ];
}

function checkOf(
  rule: DriverRule,
  harness: DriverHarness,
  skip: Readonly<Record<string, string>>,
): DriverCheck {
  const title = `[${rule.id}] ${rule.title}`;
  const missing = rule.needs.filter((hook) => harness[hook] === undefined);
  if (!Object.hasOwn(skip, rule.id)) {
    if (missing.length === 0) return { title, run: () => rule.run(harness) };
    return failing(title, `the harness lacks ${missing.join(' and ')}; add it, or skip by number`);
  }
  const reason = skip[rule.id];
  if (typeof reason !== 'string' || reason.trim() === '') {
    return failing(title, `${rule.id} is skipped without a reason`);
  }
  const skipped = `${title} (skipped: ${reason})`;
  if (missing.length > 0) return { title: skipped };
  return {
    title: skipped,
    async run() {
      const holds = await rule.run(harness).then(
        () => true,
        () => false,
      );
      if (holds) throw new Error(`${rule.id} holds. Remove the skip.`);
    },
  };
}

function failing(title: string, message: string): DriverCheck {
  return {
    title,
    async run() {
      throw new Error(message);
    },
  };
}
