/**
 * ServerError: what can go wrong outside the program when a server starts, with stable codes.
 * A mistake in the options is a TypeError instead, and what a client gets wrong is told to that
 * client only (see hub.ts).
 * Used by: start-server.ts, static-files.ts, and whoever calls startServer.
 */

/**
 * A stable reason.
 * `port-in-use`: another program listens there. `port-forbidden`: the system does not let us.
 * `listen-failed`: anything else about the host or port; see the cause.
 * `no-static-dir`: `staticDir` is not a folder that we can read.
 */
export type ServerErrorCode = 'port-in-use' | 'port-forbidden' | 'listen-failed' | 'no-static-dir';

/** The server could not start. `cause` is the system's own error. */
export class ServerError extends Error {
  override readonly name = 'ServerError';

  /**
   * @param code - the stable reason
   * @param message - what happened and what to do
   * @param options - `cause`: the underlying error
   */
  constructor(
    readonly code: ServerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
