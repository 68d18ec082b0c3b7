/** Rooms on real connections: joining, the documented events, verify, leaving, coming back. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Addon, MemoryDriver, MeshworkError, Peer } from './index.ts';
import {
  allMet,
  catchUncaught,
  codeOf,
  countingWebRtc,
  type Guest,
  opened,
  Party,
  type Payload,
} from './testing.ts';

let party: Party;
beforeEach(() => {
  party = new Party();
});
afterEach(() => party.end());

const twice = (name: string) => [`${name.split(':')[0]}(${name})`, name];

describe('the documented events', () => {
  it('report connecting, talking and leaving in order, the group name first', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    await a.peer.open('chat');
    await Promise.all([opened(a, 'chat'), opened(b, 'chat')]);
    await a.peer.send('from a', { label: 'chat' });
    await b.wait('channel:message');
    await b.peer.send('from b', { label: 'chat' });
    await a.wait('channel:message');
    await b.peer.leave();
    await a.wait('connection:closed');
    for (const guest of [a, b]) {
      expect(guest.names('connection')).toEqual(
        [
          'connection:new',
          'connection:connecting',
          'connection:connected',
          'connection:closed',
        ].flatMap(twice),
      );
      expect(guest.names('channel')).toEqual(
        ['channel:new', 'channel:open', 'channel:message', 'channel:close'].flatMap(twice),
      );
      expect(guest.all('error')).toEqual([]);
      // A handler sees the state that its event describes.
      for (const { payload, stateThen } of guest.heard) {
        if (payload.state) expect(stateThen).toBe(payload.state);
      }
    }
  });

  it('carry exactly the documented fields: the local id on Peer, the remote id on RemotePeer', async () => {
    const { polite, impolite } = await party.chat();
    await impolite.peer.send({ x: 1 }, { label: 'chat' });
    await polite.wait('channel:message');
    const remote = polite.remote(impolite);
    const channel = remote.channels.get('chat');
    expect(channel).toBeInstanceOf(RTCDataChannel);

    const checkAll = (at: string, id: string, extra: Partial<Payload>) => {
      const events = polite.heard.filter((heard) => heard.at === at).map(({ payload }) => payload);
      expect(events.length).toBeGreaterThan(0);
      for (const event of events) {
        const common = { id, name: event.name, ...extra };
        if (event.name.startsWith('connection')) {
          expect(event).toEqual({ ...common, state: event.name.split(':')[1] });
        } else {
          const data = event.name === 'channel:message' ? { data: { x: 1 } } : {};
          expect(event).toEqual({ ...common, channel, label: 'chat', ...data });
        }
      }
    };
    checkAll('peer', polite.id, { remote });
    checkAll(impolite.id, impolite.id, {});
    expect(polite.all('connection:new')[0]?.remote).toBe(remote);
  });

  it('are all heard on the RemotePeer too, except the one that introduces it', async () => {
    const { polite, impolite } = await party.chat();
    await impolite.peer.leave();
    await polite.wait('connection:closed');
    const onRemote = polite.heard.filter(({ at }) => at === impolite.id).map(({ on }) => on);
    const onPeer = polite.heard.filter(({ at }) => at === 'peer').map(({ on }) => on);
    expect(onRemote).toEqual(onPeer.slice(2));
  });

  it('reach the other handlers when one throws, and the error is reported', async () => {
    const uncaught = catchUncaught();
    try {
      const a = party.guest();
      const heard: string[] = [];
      a.peer.on('connection:new', () => {
        throw new Error('a bug in the app');
      });
      a.peer.on('connection:new', () => void heard.push('second'));
      a.peer.once(['connection:connecting', 'connection:connected'], ({ name }) => {
        heard.push(name);
      });
      const b = party.guest();
      await Promise.all([a.peer.join('room'), b.peer.join('room')]);
      await allMet([a, b]);
      expect(heard).toEqual(['second', 'connection:connecting', 'connection:connected']);
      expect(uncaught.caught.map(String)).toEqual(['Error: a bug in the app']);
    } finally {
      uncaught.stop();
    }
  });

  it('stop for a handler that was taken off', async () => {
    const a = party.guest();
    const heard: string[] = [];
    const taken = () => void heard.push('taken off');
    a.peer.on('connection', taken);
    a.peer.off('connection', taken);
    a.peer.on('connection:new', () => void heard.push('all off'));
    a.peer.off('connection:new');
    const b = party.guest();
    await Promise.all([a.peer.join('room'), b.peer.join('room')]);
    await b.wait('connection:connected');
    expect(heard).toEqual([]);
  });
});

describe('join', () => {
  it('connects three peers with each other, and tells each the metadata of the others', async () => {
    const guests = [party.guest(), party.guest(), party.guest()] as const;
    await Promise.all(
      guests.map(({ peer }, at) => peer.join({ room: 'room', metadata: { at, name: 'Zoë' } })),
    );
    await allMet(guests);
    for (const guest of guests) {
      expect(guest.peer.connections.size).toBe(2);
      expect(guest.peer.metadata).toEqual({ at: guests.indexOf(guest), name: 'Zoë' });
      for (const other of guests.filter((one) => one !== guest)) {
        const { metadata, id } = guest.remote(other);
        expect(metadata).toEqual({ at: guests.indexOf(other), name: 'Zoë' });
        expect(id).toBe(other.id);
      }
    }
  });

  it('keeps rooms apart', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    const stranger = party.guest();
    await stranger.peer.join('another room');
    const late = party.guest();
    await late.peer.join('room');
    await allMet([a, b, late]);
    expect(stranger.peer.connections.size).toBe(0);
    expect(a.peer.connections.has(stranger.id)).toBe(false);
  });

  it('twice is one stay in the same room, and already-joined in another', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    const { id } = a;
    await a.peer.join('room');
    await a.peer.join({ room: 'room' });
    expect(await codeOf(a.peer.join('another'))).toBe('already-joined');
    expect(a.peer).toMatchObject({ id, room: 'room', active: true });
    expect(a.all('connection:closed')).toEqual([]);
    expect(a.remote(b).state).toBe('connected');
  });

  it('twice at the same time is one stay', async () => {
    const a = party.guest();
    const b = party.guest();
    await Promise.all([a.peer.join('room'), a.peer.join('room'), b.peer.join('room')]);
    await allMet([a, b]);
    expect(a.all('connection:new').length).toBe(1);
  });

  it('is given up by leave, and by its signal', async () => {
    const a = party.guest();
    const joining = codeOf(a.peer.join('room'));
    await a.peer.leave();
    expect(await joining).toBe('aborted');
    expect(a.peer).toMatchObject({ active: false, room: '', metadata: undefined });

    const reason = new Error('changed my mind');
    await expect(a.peer.join({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const aborted = a.peer.join({ room: 'room', signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(a.peer.active).toBe(false);

    const b = party.guest();
    await Promise.all([a.peer.join('room'), b.peer.join('room')]);
    await allMet([a, b]);
  });

  it.each(['subscribe', 'publish'] as const)(
    'is given up at once by leave and by its signal, though the driver hangs in %s',
    async (method) => {
      const hangs = new Promise<void>(() => {});
      const driver = new MemoryDriver();
      driver[method] = () => hangs;
      for (const how of ['leave', 'signal']) {
        const a = party.guest({ driver, connectionTimeout: 0 });
        const controller = new AbortController();
        const joining = codeOf(a.peer.join({ room: 'room', signal: controller.signal }));
        await new Promise((resolve) => setTimeout(resolve)); // into the driver's call
        const reason = Object.assign(new Error('enough'), { code: 'the reason' });
        if (how === 'leave') await a.peer.leave();
        else controller.abort(reason);
        const soon = new Promise((resolve) => setTimeout(resolve, 3_000, 'still pending'));
        expect(await Promise.race([joining, soon])).toBe(
          how === 'leave' ? 'aborted' : 'the reason',
        );
        expect(a.peer.active).toBe(false);
      }
    },
  );

  it('does not resolve when the room was left while the announce was on its way', async () => {
    const driver = new MemoryDriver();
    let letGo = () => {};
    driver.publish = () =>
      new Promise((resolve) => {
        letGo = resolve;
      });
    const a = party.guest({ driver });
    const joining = codeOf(a.peer.join('room'));
    await new Promise((resolve) => setTimeout(resolve));
    const leaving = a.peer.leave();
    letGo();
    await leaving;
    expect(await joining).toBe('aborted');
  });

  it('waits for a leave that is under way', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    const leaving = a.peer.leave();
    const joining = a.peer.join('room');
    await Promise.all([leaving, joining]);
    expect(a.peer).toMatchObject({ active: true, room: 'room' });
    await allMet([a, b]);
  });

  it('may be repeated after leaving: the same id, the same channels, new metadata', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    const { id } = a;
    await a.peer.open('chat');
    await opened(b, 'chat');
    await a.peer.leave();
    await b.wait('connection:closed');
    expect(a.peer).toMatchObject({ active: false, room: '', metadata: undefined, id });
    await a.peer.join({ room: 'room', metadata: 'back' });
    await allMet([a, b]);
    expect(a.id).toBe(id);
    expect(b.remote(a).metadata).toBe('back');
    await Promise.all([opened(a, 'chat'), opened(b, 'chat')]);
    expect(b.all('connection:new').length).toBe(2);
    expect(b.all('connection:failed')).toEqual([]);
  });

  it('rejects bad options with what is wrong', async () => {
    const { peer } = party.guest();
    await expect(peer.join({ room: '' })).rejects.toThrow(TypeError);
    await expect(peer.join(7 as never)).rejects.toThrow(TypeError);
    await expect(peer.join({ verify: true as never })).rejects.toThrow(TypeError);
    await expect(peer.join({ metadata: 1n })).rejects.toThrow(TypeError);
    expect(await codeOf(peer.join({ metadata: 'x'.repeat(5_000) }))).toBe('metadata-too-large');
    expect(() => new Peer({ iceServer: [] } as never)).toThrow(/iceServer/);
    expect(() => new Peer({ driver: {} as never })).toThrow(/subscribe/);
    expect(peer.active).toBe(false);
  });
});

describe('verify', () => {
  it('keeps the refused out: no connection is made for them, nothing is emitted', async () => {
    const { webrtc, made } = countingWebRtc();
    const a = party.guest({ webrtc });
    const asked: unknown[] = [];
    await a.peer.join({
      room: 'room',
      metadata: 'host',
      verify: (candidate) => {
        asked.push(candidate);
        return candidate.metadata === 'friend';
      },
    });
    const enemy = party.guest();
    await enemy.peer.join({ room: 'room', metadata: 'enemy' });
    const friend = party.guest();
    await friend.peer.join({ room: 'room', metadata: 'friend' });
    await allMet([a, friend]);
    await allMet([enemy, friend]);
    expect(asked).toEqual([
      { id: enemy.id, metadata: 'enemy' },
      { id: friend.id, metadata: 'friend' },
    ]);
    expect(made.length).toBe(1);
    expect([...a.peer.connections.keys()]).toEqual([friend.id]);
    expect(a.all('connection:new').length).toBe(1);
  });

  it('may take its time: one connection comes of it', async () => {
    const { webrtc, made } = countingWebRtc();
    const slowly = () => new Promise<boolean>((resolve) => setTimeout(resolve, 150, true));
    const guests = [party.guest({ webrtc }), party.guest({ webrtc })] as const;
    await Promise.all(guests.map(({ peer }) => peer.join({ room: 'room', verify: slowly })));
    await allMet(guests);
    // Both offered: the one that yielded closed its first connection.
    expect(made.filter(({ signalingState }) => signalingState !== 'closed').length).toBe(2);
    for (const guest of guests) {
      expect(guest.all('connection:new').length).toBe(1);
      expect(guest.all('connection:closed')).toEqual([]);
    }
  });

  it('refuses whom it throws about, and says so', async () => {
    const a = party.guest();
    const cause = new Error('no database');
    await a.peer.join({ room: 'room', verify: () => Promise.reject(cause) });
    const b = party.guest();
    await b.peer.join('room');
    const { error } = await a.wait('error');
    expect(error).toBeInstanceOf(MeshworkError);
    expect(error).toMatchObject({ code: 'verify-failed', cause });
    expect(a.peer.connections.size).toBe(0);
  });
});

describe('leave', () => {
  it('is heard by the others at once, with no word of failure', async () => {
    const [a, b, c] = (await party.gather(3)) as [Guest, Guest, Guest];
    const left = performance.now();
    await a.peer.leave();
    await Promise.all([b.wait('connection:closed'), c.wait('connection:closed')]);
    // Silence would take more than twice as long to be believed.
    expect(performance.now() - left).toBeLessThan(3_000);
    for (const guest of [b, c]) {
      expect(guest.all('connection:failed')).toEqual([]);
      expect(guest.all('error')).toEqual([]);
      expect(guest.peer.connections.has(a.id)).toBe(false);
    }
    expect(a.all('connection:closed').length).toBe(2);
    expect(a.peer.connections.size).toBe(0);
    expect(b.remote(c).state).toBe('connected');
  });

  it('closes everything before it returns, even when the driver fails', async () => {
    const { webrtc, made } = countingWebRtc();
    const driver = new MemoryDriver();
    const a = party.guest({ driver, webrtc });
    const b = party.guest({ driver: new MemoryDriver(driver) });
    await Promise.all([a.peer.join('room'), b.peer.join('room')]);
    await allMet([a, b]);
    driver.unsubscribe = () => Promise.reject(new Error('offline'));
    const leaving = a.peer.leave();
    expect(made.every(({ signalingState }) => signalingState === 'closed')).toBe(true);
    await leaving;
    expect(a.peer).toMatchObject({ active: false, room: '' });
    expect((await a.wait('error')).error?.code).toBe('signaling-failed');
    await b.wait('connection:closed');
  });

  it('twice, at once, or outside a room does nothing more', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    await Promise.all([a.peer.leave(), a.peer.leave()]);
    await a.peer.leave();
    expect(a.all('connection:closed').length).toBe(1);
    await b.wait('connection:closed');
  });

  it('may be called by a handler of connection:new, :connecting and :connected', async () => {
    for (const name of [
      'connection:new',
      'connection:connecting',
      'connection:connected',
    ] as const) {
      const a = party.guest();
      const b = party.guest();
      let left: Promise<void> | undefined;
      a.peer.on(name, () => {
        left = a.peer.leave();
      });
      await Promise.all([a.peer.join(name).catch(() => {}), b.peer.join(name)]);
      await a.wait(name);
      await left;
      expect(a.peer.connections.size).toBe(0);
      expect(a.names('connection').at(-1)).toBe('connection:closed');
      await b.peer.leave();
    }
  });
});

describe('add-ons', () => {
  it('are attached and detached with the peer in hand', async () => {
    const { peer } = party.guest();
    const calls: unknown[] = [];
    class Counting extends Addon<Peer> {
      override attach(host: Peer): void {
        calls.push(['attach', host]);
      }
      override detach(host: Peer): void {
        calls.push(['detach', host]);
      }
    }
    const addon = new Counting();
    await peer.attach(addon);
    await peer.attach(addon);
    expect([...peer.addons]).toEqual([addon]);
    await peer.detach(addon);
    await peer.detach(addon);
    expect(calls).toEqual([
      ['attach', peer],
      ['detach', peer],
    ]);
    expect(peer.addons.size).toBe(0);
  });

  it('that throw are not attached, and are detached all the same', async () => {
    const { peer } = party.guest();
    const broken = {
      attach: () => {
        throw new Error('no');
      },
      detach: () => {},
    };
    expect(await codeOf(peer.attach(broken))).toBe('addon-failed');
    expect(peer.addons.size).toBe(0);
    const stuck = { attach: () => {}, detach: () => Promise.reject(new Error('no')) };
    await peer.attach(stuck);
    expect(await codeOf(peer.detach(stuck))).toBe('addon-failed');
    expect(peer.addons.size).toBe(0);
    await expect(peer.attach({} as never)).rejects.toThrow(TypeError);
  });
});
