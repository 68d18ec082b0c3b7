import { afterAll } from 'vitest';
import { webrtcSuite } from '../../testing/src/webrtc-suite.ts';
import { cleanup, webrtc } from './index.ts';

afterAll(() => cleanup());

webrtcSuite(webrtc, {
  skip: {
    WR3: 'node-datachannel does not pass the reliability on to the receiver',
    WR24: 'libjuice cannot restart ICE',
  },
});
