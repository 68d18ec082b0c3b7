/**
 * How a channel is opened: as an app says it, and as a remote asks for it; one check for both.
 * Used by: peer.ts, remote-peer.ts, channels.ts, control-messages.ts.
 */

/** The documented options of `open`; W3C RTCDataChannelInit without the parts we decide. */
export interface OpenOptions {
  /** Names the channel in the room; 1 to 256 characters. Default: `'default'`. */
  readonly label?: string;
  /** A name for what is spoken on it; up to 256 characters. Default: `''`. */
  readonly protocol?: string;
  /** Whether messages keep their order. Default: true. */
  readonly ordered?: boolean;
  /** How long a message may be retransmitted, in ms, 0 to 65,535. Not with `maxRetransmits`. */
  readonly maxPacketLifeTime?: number;
  /** How often a message may be retransmitted, 0 to 65,535. Not with `maxPacketLifeTime`. */
  readonly maxRetransmits?: number;
}

/** The same, complete. */
export interface ChannelInit {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxPacketLifeTime?: number;
  readonly maxRetransmits?: number;
}

const DEFAULT_LABEL = 'default';
const MAX_CHARS = 256;

/** @throws TypeError that names the option which is wrong */
export function toChannelInit(input: string | OpenOptions | undefined): ChannelInit {
  const options: OpenOptions = asOptions(input);
  const { label = DEFAULT_LABEL, protocol = '', ordered = true } = options;
  const { maxPacketLifeTime, maxRetransmits } = options;
  checkLabel(label);
  if (typeof protocol !== 'string' || protocol.length > MAX_CHARS) {
    throw new TypeError(`protocol must be a string of up to ${MAX_CHARS} characters.`);
  }
  if (typeof ordered !== 'boolean') throw new TypeError('ordered must be true or false.');
  checkCount('maxPacketLifeTime', maxPacketLifeTime);
  checkCount('maxRetransmits', maxRetransmits);
  if (maxPacketLifeTime !== undefined && maxRetransmits !== undefined) {
    throw new TypeError('Give maxPacketLifeTime or maxRetransmits, not both.');
  }
  return {
    label,
    protocol,
    ordered,
    ...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime }),
    ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
  };
}

/** The label of `close(label)`, `close({ label })`. @throws TypeError */
export function toLabel(input: string | { readonly label?: string } | undefined): string {
  const { label = DEFAULT_LABEL } = asOptions(input);
  checkLabel(label);
  return label;
}

/** Whether two ways of opening a channel come to the same. */
export function isSameInit(a: ChannelInit, b: ChannelInit): boolean {
  return (
    a.label === b.label &&
    a.protocol === b.protocol &&
    a.ordered === b.ordered &&
    a.maxPacketLifeTime === b.maxPacketLifeTime &&
    a.maxRetransmits === b.maxRetransmits
  );
}

/** Without this check a mistake, such as `close(5)`, would mean the default channel. */
function asOptions<Options extends object>(input: string | Options | undefined) {
  const options = typeof input === 'string' ? { label: input } : (input ?? {});
  if (typeof options !== 'object' || Array.isArray(options)) {
    throw new TypeError('Give a label or an options object.');
  }
  return options as Options & { readonly label?: string };
}

function checkLabel(label: unknown): asserts label is string {
  if (typeof label !== 'string' || label.length === 0 || label.length > MAX_CHARS) {
    throw new TypeError(`A label must be a string of 1 to ${MAX_CHARS} characters.`);
  }
}

function checkCount(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new TypeError(`${name} must be a whole number from 0 to 65,535.`);
  }
}
