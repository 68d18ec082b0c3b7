import { type Driver, MemoryDriver } from 'meshwork';
import { afterAll, describe, test } from 'vitest';
import { describeDriver } from './index.ts';

const bus = new MemoryDriver();
const drivers: Driver[] = [];
const interrupted: Driver[] = [];

describeDriver(
  'MemoryDriver',
  {
    create() {
      const driver = new MemoryDriver(bus);
      drivers.push(driver);
      return driver;
    },
    interrupt() {
      interrupted.push(...drivers.filter((driver) => driver.active));
      for (const driver of interrupted) driver.active = false;
    },
    restore() {
      for (const driver of interrupted.splice(0)) driver.active = true;
    },
    maxPayloadBytes: MemoryDriver.maxPayloadBytes,
  },
  {
    describe,
    test,
    after: afterAll,
    skip: { DR2: 'a function call cannot be refused' },
  },
);
