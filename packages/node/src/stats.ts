/**
 * Stats: what the native side knows, as the reports of W3C webrtc-stats.
 * Used by: peer-connection.ts.
 */

import type { Transport } from './transport.ts';

/** One report: `id`, `type`, `timestamp` (milliseconds since the epoch) and its own fields. */
export type Report = { readonly id: string; readonly type: string; readonly timestamp: number } & {
  readonly [field: string]: unknown;
};

/** Reports by id: transport, and once ICE has chosen the candidate pair and its two ends. */
export function statsReport(transport: Transport | undefined): Map<string, Report> {
  const reports = new Map<string, Report>();
  if (!transport) return reports;
  const timestamp = Date.now();
  const add = (type: string, id: string, fields: Record<string, unknown>) =>
    reports.set(id, { id, type, timestamp, ...fields });
  const { pair, roundTripMs, sentBytes, receivedBytes } = transport.measurements;
  const traffic = { bytesSent: sentBytes, bytesReceived: receivedBytes };
  add('transport', 'transport', {
    ...traffic,
    iceState: transport.iceState,
    ...(pair && { selectedCandidatePairId: 'pair' }),
  });
  if (!pair) return reports;
  for (const side of ['local', 'remote'] as const) {
    const { address, port, type, transportType, priority } = pair[side];
    const protocol = transportType.toLowerCase().startsWith('tcp') ? 'tcp' : 'udp';
    add(`${side}-candidate`, side, {
      transportId: 'transport',
      address,
      port,
      protocol,
      candidateType: type,
      priority,
    });
  }
  add('candidate-pair', 'pair', {
    ...traffic,
    transportId: 'transport',
    localCandidateId: 'local',
    remoteCandidateId: 'remote',
    state: 'succeeded',
    nominated: true,
    // SCTP's estimate, in seconds; the native side measures none on the ICE pair itself.
    ...(roundTripMs >= 0 && { currentRoundTripTime: roundTripMs / 1_000 }),
  });
  return reports;
}
