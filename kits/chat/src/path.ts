/**
 * Path: how the bytes of one connection travel, in words a person understands.
 * Owns: reading the browser's statistics. Used by: people.ts, mesh.ts.
 */

/** The way of a connection, as far as the browser tells. */
export type Path =
  | { readonly kind: 'none' }
  | { readonly kind: 'direct' | 'turn'; readonly roundTripMs: number | undefined };

/** A row of statistics; the DOM types leave most fields out. */
type Row = Readonly<Record<string, unknown>>;

/** Asks the browser which pair of addresses it chose, and how long a question takes there. */
export async function pathOf(connection: RTCPeerConnection): Promise<Path> {
  const report = await connection.getStats();
  return readPath(report as unknown as ReadonlyMap<string, Row>);
}

/** Reads the chosen pair from a statistics report. */
export function readPath(report: ReadonlyMap<string, Row>): Path {
  const pair = chosenPair(report);
  if (!pair) return { kind: 'none' };
  const ends = [pair['localCandidateId'], pair['remoteCandidateId']];
  const isRelayed = ends.some((id) => report.get(String(id))?.['candidateType'] === 'relay');
  const seconds = pair['currentRoundTripTime'];
  return {
    kind: isRelayed ? 'turn' : 'direct',
    roundTripMs: typeof seconds === 'number' ? seconds * 1000 : undefined,
  };
}

function chosenPair(report: ReadonlyMap<string, Row>): Row | undefined {
  const rows = [...report.values()];
  const transport = rows.find((row) => row['type'] === 'transport');
  const chosen = report.get(String(transport?.['selectedCandidatePairId']));
  // Firefox has no transport row for data only; it marks the pair itself.
  return chosen ?? rows.find((row) => row['type'] === 'candidate-pair' && row['selected'] === true);
}

/** What to write beside a person's name. */
export function wordsFor(state: RTCPeerConnectionState, path: Path): string {
  switch (state) {
    case 'new':
    case 'connecting':
      return 'Connecting…';
    case 'connected':
      return path.kind === 'none' ? 'Connected' : travelWords(path);
    case 'disconnected':
      return 'Lost, looking again…';
    case 'failed':
      return 'No way through yet, trying again…';
    case 'closed':
      return 'Gone';
  }
}

function travelWords(path: Exclude<Path, { kind: 'none' }>): string {
  const way = path.kind === 'turn' ? 'Via TURN relay' : 'Direct';
  if (path.roundTripMs === undefined) return way;
  return `${way} · ${path.roundTripMs < 1 ? 'under 1' : Math.round(path.roundTripMs)} ms`;
}
