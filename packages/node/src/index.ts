/**
 * WebRTC for Meshwork peers in Node: `new Peer({ driver, webrtc })`.
 * A standard RTCPeerConnection for data channels over the native interface of node-datachannel.
 */

import nodeDataChannel from 'node-datachannel';
import { IceCandidate } from './candidate.ts';
import { DataChannel } from './data-channel.ts';
import { PeerConnection } from './peer-connection.ts';
import { closeAll } from './transport.ts';

/** The constructors, under their names in browsers. */
export interface NodeWebRtc {
  readonly RTCPeerConnection: typeof RTCPeerConnection;
  readonly RTCDataChannel: typeof RTCDataChannel;
  readonly RTCIceCandidate: typeof RTCIceCandidate;
}

/**
 * WebRTC as `Peer` takes it. What it cannot do (media, ICE restarts) throws a `NotSupportedError`;
 * the README lists it.
 *
 * @example
 * const peer = new Peer({ driver, webrtc });
 */
// The standard's types have media in them, which we do not; what is there behaves as they say.
export const webrtc: NodeWebRtc = {
  RTCPeerConnection: PeerConnection,
  RTCDataChannel: DataChannel,
  RTCIceCandidate: IceCandidate,
} as unknown as NodeWebRtc;

/**
 * Closes every connection and stops the native threads, so that nothing keeps the process alive.
 * Blocks until they have stopped, usually a few milliseconds. Not needed when every connection was
 * closed: the process then ends by itself.
 */
export function cleanup(): void {
  closeAll();
  nodeDataChannel.cleanup();
}
