export { MemoryDriver } from './drivers/memory.ts';
export { ERROR_CODES, MeshworkError, type MeshworkErrorCode } from './errors.ts';
export type { WebRtc } from './platform.ts';
export {
  Driver,
  type DriverEvents,
  type DriverHandler,
  type DriverMessage,
  type DriverPayload,
  type Namespace,
} from './signaling/driver.ts';
