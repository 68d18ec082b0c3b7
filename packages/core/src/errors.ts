/**
 * MeshworkError: the one error class, and its closed list of codes.
 * A failure you await rejects with it; a failure nobody awaits arrives as an `error` event.
 * A mistake in the calling code (a wrong type, an option out of range) is a `TypeError` instead.
 */

/** What each code means, and what to do. The keys are the codes; they never change meaning. */
export const ERROR_CODES = {
  aborted: 'The operation was given up because its signal aborted or the room was left.',
  'addon-failed': 'An add-on threw while it was attached or detached; the cause is its own error.',
  'already-joined': 'The peer is in another room. Call leave() first.',
  'bad-frame': 'A remote sent bytes on a channel that are no message of ours. They were dropped.',
  'bad-message': 'The bus carried bytes that are no message of ours. They were dropped.',
  'channel-exists':
    'The label is open with other options. Close it first, or choose another label.',
  'channel-failed': 'A data channel broke; the cause is what the browser reported.',
  'channel-not-open': 'There is no open channel with that label. Wait for channel:open.',
  'connection-failed':
    'The connection broke or could not be made. A new attempt follows by itself.',
  'connection-timeout':
    'No connection within connectionTimeout. Check iceServers; behind strict networks you need TURN.',
  'driver-destroyed': 'The driver was destroyed. Make a new one.',
  'limit-reached': 'A limit in `limits` was reached. What came beyond it was refused.',
  'message-too-large': 'The message is larger than a remote accepts. Send it in pieces.',
  'metadata-too-large': 'The metadata is larger than 4,096 bytes of JSON. Send large data later.',
  'negotiation-failed': 'A session description was refused; the cause is what the browser said.',
  'not-joined': 'The peer is in no room. Call join() first.',
  'payload-too-large': 'The bus does not carry payloads of this size.',
  'peer-gone': 'The remote left or the connection closed before the operation was done.',
  'signaling-failed': 'The driver failed; the cause is its own error.',
  'signaling-timeout': 'The driver did not answer in time. Is the signaling server reachable?',
  'unknown-peer': 'No remote with that id is connected.',
  'verify-failed': 'Your verify function threw; the remote was refused. The cause is its error.',
  'webrtc-unavailable':
    'There is no RTCPeerConnection here. In Node, pass { webrtc } from @meshwork/node.',
} as const;

/** A stable, documented reason. See {@link ERROR_CODES}. */
export type MeshworkErrorCode = keyof typeof ERROR_CODES;

/**
 * Every failure that Meshwork reports.
 *
 * @example
 * try { await peer.join('lobby'); }
 * catch (error) { if (error instanceof MeshworkError && error.code === 'signaling-timeout') retry(); }
 */
export class MeshworkError extends Error {
  override readonly name = 'MeshworkError';

  /**
   * @param code - the stable reason
   * @param message - what happened and what to do; the code's standard text when left out
   * @param options - `cause`: the underlying error
   */
  constructor(
    readonly code: MeshworkErrorCode,
    message: string = ERROR_CODES[code],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The error itself if it is already ours, otherwise a MeshworkError with that code around it. */
export function asMeshworkError(error: unknown, code: MeshworkErrorCode): MeshworkError {
  if (error instanceof MeshworkError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new MeshworkError(code, `${ERROR_CODES[code]} (${detail})`, { cause: error });
}
