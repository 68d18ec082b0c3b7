import { describe, expect, test, vi } from 'vitest';
import { MemoryDriver } from './drivers/memory.ts';
import { MeshworkError } from './errors.ts';
import { type JoinOptions, type PeerOptions, toJoinSettings, toSettings } from './options.ts';

class FakeConnection {}
const webrtc = { RTCPeerConnection: FakeConnection as unknown as typeof RTCPeerConnection };

describe('the options of a Peer', () => {
  test('defaults', () => {
    const settings = toSettings();
    expect(settings).toEqual({
      driver: expect.any(MemoryDriver),
      configuration: { iceServers: [], iceTransportPolicy: 'all' },
      candidateWindowMs: 50,
      timeoutMs: 15_000,
      webrtc: undefined,
      maxPeers: 100,
      maxChannels: 256,
    });
    expect(toSettings({}).driver).toBe(settings.driver);
  });

  test('every option arrives', () => {
    const driver = new MemoryDriver();
    const iceServers = [{ urls: 'stun:stun.example.org' }];
    const settings = toSettings({
      driver,
      iceServers,
      iceTransportPolicy: 'relay',
      iceCandidateDebounce: 0,
      connectionTimeout: 1.5,
      webrtc,
      limits: { peers: 1, channels: 2 },
    });
    expect(settings).toEqual({
      driver,
      configuration: { iceServers, iceTransportPolicy: 'relay' },
      candidateWindowMs: 0,
      timeoutMs: 1_500,
      webrtc,
      maxPeers: 1,
      maxChannels: 2,
    });
  });

  test('one limit alone leaves the other at its default', () => {
    expect(toSettings({ limits: { peers: 7 } })).toMatchObject({ maxPeers: 7, maxChannels: 256 });
  });

  test('a connectionTimeout of 0 means never', () => {
    expect(toSettings({ connectionTimeout: 0 }).timeoutMs).toBe(0);
  });

  test('a driver is known by its methods, not by its class', () => {
    const foreign = Object.fromEntries(
      ['subscribe', 'unsubscribe', 'publish', 'on', 'off'].map((name) => [name, () => {}]),
    );
    const driver = foreign as unknown as NonNullable<PeerOptions['driver']>;
    expect(toSettings({ driver }).driver).toBe(driver);
    for (const name of Object.keys(foreign)) {
      const lacking = { ...foreign, [name]: undefined } as unknown as typeof driver;
      expect(() => toSettings({ driver: lacking })).toThrow(new RegExp(`driver.*${name}`));
    }
  });

  test.each([
    ['driver', [null, 1, 'memory', {}, () => {}]],
    ['iceServers', [null, 'stun:a', {}, 1, [null], ['stun:a'], [{}], [{ urls: 5 }]]],
    ['iceTransportPolicy', [null, 'none', 'Relay', 1, true]],
    ['iceCandidateDebounce', [null, -1, 10_001, Number.NaN, Number.POSITIVE_INFINITY, '50', true]],
    ['connectionTimeout', [null, -1, 3e6, Number.NaN, Number.POSITIVE_INFINITY, '15', true]],
    ['webrtc', [null, 1, {}, { RTCPeerConnection: 'no' }]],
    ['limits', [null, 5, [], 'no']],
  ] as [keyof PeerOptions, unknown[]][])(
    '%s: a wrong value is a TypeError that names it',
    (name, values) => {
      for (const value of values) {
        const make = () => toSettings({ [name]: value } as PeerOptions);
        expect(make, JSON.stringify(value)).toThrow(TypeError);
        expect(make, JSON.stringify(value)).toThrow(new RegExp(name));
      }
    },
  );

  test.each([
    ['peers', [null, 0, -1, 10_001, 1.5, Number.NaN, '5', true]],
    ['channels', [null, 0, -1, 65_536, 1.5, Number.NaN, '5', true]],
  ] as [string, unknown[]][])(
    'limits.%s: a wrong value is a TypeError that names it',
    (name, values) => {
      for (const value of values) {
        const make = () => toSettings({ limits: { [name]: value } });
        expect(make, JSON.stringify(value)).toThrow(TypeError);
        expect(make, JSON.stringify(value)).toThrow(new RegExp(`limits\\.${name}`));
      }
    },
  );

  test.each([
    ['an option', { iceServer: [] }],
    ['an option of another library', { signalingEncryption: true }],
    ['a limit', { limits: { peer: 5 } }],
  ])('%s that does not exist is refused by name', (_what, options) => {
    expect(() => toSettings(options as PeerOptions)).toThrow(TypeError);
    expect(() => toSettings(options as PeerOptions)).toThrow(/iceServer|signalingEncryption|peer/);
  });

  test.each([[null], [5], ['lobby'], [[]]])('options may not be %o', (options) => {
    expect(() => toSettings(options as unknown as PeerOptions)).toThrow(TypeError);
  });

  test('a list of servers that the app changes later is not ours any more', () => {
    const iceServers = [{ urls: 'stun:a' }];
    const settings = toSettings({ iceServers });
    iceServers.length = 0;
    expect(settings.configuration.iceServers).toHaveLength(1);
  });
});

describe('the options of join', () => {
  test('defaults: the default room, no metadata, everyone welcome', async () => {
    for (const settings of [toJoinSettings(undefined), toJoinSettings({})]) {
      expect(settings).toMatchObject({ room: 'default', metadata: undefined, signal: undefined });
      expect(await settings.verify({ id: 'a', metadata: undefined })).toBe(true);
    }
  });

  test('every option arrives', () => {
    const verify = vi.fn(() => false);
    const { signal } = new AbortController();
    const metadata = { name: 'Ada' };
    expect(toJoinSettings({ room: 'a', metadata, verify, signal })).toEqual({
      room: 'a',
      metadata,
      verify,
      signal,
    });
    expect(toJoinSettings('lobby').room).toBe('lobby');
  });

  test('a room may have 128 bytes of UTF-8', () => {
    expect(toJoinSettings('é'.repeat(64)).room).toBe('é'.repeat(64));
    expect(() => toJoinSettings(`${'é'.repeat(64)}a`)).toThrow(TypeError);
  });

  test.each([
    ['room', ['', 5, null, {}, 'x'.repeat(129)]],
    ['verify', [null, true, {}]],
    ['signal', [null, {}, new AbortController()]],
    ['metadata', [1n, () => {}, Symbol('a')]],
  ] as [keyof JoinOptions, unknown[]][])(
    '%s: a wrong value is a TypeError that names it',
    (name, values) => {
      for (const value of values) {
        const make = () => toJoinSettings({ [name]: value } as JoinOptions);
        expect(make, String(value)).toThrow(TypeError);
        expect(make, String(value)).toThrow(new RegExp(name));
      }
    },
  );

  test('circular metadata is a TypeError that keeps the cause', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => toJoinSettings({ metadata: circle })).toThrow(/metadata/);
  });

  test('an option that does not exist is refused: a misspelt verify would let everyone in', () => {
    const misspelt = { room: 'a', verfy: () => false } as JoinOptions;
    expect(() => toJoinSettings(misspelt)).toThrow(/verfy/);
  });

  test('metadata may have 4,096 bytes of JSON', () => {
    expect(toJoinSettings({ metadata: 'x'.repeat(4_094) }).metadata).toHaveLength(4_094);
    for (const metadata of ['x'.repeat(4_095), 'é'.repeat(2_048)]) {
      let caught: unknown;
      try {
        toJoinSettings({ metadata });
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(MeshworkError);
      expect(caught).toMatchObject({ code: 'metadata-too-large' });
    }
  });

  test('metadata is what others will see, and later changes are not', () => {
    const metadata = { when: new Date(0), nothing: undefined, list: [1] };
    const settings = toJoinSettings({ metadata });
    metadata.list.push(2);
    expect(settings.metadata).toEqual({ when: '1970-01-01T00:00:00.000Z', list: [1] });
    expect(toJoinSettings({ metadata: null }).metadata).toBeNull();
  });

  test.each([[5], [[]], [true]])('options may not be %o', (options) => {
    expect(() => toJoinSettings(options as unknown as string)).toThrow(TypeError);
  });
});
