import { expect, test } from 'vitest';
import { type ConnectionState, canFollow, transportMeaning } from './state.ts';

const STATES: ConnectionState[] = [
  'new',
  'connecting',
  'connected',
  'disconnected',
  'failed',
  'closed',
];

test('a connection takes only the steps of the table', () => {
  const steps = STATES.flatMap((from) =>
    STATES.filter((to) => canFollow(from, to)).map((to) => `${from} > ${to}`),
  );
  expect(steps).toEqual([
    'new > connecting',
    'new > failed',
    'new > closed',
    'connecting > connected',
    'connecting > failed',
    'connecting > closed',
    'connected > disconnected',
    'connected > failed',
    'connected > closed',
    'disconnected > connected',
    'disconnected > failed',
    'disconnected > closed',
    'failed > closed',
  ]);
});

test('the transport counts, ICE and DTLS together', () => {
  const meanings = STATES.map((state) => [state, transportMeaning(state)]);
  expect(Object.fromEntries(meanings)).toEqual({
    new: 'fine',
    connecting: 'fine',
    connected: 'fine',
    disconnected: 'doubtful',
    failed: 'lost',
    closed: 'lost',
  });
});

test('a state that a browser invents is an error, not a guess', () => {
  expect(() => transportMeaning('asleep' as RTCPeerConnectionState)).toThrow(/asleep/);
});
