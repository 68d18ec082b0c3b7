import { webrtcSuite } from './webrtc-suite.ts';

const isFirefox = navigator.userAgent.includes('Firefox/');

webrtcSuite(globalThis, {
  skip: isFirefox ? { WR30: 'Firefox drops what is sent on a closed channel, in silence' } : {},
});
