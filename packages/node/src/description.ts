/**
 * Description: the text of session descriptions (RFC 8866, RFC 8829) as far as data channels need
 * it. We write every description ourselves and let the native side see only the data section: it
 * then never meets media, candidates inside a description, or a second negotiation, three things
 * that it handles badly (see transport.ts).
 * Pure. Used by: signaling.ts, transport.ts, peer-connection.ts.
 */

/** A session description cut at its `m=` lines. The data section is always one of `sections`. */
export interface Description {
  readonly session: readonly string[];
  readonly sections: readonly (readonly string[])[];
}

/** Which end starts DTLS: `active` does (RFC 8842). */
export type DtlsSetup = 'actpass' | 'active' | 'passive';

/** What both ends must know of each other's data section. */
export interface DataSection {
  readonly index: number;
  readonly mid: string;
  readonly usernameFragment: string;
  readonly setup: DtlsSetup;
  /** Candidate lines, `candidate:…`. */
  readonly candidates: readonly string[];
  /** The largest message that side takes; 0 means any. RFC 8841 makes 64 KiB the default. */
  readonly maxMessageBytes: number;
}

const DEFAULT_MAX_MESSAGE_BYTES = 65_536;
const MAX_DESCRIPTION_CHARACTERS = 1_000_000;

/** Cuts a description into sections; undefined when it is none. */
export function parseDescription(sdp: string): Description | undefined {
  if (sdp.length > MAX_DESCRIPTION_CHARACTERS || !/^v=0\r?\n/.test(sdp)) return undefined;
  const session: string[] = [];
  const sections: string[][] = [];
  for (const line of sdp.split(/\r?\n/)) {
    if (line === '') continue;
    if (!/^[a-z]=/.test(line)) return undefined;
    if (line.startsWith('m=')) sections.push([line]);
    else (sections.at(-1) ?? session).push(line);
  }
  return { session, sections };
}

export function formatDescription({ session, sections }: Description): string {
  return `${[...session, ...sections.flat()].join('\r\n')}\r\n`;
}

/** The data section of a description, or undefined when it has none that could connect. */
export function dataSection(description: Description): DataSection | undefined {
  const index = description.sections.findIndex((lines) => isData(lines) && !isRejected(lines));
  const lines = description.sections[index];
  if (!lines) return undefined;
  const value = (name: string) => attribute(lines, name) ?? attribute(description.session, name);
  const usernameFragment = value('ice-ufrag');
  const setup = value('setup') ?? 'actpass';
  if (!usernameFragment || !value('ice-pwd') || !value('fingerprint')) return undefined;
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') return undefined;
  return {
    index,
    mid: attribute(lines, 'mid') ?? String(index),
    usernameFragment,
    setup,
    candidates: lines
      .filter((line) => line.startsWith('a=candidate:'))
      .map((line) => line.slice(2)),
    maxMessageBytes: Number(value('max-message-size') ?? DEFAULT_MAX_MESSAGE_BYTES),
  };
}

/** The description with its data section alone, and no candidates. */
export function forNative(description: Description, data: DataSection): string {
  const lines = description.sections[data.index] ?? [];
  const keep = (line: string) => !/^a=(candidate:|end-of-candidates|setup:)/.test(line);
  return formatDescription({
    session: [
      ...description.session.filter((line) => keep(line) && !line.startsWith('a=group:')),
      `a=group:BUNDLE ${data.mid}`,
    ],
    sections: [[...lines.filter(keep), `a=setup:${data.setup}`]],
  });
}

/** What the native side wrote, without candidates, and with the placeholder address of RFC 8840. */
export function withoutCandidates(native: Description): Description {
  return {
    session: native.session,
    sections: native.sections.map((lines) =>
      lines
        .filter((line) => !/^a=(candidate:|end-of-candidates)/.test(line))
        .map((line) => line.replace(/^c=.*/, 'c=IN IP4 0.0.0.0').replace(/^(m=\S+) \d+/, '$1 9')),
    ),
  };
}

/** The description with candidates added to its data section. */
export function withCandidates(
  description: Description,
  candidates: readonly string[],
  isComplete: boolean,
): Description {
  const added = candidates.map((line) => `a=${line}`);
  if (isComplete) added.push('a=end-of-candidates');
  return {
    session: description.session,
    sections: description.sections.map((lines) =>
      isData(lines) && !isRejected(lines) ? [...lines, ...added] : lines,
    ),
  };
}

/** Our answer to an offer: its data section is ours, every other section is declined. */
export function answerTo(offer: Description, ours: Description, setup: DtlsSetup): Description {
  const data = dataSection(offer);
  const mine = ours.sections.find((lines) => isData(lines) && !isRejected(lines)) ?? [];
  const mid = data?.mid ?? '0';
  return {
    session: regrouped(ours.session, mid),
    sections: offer.sections.map((lines, index) =>
      index === data?.index ? withAttributes(mine, { mid, setup }) : declined(lines),
    ),
  };
}

/** The offer of a later negotiation: what we agreed on, with the DTLS role open again. */
export function offerAgain(ours: Description): Description {
  return {
    session: ours.session.map((line) =>
      line.replace(/^(o=\S+ \S+) (\d+)/, (_, head, version) => `${head} ${Number(version) + 1}`),
    ),
    sections: ours.sections.map((lines) =>
      isData(lines) && !isRejected(lines) ? withAttributes(lines, { setup: 'actpass' }) : lines,
    ),
  };
}

function regrouped(session: readonly string[], mid: string): string[] {
  return session.map((line) => (line.startsWith('a=group:') ? `a=group:BUNDLE ${mid}` : line));
}

function withAttributes(lines: readonly string[], values: Record<string, string>): string[] {
  return lines.map((line) => {
    const name = /^a=([^:]+):/.exec(line)?.[1] ?? '';
    const value = values[name];
    return value === undefined ? line : `a=${name}:${value}`;
  });
}

/** A section with port 0 is declined (RFC 8829 5.3.1); it keeps its place, its kind and its mid. */
function declined(offered: readonly string[]): string[] {
  const mid = attribute(offered, 'mid');
  return [
    (offered[0] ?? '').replace(/^(m=\S+) \S+ (\S+ \S+).*/, '$1 0 $2'),
    'c=IN IP4 0.0.0.0',
    ...(mid === undefined ? [] : [`a=mid:${mid}`]),
    'a=inactive',
  ];
}

function isData(lines: readonly string[]): boolean {
  return /^m=application \d+ \S*DTLS\/SCTP\b/.test(lines[0] ?? '');
}

function isRejected(lines: readonly string[]): boolean {
  // With bundle-only, port 0 is no refusal (RFC 9143); browsers use it for bundled sections.
  return /^m=\S+ 0 /.test(lines[0] ?? '') && !lines.includes('a=bundle-only');
}

function attribute(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(`a=${name}:`))?.slice(name.length + 3);
}
