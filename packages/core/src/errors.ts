/**
 * MeshworkError: the one error class, and its closed list of codes.
 * A failure you await rejects with it; a failure nobody awaits arrives as an `error` event.
 * A mistake in the calling code (a wrong type, an option out of range) is a `TypeError` instead.
 */

/** What each code means, and what to do. The keys are the codes; they never change meaning. */
export const ERROR_CODES = {
  aborted: 'Given up: the signal aborted, or the room was left.',
  'addon-failed': 'An add-on threw while it was attached or detached; see the cause.',
  'already-joined': 'The peer is in another room. Call leave() first.',
  'bad-frame': 'A remote sent bytes that are no message of ours. They were dropped.',
  'bad-message': 'The bus carried bytes that are no message of ours. They were dropped.',
  'channel-exists': 'The label is open with other options. Close it first, or take another.',
  'channel-failed': 'A data channel broke; see the cause.',
  'channel-not-open': 'No channel with that label is open. Wait for channel:open.',
  'connection-failed': 'The connection broke or could not be made. It is tried again by itself.',
  'connection-timeout':
    'No connection within connectionTimeout. Check iceServers; strict networks need TURN.',
  'driver-destroyed': 'The driver was destroyed. Make a new one.',
  'limit-reached': 'A limit was reached. What came beyond it was refused.',
  'message-too-large': 'The value is larger than 261,120 bytes. Send it in pieces.',
  'metadata-too-large': 'The metadata is larger than 4,096 bytes of JSON. Send it later.',
  'negotiation-failed': 'A session description was refused; see the cause.',
  'not-joined': 'The peer is in no room. Call join() first.',
  'payload-too-large': 'The bus does not carry payloads of this size.',
  'peer-gone': 'The remote left, or the channel closed, before this was done.',
  'signaling-failed': 'The driver failed; see the cause.',
  'signaling-timeout': 'The driver did not answer in time. Is its server reachable?',
  'unknown-peer': 'No remote with that id is connected.',
  'verify-failed': 'Your verify function threw, and the remote was refused; see the cause.',
  'webrtc-unavailable': 'There is no RTCPeerConnection. In Node, pass webrtc of @meshwork/node.',
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
