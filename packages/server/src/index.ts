export type { Limits } from './options.ts';
export { ServerError, type ServerErrorCode } from './server-error.ts';
export { type MeshworkServer, type ServerOptions, startServer } from './start-server.ts';
