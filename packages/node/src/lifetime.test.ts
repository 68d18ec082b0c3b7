import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, expect, it } from 'vitest';
import { exchange, messages, next, opened, Pair } from '../../testing/src/webrtc-pair.ts';
import { nativeConfiguration } from './configuration.ts';
import { parseDescription } from './description.ts';
import { cleanup, webrtc } from './index.ts';

afterAll(() => cleanup());

it('lets the process end once every connection is closed, whatever came before', async () => {
  const script = `
    import { webrtc } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
    for (let count = 0; count < 30; count += 1) {
      const short = new webrtc.RTCPeerConnection();
      short.createDataChannel('short');
      await short.setLocalDescription();
      short.close();
    }
    const make = () => new webrtc.RTCPeerConnection();
    const [a, b, offered, unused] = [make(), make(), make(), make()];
    for (const pc of [a, b, offered, unused]) pc.createDataChannel('x', { negotiated: true, id: 0 });
    await offered.setLocalDescription();
    await a.setLocalDescription();
    await a.setLocalDescription({ type: 'rollback' });
    const gathered = async (pc) => {
      while (pc.iceGatheringState !== 'complete') {
        await new Promise((resolve) => { pc.onicegatheringstatechange = resolve; });
      }
      return pc.localDescription;
    };
    await a.setLocalDescription();
    await b.setRemoteDescription(await gathered(a));
    await b.setLocalDescription();
    const late = a.createDataChannel('late');
    await a.setRemoteDescription(await gathered(b));
    await new Promise((resolve) => { late.onopen = resolve; });
    const lost = new Promise((resolve) => { late.onclose = resolve; });
    b.close();
    await lost;
    offered.close();
    process.stdout.write('done');
  `;
  // Node strips no types before version 22: Vite's own module runner would, but only in here.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', await bundled(script)],
    { timeout: 15_000 },
  );
  expect(stdout).toBe('done');
}, 30_000);

/** The script and our sources as one module, node-datachannel left outside. */
async function bundled(script: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: { ssr: true, write: false, target: 'node20', rollupOptions: { input: 'script' } },
    plugins: [
      {
        name: 'script',
        resolveId: (id) => (id === 'script' ? '\0script' : null),
        load: (id) => (id === '\0script' ? script : null),
      },
    ],
  });
  const [bundle] = [result].flat();
  if (!bundle || !('output' in bundle)) throw new Error('Vite made no bundle.');
  return bundle.output[0].code;
}

it('says failed, not closed, when the remote closed, and closes every channel', async () => {
  const pair = new Pair(webrtc);
  const [, b] = await pair.connected();
  const inBand = pair.b.createDataChannel('in-band');
  await opened(inBand);
  const states: string[] = [];
  pair.b.onconnectionstatechange = () => states.push(pair.b.connectionState);
  const closed = Promise.all([next(b, 'close'), next(inBand, 'close')]);
  pair.a.close();
  await closed;
  while (pair.b.connectionState !== 'failed') await next(pair.b, 'connectionstatechange');
  expect(states.at(-1)).toBe('failed');
  expect(pair.b.signalingState).toBe('stable');
  pair.close();
});

it('refuses an ICE restart of ours and of the remote, and the channel goes on', async () => {
  const pair = new Pair(webrtc);
  const [a, b] = await pair.connected();
  const refusal = expect.objectContaining({ name: 'NotSupportedError' });
  expect(() => pair.a.restartIce()).toThrow(refusal);
  await expect(pair.a.createOffer({ iceRestart: true })).rejects.toThrow(refusal);
  const sdp = (await pair.b.createOffer()).sdp?.replace(/a=ice-ufrag:\S+/, 'a=ice-ufrag:newer');
  await expect(pair.a.setRemoteDescription({ type: 'offer', sdp: sdp ?? '' })).rejects.toThrow(
    refusal,
  );
  expect(pair.a.signalingState).toBe('stable');
  const arrived = messages(b, 1);
  a.send('still here');
  expect(await arrived).toEqual(['still here']);
  pair.close();
});

it('offers nothing without a channel, instead of ending the process', async () => {
  const pair = new Pair(webrtc);
  await expect(pair.a.setLocalDescription()).rejects.toThrow(/no data channel/);
  const closing = pair.a.createDataChannel('gone');
  closing.close();
  await expect(pair.a.createOffer()).rejects.toThrow(/no data channel/);
  await pair.connected();
  pair.close();
});

it('declines media in an offer and keeps its place', async () => {
  const pair = new Pair(webrtc);
  pair.channels();
  await pair.a.setLocalDescription();
  const audio = 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:7\r\na=rtpmap:111 opus/48000/2\r\n';
  const sdp = pair.a.localDescription?.sdp.replace('m=application', `${audio}m=application`) ?? '';
  await pair.b.setRemoteDescription({ type: 'offer', sdp });
  await pair.b.setLocalDescription();
  const sections = parseDescription(pair.b.localDescription?.sdp ?? '')?.sections ?? [];
  expect(sections.map(([line]) => line)).toEqual([
    'm=audio 0 UDP/TLS/RTP/SAVPF 111',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  ]);
  expect(sections[0]).toContain('a=mid:7');
  pair.close();
});

it('fails when the fingerprint in the description is not that of the remote', async () => {
  const pair = new Pair(webrtc);
  const [a] = pair.channels();
  await exchange(pair.a, pair.b, (sdp) =>
    sdp.replace(/(a=fingerprint:sha-256 )../, (_, head) => `${head}00`),
  );
  while (pair.a.connectionState !== 'failed') await next(pair.a, 'connectionstatechange');
  expect(a.readyState).not.toBe('open');
  pair.close();
});

it('hands STUN and TURN over UDP to the native side, and leaves out what it cannot use', () => {
  const credentials = { username: '1700:a@b', credential: 'p/w:?' };
  const { iceServers } = nativeConfiguration({
    iceServers: [
      { urls: 'stun:stun.example.org' },
      {
        urls: ['turn:t.example.org:99?transport=udp', 'turn:t.example.org?transport=tcp'],
        ...credentials,
      },
      { urls: ['turns:t.example.org', 'turn:[2001:db8::1]'], ...credentials },
    ],
  });
  const turn = { username: '1700:a@b', password: 'p/w:?', relayType: 'TurnUdp' };
  expect(iceServers).toEqual([
    { hostname: 'stun.example.org', port: 3478 },
    { hostname: 't.example.org', port: 99, ...turn },
    { hostname: '2001:db8::1', port: 3478, ...turn },
  ]);
  expect(() => nativeConfiguration({ iceServers: [{ urls: 'turn:x' }] })).toThrow(
    expect.objectContaining({ name: 'InvalidAccessError' }),
  );
  expect(() => nativeConfiguration({ iceServer: [] } as RTCConfiguration)).toThrow(TypeError);
});
