export {
  type DescribeDriverOptions,
  type DriverCheck,
  describeDriver,
  driverChecks,
  type TestFunction,
} from './describe.ts';
export { type DriverHarness, type DriverHook, RuleViolation } from './harness.ts';
export { type DriverRule, type DriverRuleId, driverRules } from './rules.ts';
