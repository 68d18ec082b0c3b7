/**
 * The options of Peer and of join: every one with its unit, default and check.
 * Used by: peer.ts.
 */

import { MemoryDriver } from './drivers/memory.ts';
import { MeshworkError } from './errors.ts';
import type { WebRtc } from './platform.ts';
import type { Driver } from './signaling/driver.ts';
import { MESSAGE_LIMITS } from './signaling/messages.ts';
import { MAX_ROOM_NAME_BYTES } from './signaling/namespace.ts';
import { utf8 } from './wire/bytes.ts';

/** What may be reached at most; beyond it things are refused, never dropped silently. */
export interface PeerLimits {
  /** Remotes at once. Default: 100. Chromium makes 500 connections a page. */
  readonly peers?: number;
  /** Channels with one remote. Default: 256. */
  readonly channels?: number;
}

/** The options of `new Peer()`. */
export interface PeerOptions {
  /** The signaling driver. Default: a MemoryDriver shared by the whole process. */
  readonly driver?: Driver;
  /** STUN and TURN servers (W3C RTCIceServer). Default: none. */
  readonly iceServers?: readonly RTCIceServer[];
  /** `'relay'` connects through TURN only. Default: `'all'`. */
  readonly iceTransportPolicy?: 'all' | 'relay';
  /**
   * Candidates found within this many ms of the first share a message. Default: 50; 0 sends each
   * at once. The first description waits for none of it: it takes along what is found in time.
   */
  readonly iceCandidateDebounce?: number;
  /** Seconds until an attempt to connect, or a call of the driver, is given up. Default: 15; 0: never. */
  readonly connectionTimeout?: number;
  /** The WebRTC implementation. Default: the platform's own. In Node, `webrtc` of @meshwork/node. */
  readonly webrtc?: WebRtc;
  readonly limits?: PeerLimits;
}

/** The same, complete, in ms. */
export interface Settings {
  readonly driver: Driver;
  readonly configuration: RTCConfiguration;
  readonly candidateWindowMs: number;
  readonly timeoutMs: number;
  readonly webrtc: WebRtc | undefined;
  readonly maxPeers: number;
  readonly maxChannels: number;
}

/** The options of `join`. */
export interface JoinOptions<Metadata = unknown> {
  /** The room's name, up to 128 bytes of UTF-8. Default: `'default'`. */
  readonly room?: string;
  /** Told to every remote before it connects: any JSON value of up to 4,096 bytes. */
  readonly metadata?: Metadata;
  /**
   * Asked once about each remote before anything is done for it; false keeps it out, and it learns
   * nothing. Default: everyone is let in.
   */
  readonly verify?: (candidate: {
    readonly id: string;
    readonly metadata: Metadata;
  }) => boolean | Promise<boolean>;
  /** Gives the joining up. */
  readonly signal?: AbortSignal;
}

/** The same, complete and checked. */
export interface JoinSettings {
  readonly room: string;
  readonly metadata: unknown;
  readonly verify: (candidate: {
    readonly id: string;
    readonly metadata: unknown;
  }) => boolean | Promise<boolean>;
  readonly signal: AbortSignal | undefined;
}

const PEER_OPTION_NAMES: readonly string[] = [
  'driver',
  'iceServers',
  'iceTransportPolicy',
  'iceCandidateDebounce',
  'connectionTimeout',
  'webrtc',
  'limits',
] satisfies (keyof PeerOptions)[];
const JOIN_OPTION_NAMES: readonly string[] = [
  'room',
  'metadata',
  'verify',
  'signal',
] satisfies (keyof JoinOptions)[];

const DEFAULTS = {
  candidateWindowMs: 50,
  connectionTimeoutSeconds: 15,
  maxPeers: 100,
  maxChannels: 256,
  room: 'default',
} as const;

/** The longest delay a timer of the platform takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

let sharedDriver: MemoryDriver | undefined;

/** Made when first wanted: importing the package must do nothing. */
function theSharedDriver(): MemoryDriver {
  sharedDriver ??= new MemoryDriver();
  return sharedDriver;
}

/** @throws TypeError that names the option which is wrong */
export function toSettings(options: PeerOptions = {}): Settings {
  requireOnly('options', options, PEER_OPTION_NAMES);
  const { driver, iceServers = [], iceTransportPolicy = 'all', webrtc, limits = {} } = options;
  const { connectionTimeout: seconds = DEFAULTS.connectionTimeoutSeconds } = options;
  const { iceCandidateDebounce: candidateWindowMs = DEFAULTS.candidateWindowMs } = options;
  if (driver !== undefined) requireDriver(driver);
  if (!Array.isArray(iceServers) || !iceServers.every(isIceServer)) {
    throw new TypeError('iceServers must be an array of { urls, username?, credential? }.');
  }
  if (iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
    throw new TypeError(`iceTransportPolicy must be 'all' or 'relay'.`);
  }
  requireNumber('iceCandidateDebounce', candidateWindowMs, 0, 10_000, 'ms');
  requireNumber('connectionTimeout', seconds, 0, MAX_TIMER_MS / 1_000, 'seconds');
  if (webrtc !== undefined && typeof webrtc?.RTCPeerConnection !== 'function') {
    throw new TypeError('webrtc must hold an RTCPeerConnection.');
  }
  requireOnly('limits', limits, ['peers', 'channels'] satisfies (keyof PeerLimits)[]);
  const { peers: maxPeers = DEFAULTS.maxPeers, channels: maxChannels = DEFAULTS.maxChannels } =
    limits;
  requireCount('limits.peers', maxPeers, 10_000);
  requireCount('limits.channels', maxChannels, 65_535);
  return {
    driver: driver ?? theSharedDriver(),
    configuration: { iceServers: [...iceServers], iceTransportPolicy },
    candidateWindowMs,
    timeoutMs: seconds * 1_000,
    webrtc,
    maxPeers,
    maxChannels,
  };
}

/**
 * @throws TypeError that names the option which is wrong
 * @throws MeshworkError `metadata-too-large`
 */
export function toJoinSettings<Metadata>(
  input: string | JoinOptions<Metadata> | undefined,
): JoinSettings {
  const options: JoinOptions<Metadata> =
    typeof input === 'string' ? { room: input } : (input ?? {});
  requireOnly('join options', options, JOIN_OPTION_NAMES);
  const { room = DEFAULTS.room, metadata, verify = () => true, signal } = options;
  // A lone surrogate has no UTF-8 of its own: names that differ in it would meet.
  const isName = typeof room === 'string' && room !== '' && !/\p{Surrogate}/u.test(room);
  if (!isName || utf8(room).length > MAX_ROOM_NAME_BYTES) {
    throw new TypeError(`room must be a string of 1 to ${MAX_ROOM_NAME_BYTES} bytes of UTF-8.`);
  }
  if (typeof verify !== 'function') throw new TypeError('verify must be a function.');
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal.');
  }
  return {
    room,
    metadata: toMetadata(metadata),
    verify: verify as JoinSettings['verify'],
    signal,
  };
}

/** A copy of the metadata as others will see it. */
function toMetadata(metadata: unknown): unknown {
  if (metadata === undefined) return undefined;
  let json: string | undefined;
  try {
    json = JSON.stringify(metadata);
  } catch (cause) {
    throw new TypeError('metadata must be a JSON value.', { cause });
  }
  if (json === undefined) throw new TypeError('metadata must be a JSON value.');
  const bytes = utf8(json);
  if (bytes.length > MESSAGE_LIMITS.metadataBytes) {
    throw new MeshworkError(
      'metadata-too-large',
      `The metadata takes ${bytes.length} bytes; ${MESSAGE_LIMITS.metadataBytes} are the limit.`,
    );
  }
  return JSON.parse(json);
}

function requireDriver(driver: unknown): void {
  const methods = (driver ?? {}) as Partial<Record<string, unknown>>;
  // By shape, not by class: two copies of this package in one app must not refuse each other.
  for (const name of ['subscribe', 'unsubscribe', 'publish', 'on', 'off']) {
    if (typeof methods[name] !== 'function') {
      throw new TypeError(`driver must be a Driver; it has no ${name}().`);
    }
  }
}

function requireObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object.`);
  }
}

/** An option that is silently ignored, such as one meant to protect, is worse than an error. */
function requireOnly(what: string, value: object, names: readonly string[]): void {
  requireObject(what, value);
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) throw new TypeError(`There is no "${name}" in ${what}.`);
  }
}

function isIceServer(value: unknown): value is RTCIceServer {
  const { urls } = (value ?? {}) as { urls?: unknown };
  const list = Array.isArray(urls) ? urls : [urls];
  return list.length > 0 && list.every((url) => typeof url === 'string' && url !== '');
}

function requireNumber(name: string, value: unknown, min: number, max: number, unit: string): void {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new TypeError(`${name} must be a number of ${unit} from ${min} to ${max}.`);
  }
}

function requireCount(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new TypeError(`${name} must be a whole number from 1 to ${max}.`);
  }
}
