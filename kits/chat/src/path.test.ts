import { describe, expect, it } from 'vitest';
import { readPath, wordsFor } from './path.ts';

const report = (...rows: Record<string, unknown>[]) =>
  new Map(rows.map((row) => [String(row['id']), row]));

const host = { id: 'host', type: 'local-candidate', candidateType: 'host' };
const far = { id: 'far', type: 'remote-candidate', candidateType: 'prflx' };
const relay = { id: 'relay', type: 'local-candidate', candidateType: 'relay' };
const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' };
const pair = {
  id: 'P',
  type: 'candidate-pair',
  localCandidateId: 'host',
  remoteCandidateId: 'far',
  currentRoundTripTime: 0.0124,
};

describe('readPath', () => {
  it('reads a direct path as Chromium tells it', () => {
    expect(readPath(report(host, far, transport, pair))).toEqual({
      kind: 'direct',
      roundTripMs: 12.4,
    });
  });

  it('reads the chosen pair as Firefox marks it, with no round trip', () => {
    const { currentRoundTripTime: _, ...untimed } = pair;
    const other = { ...pair, id: 'O', localCandidateId: 'relay' };
    expect(readPath(report(host, far, relay, other, { ...untimed, selected: true }))).toEqual({
      kind: 'direct',
      roundTripMs: undefined,
    });
  });

  it('calls a path relayed when either end is a relay candidate', () => {
    const relayed = { ...pair, localCandidateId: 'relay' };
    expect(readPath(report(relay, far, transport, relayed)).kind).toBe('turn');
  });

  it('knows no path before a pair is chosen', () => {
    expect(readPath(report(host, { id: 'T', type: 'transport' }, pair))).toEqual({ kind: 'none' });
  });
});

describe('wordsFor', () => {
  it.each([
    ['new', 'Connecting…'],
    ['connecting', 'Connecting…'],
    ['connected', 'Connected'],
    ['disconnected', 'Lost, looking again…'],
    ['failed', 'No way through yet, trying again…'],
    ['closed', 'Gone'],
  ] as const)('says %s as %j', (state, words) => {
    expect(wordsFor(state, { kind: 'none' })).toBe(words);
  });

  it('tells the way and the time', () => {
    expect(wordsFor('connected', { kind: 'direct', roundTripMs: 12.4 })).toBe('Direct · 12 ms');
    expect(wordsFor('connected', { kind: 'direct', roundTripMs: 0.4 })).toBe('Direct · under 1 ms');
    expect(wordsFor('connected', { kind: 'turn', roundTripMs: undefined })).toBe('Via TURN relay');
  });
});
