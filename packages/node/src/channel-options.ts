/**
 * ChannelOptions: the standard's RTCDataChannelInit, checked, and as the native side wants it.
 * Used by: peer-connection.ts, data-channel.ts.
 */

import type { NativeChannelInit } from './transport.ts';

/** Everything that is fixed when a channel is made. */
export interface ChannelOptions {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly negotiated: boolean;
  readonly id?: number;
  /** In milliseconds. */
  readonly maxPacketLifeTime?: number;
  readonly maxRetransmits?: number;
}

const MAX_LABEL_BYTES = 65_535;
const MAX_UNSIGNED_SHORT = 65_535;
/** The native side has 1,024 streams, in each direction. */
const MAX_ID = 1_023;

/**
 * @throws TypeError for a value out of range, or options that exclude each other
 * @throws DOMException `OperationError` for an id that the native side does not have
 */
export function channelOptions(label: string, init: RTCDataChannelInit = {}): ChannelOptions {
  const { ordered = true, protocol = '', negotiated = false } = init;
  for (const text of [label, protocol]) {
    if (Buffer.byteLength(text) > MAX_LABEL_BYTES) {
      throw new TypeError(`A label or protocol may have ${MAX_LABEL_BYTES} bytes at most.`);
    }
  }
  const maxPacketLifeTime = unsignedShort('maxPacketLifeTime', init.maxPacketLifeTime);
  const maxRetransmits = unsignedShort('maxRetransmits', init.maxRetransmits);
  if (maxPacketLifeTime !== undefined && maxRetransmits !== undefined) {
    throw new TypeError('maxPacketLifeTime and maxRetransmits exclude each other.');
  }
  // Without negotiated an id means nothing (W3C webrtc-pc 6.1).
  const id = negotiated ? unsignedShort('id', init.id) : undefined;
  if (negotiated && id === undefined) throw new TypeError('A negotiated channel needs an id.');
  if (id !== undefined && id > MAX_ID) {
    throw new DOMException(`The id may be ${MAX_ID} at most.`, 'OperationError');
  }
  return {
    label,
    protocol,
    ordered,
    negotiated,
    ...(id !== undefined && { id }),
    ...(maxPacketLifeTime !== undefined && { maxPacketLifeTime }),
    ...(maxRetransmits !== undefined && { maxRetransmits }),
  };
}

/** The same for the native side. */
export function nativeChannelInit(options: ChannelOptions): NativeChannelInit {
  const { label: _, ordered, negotiated, ...rest } = options;
  return { ...rest, unordered: !ordered, ...(negotiated && { negotiated }) };
}

function unsignedShort(name: string, value: number | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Number.isInteger(value) || value < 0 || value > MAX_UNSIGNED_SHORT) {
    throw new TypeError(`${name} must be a whole number from 0 to ${MAX_UNSIGNED_SHORT}.`);
  }
  return value;
}
