/**
 * How long two Node peers take to connect: `node scripts/connect-time.mjs [connections] [delayMs]`,
 * after `npm run build`. From the offer, with all candidates, to open channels on both sides;
 * each of the two descriptions takes `delayMs` on its way.
 */

import { cleanup, webrtc } from '../dist/index.mjs';

const [count = 50, delayMs = 0] = process.argv.slice(2).map(Number);
const DEADLINE_MS = 5_000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const event = (target, type) =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

async function gathered(pc) {
  while (pc.iceGatheringState !== 'complete') await event(pc, 'icegatheringstatechange');
  return pc.localDescription;
}

/** Milliseconds, or Infinity when it failed. */
async function connect() {
  const sides = [new webrtc.RTCPeerConnection(), new webrtc.RTCPeerConnection()];
  const [offerer, answerer] = sides;
  const channels = sides.map((pc) => pc.createDataChannel('x', { negotiated: true, id: 0 }));
  const open = Promise.all(channels.map((channel) => event(channel, 'open')));
  await offerer.setLocalDescription();
  const offer = await gathered(offerer);
  const start = performance.now();
  await wait(delayMs);
  await answerer.setRemoteDescription(offer);
  await answerer.setLocalDescription();
  const answer = await gathered(answerer);
  await wait(delayMs);
  await offerer.setRemoteDescription(answer);
  const isOpen = await Promise.race([open.then(() => true), wait(DEADLINE_MS)]);
  const tookMs = isOpen ? performance.now() - start : Number.POSITIVE_INFINITY;
  for (const pc of sides) pc.close();
  return tookMs;
}

const times = [];
for (let done = 0; done < count; done += 1) times.push(await connect());
times.sort((a, b) => a - b);
const at = (part) => times[Math.min(count - 1, Math.floor(count * part))].toFixed(0);
const stalled = times.filter((ms) => ms > 900 && ms < DEADLINE_MS).length;
const failed = times.filter((ms) => ms >= DEADLINE_MS).length;
process.stdout.write(
  `${count} connections, delay ${delayMs} ms: median ${at(0.5)} ms, p95 ${at(0.95)} ms, ` +
    `stalled ${stalled}, failed ${failed}\n`,
);
cleanup();
process.exit();
