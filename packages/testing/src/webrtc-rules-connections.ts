/**
 * Rules about connections: descriptions, candidates, offer collisions, states, statistics.
 * Used by: webrtc-suite.ts.
 */

import { expect } from 'vitest';
import {
  exchange,
  exchangeTrickling,
  gathered,
  messages,
  next,
  opened,
  Pair,
  PerfectNegotiator,
  type Rules,
  within,
} from './webrtc-pair.ts';

/**
 * Both offer, then the signals cross. Only once both have gathered: a rollback before the first
 * candidate can leave Chromium 156 without any, on both connections.
 */
async function glare(pair: Pair, politeOne: 'a' | 'b'): Promise<void> {
  const [a, b] = pair.channels();
  const sides = [
    new PerfectNegotiator(pair.a, politeOne === 'a'),
    new PerfectNegotiator(pair.b, politeOne === 'b'),
  ] as const;
  await Promise.all(sides.map((side) => side.offer()));
  await Promise.all([gathered(pair.a), gathered(pair.b)]);
  expect([pair.a.signalingState, pair.b.signalingState]).toEqual([
    'have-local-offer',
    'have-local-offer',
  ]);
  let isOver = false;
  const deliver = async (from: PerfectNegotiator, to: PerfectNegotiator) => {
    for (const signal of from.outbox.splice(0)) await to.receive(signal);
  };
  const carry = async () => {
    while (!isOver) {
      await deliver(sides[0], sides[1]);
      await deliver(sides[1], sides[0]);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const open = Promise.all([opened(a), opened(b)]).finally(() => {
    isOver = true;
  });
  await Promise.all([open, carry()]);
  expect([pair.a.signalingState, pair.b.signalingState]).toEqual(['stable', 'stable']);
  const arrived = messages(b, 1);
  a.send('after the collision');
  expect(await arrived).toEqual(['after the collision']);
}

export const CONNECTION_RULES: Rules = {
  WR8: [
    'setLocalDescription makes the right description by itself',
    async (pair) => {
      pair.channels();
      await pair.a.setLocalDescription();
      expect(pair.a.localDescription?.type).toBe('offer');
      await pair.b.setRemoteDescription(pair.a.localDescription as RTCSessionDescription);
      await pair.b.setLocalDescription();
      expect(pair.b.localDescription?.type).toBe('answer');
    },
  ],
  WR9: ['an offer collision resolves, the first one being polite', (pair) => glare(pair, 'a')],
  WR10: ['an offer collision resolves, the second one being polite', (pair) => glare(pair, 'b')],
  WR11: [
    'an explicit rollback forgets our offer, and theirs connects',
    async (pair) => {
      const [a, b] = pair.channels();
      const open = Promise.all([opened(a), opened(b)]);
      await pair.b.setLocalDescription();
      await gathered(pair.b);
      await pair.b.setLocalDescription({ type: 'rollback' });
      expect([pair.b.signalingState, pair.b.localDescription]).toEqual(['stable', null]);
      // Trickling: Chromium does not always report `complete` again after a rollback.
      await exchangeTrickling(pair.a, pair.b);
      await open;
    },
  ],
  WR12: [
    'a candidate before the remote description rejects and harms nothing',
    async (pair) => {
      const early = { candidate: 'candidate:1 1 UDP 1 192.0.2.9 9 typ host', sdpMid: '0' };
      await expect(pair.a.addIceCandidate(early)).rejects.toThrow(
        expect.objectContaining({ name: 'InvalidStateError' }),
      );
      await pair.connected();
    },
  ],
  WR13: [
    'candidates have the standard shape, null ends them, and the description then has them all',
    async (pair) => {
      pair.channels();
      const found: RTCIceCandidate[] = [];
      const states: string[] = [];
      pair.a.addEventListener('icegatheringstatechange', () => {
        states.push(pair.a.iceGatheringState);
      });
      const ended = new Promise<void>((resolve) => {
        pair.a.onicecandidate = ({ candidate }) => {
          if (candidate === null) resolve();
          else if (candidate.candidate !== '') found.push(candidate);
        };
      });
      await pair.a.setLocalDescription();
      await within('null candidate', ended);
      expect(states.at(-1)).toBe('complete');
      expect(found.length).toBeGreaterThan(0);
      const sdp = pair.a.localDescription?.sdp ?? '';
      for (const candidate of found) {
        expect(candidate.candidate).toMatch(/^candidate:\S+ 1 \w+ \d+ \S+ \d+ typ /);
        expect(candidate.toJSON()).toMatchObject({ sdpMid: '0', sdpMLineIndex: 0 });
        expect(sdp).toContain(`a=ice-ufrag:${candidate.usernameFragment}\r\n`);
        expect(sdp).toContain(`a=${candidate.candidate.split(' typ ')[0]}`);
      }
    },
  ],
  WR14: [
    'descriptions with all candidates connect without any other signal',
    async (pair) => {
      const [a, b] = await pair.connected();
      const arrived = Promise.all([messages(a, 1), messages(b, 1)]);
      a.send('to b');
      b.send('to a');
      expect(await arrived).toEqual([['to a'], ['to b']]);
    },
  ],
  WR15: [
    'an offer rewritten to start DTLS itself connects',
    async (pair) => {
      const [a, b] = pair.channels();
      const open = Promise.all([opened(a), opened(b)]);
      await exchange(pair.a, pair.b, (sdp) => sdp.replace('a=setup:actpass', 'a=setup:active'));
      await open;
      expect(pair.b.localDescription?.sdp).toContain('a=setup:passive');
    },
  ],
  WR18: [
    'garbage for a description rejects and leaves the connection usable',
    async (pair) => {
      const garbage = ['', 'hello', 'v=0\r\n', 'v=0\r\nm=application 9 nonsense\r\n'];
      for (const sdp of garbage) {
        await expect(pair.b.setRemoteDescription({ type: 'offer', sdp })).rejects.toThrow();
        expect(pair.b.signalingState).toBe('stable');
      }
      await pair.connected();
    },
  ],
  WR21: [
    'thirty connections, one after the other, all work',
    async (_, webrtc) => {
      for (let count = 0; count < 30; count += 1) {
        const pair = new Pair(webrtc);
        const [a, b] = await pair.connected();
        const arrived = messages(b, 1);
        a.send(`${count}`);
        expect(await arrived).toEqual([`${count}`]);
        pair.close();
      }
    },
  ],
  WR22: [
    'statistics have the pair in use and its two candidates',
    async (pair) => {
      await pair.connected();
      const reports = await pair.a.getStats();
      const all = [...reports.values()] as Record<string, unknown>[];
      const pairInUse = all.find(
        (report) => report['type'] === 'candidate-pair' && report['nominated'] === true,
      );
      expect(pairInUse).toMatchObject({ state: 'succeeded' });
      for (const side of ['local', 'remote']) {
        const candidate = reports.get(String(pairInUse?.[`${side}CandidateId`]));
        expect(candidate).toMatchObject({ type: `${side}-candidate` });
        expect(candidate.candidateType).toMatch(/^(host|prflx)$/);
      }
    },
  ],
  WR23: [
    'negotiationneeded fires for the first channel, and not for the second',
    async (pair) => {
      let count = 0;
      pair.a.onnegotiationneeded = () => {
        count += 1;
      };
      const needed = next(pair.a, 'negotiationneeded');
      pair.channels();
      expect(count).toBe(0);
      await needed;
      await exchange(pair.a, pair.b);
      await opened(pair.a.createDataChannel('second'));
      expect(count).toBe(1);
    },
  ],
  WR24: [
    'an ICE restart gives new credentials and keeps the channels',
    async (pair) => {
      const [a, b] = await pair.connected();
      const before = pair.a.localDescription?.sdp.match(/ice-ufrag:(\S+)/)?.[1];
      pair.a.restartIce();
      await exchange(pair.a, pair.b);
      expect(pair.a.localDescription?.sdp.match(/ice-ufrag:(\S+)/)?.[1]).not.toBe(before);
      const arrived = messages(b, 1);
      a.send('still here');
      expect(await arrived).toEqual(['still here']);
    },
  ],
  WR25: [
    'the end of candidates is accepted',
    async (pair) => {
      pair.channels();
      await exchange(pair.a, pair.b);
      await pair.a.addIceCandidate({ candidate: '', sdpMid: '0', sdpMLineIndex: 0 });
      await pair.a.addIceCandidate();
    },
  ],
  WR26: [
    'descriptions are null before, and pending until agreed on',
    async (pair) => {
      expect([pair.a.localDescription, pair.a.remoteDescription, pair.a.sctp]).toEqual([
        null,
        null,
        null,
      ]);
      pair.channels();
      await pair.a.setLocalDescription();
      expect(pair.a.pendingLocalDescription?.type).toBe('offer');
      expect(pair.a.currentLocalDescription).toBeNull();
      await pair.b.setRemoteDescription(await gathered(pair.a));
      expect(pair.b.signalingState).toBe('have-remote-offer');
      await pair.b.setLocalDescription();
      await pair.a.setRemoteDescription(await gathered(pair.b));
      expect([pair.a.signalingState, pair.a.pendingLocalDescription]).toEqual(['stable', null]);
      expect(pair.a.currentRemoteDescription?.type).toBe('answer');
    },
  ],
  WR27: [
    'createOffer and createAnswer work, and events follow the promise',
    async (pair) => {
      const [a, b] = pair.channels();
      const open = Promise.all([opened(a), opened(b)]);
      const offer = await pair.a.createOffer();
      expect(pair.a.signalingState).toBe('stable');
      let candidates = 0;
      pair.a.onicecandidate = () => {
        candidates += 1;
      };
      await pair.a.setLocalDescription(offer);
      expect(candidates).toBe(0);
      await pair.b.setRemoteDescription(await gathered(pair.a));
      await pair.b.setLocalDescription(await pair.b.createAnswer());
      await pair.a.setRemoteDescription(await gathered(pair.b));
      await open;
    },
  ],
  WR28: [
    'a later exchange, from either side, leaves the channels open',
    async (pair) => {
      const [a, b] = await pair.connected();
      await exchange(pair.b, pair.a);
      await exchange(pair.a, pair.b);
      const arrived = messages(b, 1);
      a.send('still here');
      expect(await arrived).toEqual(['still here']);
    },
  ],
  WR29: [
    'a configuration that makes no sense throws',
    async (_, { RTCPeerConnection }) => {
      const policy = { iceTransportPolicy: 'some' } as unknown as RTCConfiguration;
      expect(() => new RTCPeerConnection(policy)).toThrow(TypeError);
      const servers = { iceServers: [{ urls: 'nonsense' }] };
      expect(() => new RTCPeerConnection(servers)).toThrow(
        expect.objectContaining({ name: 'SyntaxError' }),
      );
    },
  ],
};
