/** Labels on real connections: who gets which channel, opened when, closed by whom, and again. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allMet, codeOf, type Guest, opened, Party, type Payload } from './testing.ts';

let party: Party;
beforeEach(() => {
  party = new Party();
});
afterEach(() => party.end());

const openAt = (guest: Guest, label: string) => () =>
  [...guest.peer.connections.values()].every(
    ({ channels }) => channels.get(label)?.readyState === 'open',
  );
const closedAt = (guest: Guest, label: string) => () =>
  [...guest.peer.connections.values()].every(({ channels }) => !channels.has(label));

/** A message each way on this label: the proof that both ends hold the same channel. */
async function exchange(a: Guest, b: Guest, label: string, text = `${Math.random()}`) {
  const hasText = (event: Payload) => event.data === text && event.label === label;
  await a.peer.send(text, { label, to: b.id });
  await b.wait('channel:message', hasText);
  await b.peer.send(text, { label, to: a.id });
  await a.wait('channel:message', hasText);
}

describe('opening', () => {
  it('before joining, by both, on two labels, comes to one channel each', async () => {
    const guests = [party.guest(), party.guest(), party.guest()] as const;
    for (const { peer } of guests) {
      await peer.open('chat');
      await peer.open({ label: 'cursor', ordered: false, maxRetransmits: 0, protocol: 'xy' });
    }
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    await allMet(guests);
    for (const guest of guests) {
      await Promise.all([opened(guest, 'chat'), opened(guest, 'cursor')]);
    }
    const [a, b, c] = guests;
    for (const label of ['chat', 'cursor']) {
      await exchange(a, b, label);
      await exchange(b, c, label);
      await exchange(c, a, label);
    }
    for (const guest of guests) {
      expect(guest.all('channel:new').length).toBe(4);
      expect(guest.all('channel:open').length).toBe(4);
      for (const { channels } of guest.peer.connections.values()) {
        expect(channels.get('cursor')).toMatchObject({
          ordered: false,
          maxRetransmits: 0,
          maxPacketLifeTime: null,
          protocol: 'xy',
        });
        expect(channels.get('chat')).toMatchObject({ ordered: true, protocol: '' });
      }
    }
  });

  it('after joining, by either side, reaches everybody', async () => {
    const guests = (await party.gather(3)) as [Guest, Guest, Guest];
    for (const [at, guest] of guests.entries()) {
      await guest.peer.open({ label: `by ${at}`, maxPacketLifeTime: 100 });
      const others = guests.filter((one) => one !== guest);
      await opened(guest, `by ${at}`);
      await Promise.all(others.map((one) => opened(one, `by ${at}`, guest)));
      for (const other of others) {
        await exchange(guest, other, `by ${at}`);
        for (const remote of [guest.remote(other), other.remote(guest)]) {
          expect(remote.channels.get(`by ${at}`)?.maxPacketLifeTime).toBe(100);
        }
      }
    }
  });

  it('reaches those who come later', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    await a.peer.open('early');
    await opened(b, 'early');
    const late = party.guest();
    await late.peer.join('room');
    await allMet([a, b, late]);
    await Promise.all([opened(late, 'early', a), opened(a, 'early', late)]);
    await exchange(a, late, 'early');
    // The one who did not ask for it has it with the one who did, and with nobody else.
    expect(late.remote(b).channels.has('early')).toBe(false);
  });

  it('with one remote leaves the others alone, and ends with the connection', async () => {
    const [a, b, c] = (await party.gather(3)) as [Guest, Guest, Guest];
    await a.remote(b).open('just us');
    await Promise.all([opened(a, 'just us', b), opened(b, 'just us', a)]);
    await exchange(a, b, 'just us');
    expect(c.all('channel:new')).toEqual([]);
    expect(a.peer.channels.size).toBe(0);
    await b.peer.leave();
    await a.wait('channel:close');
    await b.peer.join('room');
    await allMet([a, b, c]);
    await a.peer.open('marker');
    await opened(b, 'marker', a);
    expect(a.remote(b).channels.has('just us')).toBe(false);
  });

  it('by both at once comes to one channel', async () => {
    const { polite, impolite } = await party.pair();
    for (let round = 0; round < 20; round += 1) {
      const label = `round ${round}`;
      await Promise.all([polite.peer.open(label), impolite.peer.open(label)]);
      await Promise.all([opened(polite, label), opened(impolite, label)]);
      await exchange(polite, impolite, label);
    }
    for (const guest of [polite, impolite]) {
      expect(guest.all('channel:new').length).toBe(20);
      expect(guest.all('channel:open').length).toBe(20);
      expect(guest.all('channel:close')).toEqual([]);
      expect(guest.all('error')).toEqual([]);
    }
  });

  it('a label twice: the same options change nothing, others are channel-exists', async () => {
    const { polite, impolite } = await party.chat();
    const remotes = [polite.remote(impolite), impolite.remote(polite)];
    for (const owner of [polite.peer, ...remotes]) {
      await owner.open({ label: 'chat' });
      await owner.open({ label: 'chat', ordered: true, protocol: '' });
      expect(await codeOf(owner.open({ label: 'chat', ordered: false }))).toBe('channel-exists');
      expect(await codeOf(owner.open({ label: 'chat', protocol: 'x' }))).toBe('channel-exists');
    }
    for (const guest of [polite, impolite]) {
      expect(guest.all('channel:new').length).toBe(1);
      expect(guest.all('error')).toEqual([]);
    }
    await exchange(polite, impolite, 'chat');
  });

  it('of bad options is a TypeError that names them', async () => {
    const { peer } = party.guest();
    const bad: [unknown, RegExp][] = [
      [{ label: '' }, /label/],
      [{ label: 'x'.repeat(257) }, /label/],
      [{ label: 1 }, /label/],
      [{ ordered: 'no' }, /ordered/],
      [{ maxRetransmits: -1 }, /maxRetransmits/],
      [{ maxPacketLifeTime: 1.5 }, /maxPacketLifeTime/],
      [{ maxRetransmits: 1, maxPacketLifeTime: 1 }, /not both/],
      [{ protocol: 7 }, /protocol/],
      [7, /label/],
    ];
    for (const [options, named] of bad) {
      await expect(peer.open(options as never)).rejects.toThrow(named);
      await expect(peer.open(options as never)).rejects.toBeInstanceOf(TypeError);
    }
    expect(peer.channels.size).toBe(0);
  });

  it('has the default label when none is given', async () => {
    const { polite, impolite } = await party.pair();
    await polite.peer.open();
    await opened(impolite, 'default');
    expect([...polite.peer.channels.keys()]).toEqual(['default']);
    await polite.peer.close();
    await impolite.wait('channel:close');
  });

  it('carries labels of any characters', async () => {
    const { polite, impolite } = await party.pair();
    for (const label of [
      'Überraschung 🎉',
      ' ',
      '__proto__',
      'constructor',
      'a/b:c*',
      'x'.repeat(256),
    ]) {
      await polite.peer.open(label);
      await Promise.all([opened(polite, label), opened(impolite, label)]);
      await exchange(polite, impolite, label);
    }
  });
});

describe('closing', () => {
  it.each(['polite', 'impolite'] as const)('by the %s side closes both ends', async (side) => {
    const pair = await party.chat();
    const closing = pair[side];
    await closing.peer.close('chat');
    await Promise.all([pair.polite.wait('channel:close'), pair.impolite.wait('channel:close')]);
    for (const guest of [pair.polite, pair.impolite]) {
      expect(closedAt(guest, 'chat')()).toBe(true);
      expect(guest.names('channel').filter((name) => name === 'channel:close').length).toBe(1);
      expect(guest.peer.connections.size).toBe(1);
    }
    await closing.peer.close('chat');
    await closing.peer.close('never opened');
  });

  it.each(['polite', 'impolite'] as const)(
    'and opening again, by the %s side, twenty times, each time when it is open',
    async (side) => {
      const { polite, impolite } = await party.chat();
      const { peer } = { polite, impolite }[side];
      for (let round = 0; round < 20; round += 1) {
        await peer.close('chat');
        await peer.open('chat');
        const count = round + 2;
        await Promise.all(
          [polite, impolite].map((guest) =>
            guest.until(() => guest.all('channel:open').length === count, `channel ${count}`),
          ),
        );
        await exchange(polite, impolite, 'chat');
      }
      for (const guest of [polite, impolite]) {
        expect(guest.all('channel:new').length).toBe(21);
        expect(guest.all('channel:close').length).toBe(20);
        expect(guest.all('error')).toEqual([]);
      }
    },
  );

  it.each(['polite', 'impolite'] as const)(
    'and opening again, by the %s side, twenty times without a pause, ends open',
    async (side) => {
      const { polite, impolite } = await party.chat();
      const { peer } = { polite, impolite }[side];
      for (let round = 0; round < 20; round += 1) {
        void peer.close('chat');
        void peer.open('chat');
      }
      // A later label is ordered behind all of it, so that what is open now stays open.
      await peer.open('marker');
      await Promise.all([opened(polite, 'marker'), opened(impolite, 'marker')]);
      await polite.until(openAt(polite, 'chat'), 'chat at the polite end');
      await impolite.until(openAt(impolite, 'chat'), 'chat at the impolite end');
      await exchange(polite, impolite, 'chat');
      expect([...polite.all('error'), ...impolite.all('error')]).toEqual([]);
    },
  );

  it.each(['polite', 'impolite'] as const)(
    'right after opening, by the %s side, twenty times, ends closed',
    async (side) => {
      const { polite, impolite } = await party.pair();
      const { peer } = { polite, impolite }[side];
      for (let round = 0; round < 20; round += 1) {
        void peer.open('chat');
        void peer.close('chat');
      }
      await peer.open('marker');
      await Promise.all([opened(polite, 'marker'), opened(impolite, 'marker')]);
      await exchange(polite, impolite, 'marker');
      await polite.until(closedAt(polite, 'chat'), 'no chat at the polite end', 3_000);
      await impolite.until(closedAt(impolite, 'chat'), 'no chat at the impolite end', 3_000);
    },
  );

  it('by one side while the other opens it again comes to the same at both ends', async () => {
    const { polite, impolite } = await party.chat();
    for (let round = 0; round < 20; round += 1) {
      const [closing, opening] = round % 2 ? [polite, impolite] : [impolite, polite];
      void closing.peer.close('chat');
      void opening.remote(closing).close('chat');
      void opening.remote(closing).open('chat');
      await opening.peer.open(`marker ${round}`);
      await Promise.all([opened(polite, `marker ${round}`), opened(impolite, `marker ${round}`)]);
      const agree = () => openAt(polite, 'chat')() === openAt(impolite, 'chat')();
      await Promise.all([
        polite.until(agree, 'both ends to agree'),
        impolite.until(agree, 'both ends to agree'),
      ]);
      await polite.peer.open('chat');
      await impolite.peer.open('chat');
      await Promise.all([
        polite.until(openAt(polite, 'chat'), 'chat at the polite end'),
        impolite.until(openAt(impolite, 'chat'), 'chat at the impolite end'),
      ]);
      await exchange(polite, impolite, 'chat');
    }
  });

  it('room-wide keeps it from those who come later', async () => {
    const [a, b] = (await party.gather(2)) as [Guest, Guest];
    await a.peer.open('brief');
    await opened(b, 'brief');
    await a.peer.close('brief');
    await a.peer.open('lasting');
    const late = party.guest();
    await late.peer.join('room');
    await Promise.all([opened(late, 'lasting', a), opened(a, 'lasting', late)]);
    await exchange(a, late, 'lasting');
    expect(late.all('channel:new').map(({ label }) => label)).toEqual(['lasting']);
  });
});

describe('limits.channels', () => {
  it('refuses our own channels beyond with limit-reached, and a remote’s with an error', async () => {
    const { polite, impolite } = await party.pair({ limits: { channels: 2 } });
    await polite.peer.open('one');
    await polite.peer.open('two');
    expect(await codeOf(polite.peer.open('three'))).toBe('limit-reached');
    await Promise.all([opened(impolite, 'one'), opened(impolite, 'two')]);
    // A remote that does not keep the limit.
    polite.remote(impolite).connection.createDataChannel('raw');
    expect((await impolite.wait('error')).error?.code).toBe('limit-reached');
    expect(impolite.remote(polite).channels.size).toBe(2);
    await exchange(polite, impolite, 'one');
  });
});
