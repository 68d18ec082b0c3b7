/**
 * The states of a connection to a remote, and what the browser's enumerations mean for them. Pure.
 * Used by: remote.ts, connection.ts.
 */

/** As in the `connection` events: the six states of `RTCPeerConnection.connectionState`. */
export type ConnectionState =
  | 'new'
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'failed'
  | 'closed';

/** Which state may follow which. `failed` is always followed by `closed`. */
const NEXT_STATES = {
  new: ['connecting', 'failed', 'closed'],
  connecting: ['connected', 'failed', 'closed'],
  connected: ['disconnected', 'failed', 'closed'],
  disconnected: ['connected', 'failed', 'closed'],
  failed: ['closed'],
  closed: [],
} as const satisfies Record<ConnectionState, readonly ConnectionState[]>;

/** Whether the step is in the table. */
export function canFollow(from: ConnectionState, to: ConnectionState): boolean {
  return (NEXT_STATES[from] as readonly ConnectionState[]).includes(to);
}

/** What the transport (ICE and DTLS together, W3C webrtc-pc 4.4.3) means for a connection. */
export function transportMeaning(state: RTCPeerConnectionState): 'fine' | 'doubtful' | 'lost' {
  switch (state) {
    case 'new':
    case 'connecting':
    case 'connected':
      return 'fine';
    case 'disconnected':
      return 'doubtful';
    case 'failed':
    case 'closed':
      return 'lost';
    default:
      return unreachable(state);
  }
}

function unreachable(value: never): never {
  throw new TypeError(`Not a connection state: ${String(value)}`);
}
