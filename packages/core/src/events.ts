/**
 * The event maps of Peer and RemotePeer. Each specific event, such as `channel:open`, is also
 * heard under its group name, `channel`: first the group, then the specific name.
 * Generic in the remote, so that this file depends on neither class.
 * Used by: peer.ts, remote-peer.ts, remote.ts.
 */

import type { ChannelEvent } from './channels/channels.ts';
import type { ConnectionState } from './connection/state.ts';
import type { MeshworkError } from './errors.ts';

export type ConnectionEventName = `connection:${ConnectionState}`;
export type ChannelEventName = ChannelEvent['name'];

/** A fact about one remote, as remote.ts reports it. */
export type RemoteFact =
  | { readonly name: ConnectionEventName; readonly state: ConnectionState }
  | ChannelEvent;

interface Base<Name extends string> {
  /** On a Peer the local peer's id, on a RemotePeer the remote's. */
  readonly id: string;
  /** The specific name, also when heard under the group name. */
  readonly name: Name;
}

/** The connection to a remote changed its state. */
export interface ConnectionPayload extends Base<ConnectionEventName> {
  readonly state: ConnectionState;
}

/** A data channel was made, opened, closed, failed, or brought a message. */
export interface ChannelPayload<Name extends ChannelEventName = ChannelEventName>
  extends Base<Name> {
  readonly channel: RTCDataChannel;
  readonly label: string;
  /** What the remote sent, as the same kind of value. Only in `channel:message`. */
  readonly data: Name extends 'channel:message' ? unknown : undefined;
  /** What went wrong. Only in `channel:error`. */
  readonly error: Name extends 'channel:error' ? MeshworkError : undefined;
}

/** Something failed that nobody was awaiting. */
export interface ErrorPayload extends Base<'error'> {
  readonly error: MeshworkError;
}

/** The driver lost its bus, or found it again. Established connections do not notice. */
export type SignalingPayload<Name extends string> = Base<Name>;

/** The events of a RemotePeer. */
export type RemotePeerEvents = {
  [Name in ConnectionEventName | 'connection']: [ConnectionPayload];
} & {
  [Name in ChannelEventName]: [ChannelPayload<Name>];
} & {
  channel: [ChannelPayload];
};

/** The events of a Peer: those of its remotes, each with the remote, and its own. */
export type PeerEvents<Remote> = {
  [Name in keyof RemotePeerEvents]: [RemotePeerEvents[Name][0] & { readonly remote: Remote }];
} & {
  error: [ErrorPayload];
  'signaling:up': [SignalingPayload<'signaling:up'>];
  'signaling:down': [SignalingPayload<'signaling:down'>];
};

/** The group of a specific event. */
export function groupOf(name: ConnectionEventName | ChannelEventName): 'connection' | 'channel' {
  return name.startsWith('channel') ? 'channel' : 'connection';
}
