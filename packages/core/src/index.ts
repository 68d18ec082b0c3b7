export { Addon } from './addon.ts';
export type { JsonValue, SendableValue } from './channels/values.ts';
export type { ConnectionState } from './connection/state.ts';
export { BroadcastChannelDriver } from './drivers/broadcast-channel.ts';
export { MemoryDriver } from './drivers/memory.ts';
export {
  type SocketIoClient,
  SocketIoDriver,
  type SocketIoDriverOptions,
} from './drivers/socket-io.ts';
export { ERROR_CODES, MeshworkError, type MeshworkErrorCode } from './errors.ts';
export type {
  ChannelEventName,
  ChannelPayload,
  ConnectionEventName,
  ConnectionPayload,
  ErrorPayload,
  PeerEvents,
  RemotePeerEvents,
  SignalingPayload,
} from './events.ts';
export type { JoinOptions, PeerLimits, PeerOptions } from './options.ts';
export { Peer, type PeerSendOptions } from './peer.ts';
export type { WebRtc } from './platform.ts';
export type { RemotePeer, SendOptions } from './remote-peer.ts';
export {
  Driver,
  type DriverEvents,
  type DriverHandler,
  type DriverMessage,
  type DriverPayload,
  type Namespace,
} from './signaling/driver.ts';
export type { ChannelInit, OpenOptions } from './wire/channel-options.ts';
