/** What is sent arrives, as the same kind of value, in order, within bounds; or sending says why not. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLOW } from './channels/channel.ts';
import { allMet, catchUncaught, codeOf, type Guest, opened, Party } from './testing.ts';

let party: Party;
beforeEach(() => {
  party = new Party();
});
afterEach(() => party.end());

const KIB = 1_024;

/** Something to compare: binary by kind and bytes. */
async function shown(value: unknown): Promise<unknown> {
  if (value instanceof Blob)
    return ['Blob', value.type, ...new Uint8Array(await value.arrayBuffer())];
  if (value instanceof ArrayBuffer) return ['ArrayBuffer', ...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return [value.constructor.name, ...bytes];
  }
  return value;
}

/** A blob whose bytes take a while to be read. */
function slowBlob(text: string): Blob {
  const blob = new Blob([text], { type: 'text/plain' });
  const read = blob.arrayBuffer.bind(blob);
  blob.arrayBuffer = () =>
    new Promise((resolve) => {
      setTimeout(() => void read().then(resolve), 50);
    });
  return blob;
}

describe('values', () => {
  const someBytes = () => new Uint8Array([0, 1, 2, 253, 254, 255, 7, 8]);
  const values: [string, unknown][] = [
    ['a string', 'hello'],
    ['an empty string', ''],
    ['a string of every plane', 'aé漢🎉\u0000\uFEFF'],
    ['an ArrayBuffer', someBytes().buffer],
    ['an empty ArrayBuffer', new ArrayBuffer(0)],
    ['a Blob', new Blob([someBytes()], { type: 'image/png' })],
    ['an empty Blob', new Blob([], { type: 'text/plain' })],
    ['a Blob without a type', new Blob(['x'])],
    ['a DataView', new DataView(someBytes().buffer, 2, 3)],
    ['an Int8Array', new Int8Array(someBytes().buffer)],
    ['a Uint8Array', someBytes()],
    ['an empty Uint8Array', new Uint8Array(0)],
    ['a part of a buffer', someBytes().subarray(3, 5)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(someBytes().buffer)],
    ['an Int16Array', new Int16Array(someBytes().buffer)],
    ['a Uint16Array', new Uint16Array(someBytes().buffer)],
    ['an Int32Array', new Int32Array(someBytes().buffer)],
    ['a Uint32Array', new Uint32Array(someBytes().buffer)],
    ['a Float32Array', new Float32Array([1.5, -0, Number.POSITIVE_INFINITY])],
    ['a Float64Array', new Float64Array([Math.PI])],
    ['a BigInt64Array', new BigInt64Array([-1n])],
    ['a BigUint64Array', new BigUint64Array([2n ** 63n])],
    ['an object', { a: [1, { b: null }], ü: 'ö' }],
    ['an array', [1, 'two', [3]]],
    ['a number', -1.5],
    ['zero', 0],
    ['true', true],
    ['false', false],
    ['null', null],
  ];

  it('of every kind arrive as what they were, both ways, in order', async () => {
    const { polite, impolite } = await party.chat();
    for (const [from, to] of [
      [polite, impolite],
      [impolite, polite],
    ] as const) {
      for (const [, value] of values) void from.peer.send(value as never, { label: 'chat' });
      await to.messages(values.length, 'chat');
      const received = to.received('chat');
      expect(received.length).toBe(values.length);
      for (const [at, [what, value]] of values.entries()) {
        expect([what, await shown(received[at])]).toEqual([what, await shown(value)]);
      }
    }
  });

  it('are taken as they are at the call: changing them afterwards changes nothing', async () => {
    const { polite, impolite } = await party.chat();
    const bytes = new Uint8Array([1, 2, 3]);
    const json = { n: 1 };
    void polite.peer.send(slowBlob('first'), { label: 'chat' }); // the others wait behind it
    void polite.peer.send(bytes, { label: 'chat' });
    void polite.peer.send(json, { label: 'chat' });
    bytes.fill(9);
    json.n = 9;
    await impolite.messages(3);
    expect(impolite.received().slice(1)).toEqual([new Uint8Array([1, 2, 3]), { n: 1 }]);
  });

  it('that cannot be sent are a TypeError, with somebody there and alone', async () => {
    const alone = party.guest();
    const { polite, impolite } = await party.chat();
    await alone.peer.open('chat');
    await alone.peer.join('elsewhere');
    for (const { peer } of [polite, alone]) {
      for (const value of [undefined, () => {}, Symbol('x'), 1n]) {
        await expect(peer.send(value as never, { label: 'chat' })).rejects.toBeInstanceOf(
          TypeError,
        );
      }
    }
    await polite.peer.send('still here', { label: 'chat' });
    await impolite.messages(1);
    expect(impolite.received()).toEqual(['still here']);
  });
});

describe('large messages', () => {
  it('of the documented 261,120 bytes arrive, text and binary', async () => {
    const { polite, impolite } = await party.chat();
    const text = 'x'.repeat(255 * KIB);
    await polite.peer.send(text, { label: 'chat' });
    await impolite.messages(1);
    expect(impolite.received()[0] === text).toBe(true);
    const bytes = new Uint8Array(255 * KIB).map((_, at) => at % 251);
    await polite.peer.send(bytes, { label: 'chat' });
    await impolite.messages(2);
    const arrived = impolite.received()[1] as Uint8Array;
    expect(arrived.length).toBe(bytes.length);
    expect(arrived.every((byte, at) => byte === at % 251)).toBe(true);
  });

  it('beyond are refused as message-too-large, and the channel stays usable', async () => {
    const { polite, impolite } = await party.chat();
    const size = 255 * KIB + 1;
    const tooLarge = [
      'x'.repeat(size),
      '漢'.repeat(size / 3 + 1),
      new Uint8Array(size),
      new Blob([new Uint8Array(size)]),
      ['x'.repeat(size)],
    ];
    for (const [at, value] of tooLarge.entries()) {
      expect(await codeOf(polite.peer.send(value, { label: 'chat' }))).toBe('message-too-large');
      expect(await codeOf(polite.remote(impolite).send(value, 'chat'))).toBe('message-too-large');
      await polite.peer.send(at, { label: 'chat' });
    }
    await impolite.messages(tooLarge.length);
    expect(impolite.received()).toEqual([...tooLarge.keys()]);
    expect(polite.all('channel:error')).toEqual([]);
  });
});

describe('a burst of 50 MB', () => {
  const MESSAGE_BYTES = 64 * KIB;
  const COUNT = 800;

  const message = (at: number) => {
    const bytes = new Uint8Array(MESSAGE_BYTES);
    new DataView(bytes.buffer).setUint32(0, at);
    return bytes;
  };

  it.each([
    ['awaited one by one', true],
    ['all at once', false],
  ] as const)(
    '%s arrives in order, and never more than the mark is buffered',
    async (_how, isAwaited) => {
      const { polite, impolite } = await party.chat();
      const channel = polite.remote(impolite).channels.get('chat') as RTCDataChannel;
      let peak = 0;
      const send = channel.send.bind(channel) as (data: never) => void;
      channel.send = (data: never) => {
        send(data);
        peak = Math.max(peak, channel.bufferedAmount);
      };
      const order: number[] = [];
      impolite.peer.on('channel:message', ({ data }) => {
        order.push(new DataView((data as Uint8Array).buffer).getUint32(0));
      });
      const sending: Promise<void>[] = [];
      for (let at = 0; at < COUNT; at += 1) {
        const sent = polite.peer.send(message(at), { label: 'chat' });
        if (isAwaited) await sent;
        else sending.push(sent);
      }
      await Promise.all(sending);
      await impolite.messages(COUNT, 'chat', 45_000);
      expect(order).toEqual(Array.from({ length: COUNT }, (_, at) => at));
      expect(peak).toBeLessThanOrEqual(FLOW.highWaterBytes + FLOW.maxMessageBytes);
      expect(peak).toBeGreaterThan(0);
    },
    60_000,
  );

  it('beyond what may wait is refused as limit-reached; the rest still arrives', async () => {
    const { polite, impolite } = await party.chat();
    const count = Math.ceil(FLOW.maxWaitingBytes / MESSAGE_BYTES) + 200;
    const codes = await Promise.all(
      Array.from({ length: count }, (_, at) => codeOf(polite.peer.send(message(at), 'chat'))),
    );
    const refused = codes.filter((code) => code !== 'resolved');
    expect(new Set(refused)).toEqual(new Set(['limit-reached']));
    await impolite.messages(count - refused.length, 'chat', 45_000);
    await polite.peer.send('after', 'chat');
    await impolite.wait('channel:message', ({ data }) => data === 'after');
  }, 60_000);

  it('of Blobs is held to the same limit', async () => {
    const { polite } = await party.chat();
    const blob = new Blob([new Uint8Array(255 * KIB - 2)]);
    const count = Math.ceil(FLOW.maxWaitingBytes / blob.size) + 100;
    const sending = Array.from({ length: count }, () => codeOf(polite.peer.send(blob, 'chat')));
    const soon = new Promise((resolve) => setTimeout(resolve, 1_000, 'nothing refused'));
    const refused = Promise.any(
      sending.map(async (code) => {
        if ((await code) !== 'limit-reached') throw new Error('sent');
        return 'refused';
      }),
    ).catch(() => 'nothing refused');
    expect(await Promise.race([refused, soon])).toBe('refused');
    await polite.peer.leave();
    await Promise.all(sending);
  }, 60_000);
});

describe('order', () => {
  it('is that of the calls, though a Blob takes time to be read', async () => {
    const { polite, impolite } = await party.chat();
    void polite.peer.send('one', { label: 'chat' });
    void polite.peer.send(slowBlob('two'), { label: 'chat' });
    void polite.peer.send('three', { label: 'chat' });
    void polite.peer.send(slowBlob('four'), { label: 'chat' });
    void polite.peer.send(new Uint8Array([5]), { label: 'chat' });
    await impolite.messages(5);
    const kinds = await Promise.all(
      impolite.received().map((value) => (value instanceof Blob ? value.text() : value)),
    );
    expect(kinds).toEqual(['one', 'two', 'three', 'four', new Uint8Array([5])]);
  });

  it('is kept though a message between is refused', async () => {
    const { polite, impolite } = await party.chat();
    void polite.peer.send(slowBlob('one'), { label: 'chat' });
    const refused = codeOf(polite.peer.send('x'.repeat(300 * KIB), { label: 'chat' }));
    void polite.peer.send('two', { label: 'chat' });
    expect(await refused).toBe('message-too-large');
    await impolite.messages(2);
    expect(impolite.received()[1]).toBe('two');
  });
});

describe('send', () => {
  it('without a label goes out on every open channel, with one on that', async () => {
    const { polite, impolite } = await party.chat();
    await polite.peer.open('other');
    await Promise.all([opened(polite, 'other'), opened(impolite, 'other')]);
    await polite.peer.send('to all');
    await polite.peer.send('to one', 'other');
    await polite.remote(impolite).send('by remote', { label: 'chat' });
    await polite.remote(impolite).send('everywhere');
    await impolite.messages(3, 'chat');
    await impolite.messages(3, 'other');
    expect(impolite.received('chat')).toEqual(['to all', 'by remote', 'everywhere']);
    expect(impolite.received('other')).toEqual(['to all', 'to one', 'everywhere']);
  });

  it('to one, to some, to an unknown', async () => {
    const [a, b, c] = (await party.gather(3)) as [Guest, Guest, Guest];
    await a.peer.open('chat');
    await Promise.all([opened(a, 'chat'), opened(b, 'chat', a), opened(c, 'chat', a)]);
    await a.peer.send('to b', { label: 'chat', to: b.id });
    await a.peer.send('to both', { label: 'chat', to: [b.id, c.id] });
    expect(await codeOf(a.peer.send('lost', { label: 'chat', to: 'nobody' }))).toBe('unknown-peer');
    expect(await codeOf(a.peer.send('lost', { to: [b.id, 'nobody'] }))).toBe('unknown-peer');
    await a.peer.send('nobody is nobody', { label: 'chat', to: [] }).catch(() => {});
    await expect(a.peer.send('x', { to: 7 as never })).rejects.toBeInstanceOf(TypeError);
    await a.peer.send('to all', { label: 'chat' });
    await Promise.all([b.messages(3), c.messages(2)]);
    expect(b.received()).toEqual(['to b', 'to both', 'to all']);
    expect(c.received()).toEqual(['to both', 'to all']);
  });

  it('on a channel that is not open is channel-not-open', async () => {
    const { polite, impolite } = await party.chat();
    const remote = polite.remote(impolite);
    expect(await codeOf(polite.peer.send('x', 'nope'))).toBe('channel-not-open');
    expect(await codeOf(remote.send('x', 'nope'))).toBe('channel-not-open');
    expect(await codeOf(polite.peer.send('x', { label: 'nope', to: remote.id }))).toBe(
      'channel-not-open',
    );
    await polite.peer.close('chat');
    expect(await codeOf(polite.peer.send('x', 'chat'))).toBe('channel-not-open');
    expect(await codeOf(remote.send('x', 'chat'))).toBe('channel-not-open');
    await impolite.peer.leave();
    await polite.wait('connection:closed');
    expect(await codeOf(remote.send('x', 'chat'))).toMatch(/channel-not-open|peer-gone/);
    expect(await codeOf(remote.open('chat'))).toBe('peer-gone');
  });

  it('to the room succeeds while one remote is still connecting', async () => {
    const { polite, impolite } = await party.chat();
    class NeverConnects extends RTCPeerConnection {
      override setRemoteDescription(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const slow = party.guest({ webrtc: { RTCPeerConnection: NeverConnects } });
    await slow.peer.join('room');
    await polite.wait('connection:connecting', ({ remote }) => remote?.id === slow.id);
    expect(polite.remote(slow).state).toBe('connecting');
    await polite.peer.send('hello', { label: 'chat' });
    await polite.peer.send('hello again');
    await impolite.messages(2);
    expect(await codeOf(polite.peer.send('x', { label: 'chat', to: slow.id }))).toBe(
      'channel-not-open',
    );
  });

  it('that nobody awaits never becomes an unhandled rejection', async () => {
    const { polite, impolite } = await party.chat();
    const uncaught = catchUncaught();
    try {
      void polite.peer.send('x', 'nope');
      void polite.peer.send('x', { to: 'nobody' });
      void polite.peer.send('x'.repeat(300 * KIB), 'chat');
      const remote = polite.remote(impolite);
      void remote.send('x', 'nope');
      void remote.send(new Blob(['x'.repeat(300 * KIB)]), 'chat');
      for (let at = 0; at < 40; at += 1) void remote.send('x'.repeat(200 * KIB), 'chat');
      await impolite.peer.leave();
      await polite.wait('connection:closed');
      void remote.send('x', 'chat');
      await uncaught.drain();
      expect(uncaught.caught).toEqual([]);
    } finally {
      uncaught.stop();
    }
  });

  it('that waits rejects when the channel closes, the remote leaves, or we do', async () => {
    for (const how of ['close', 'leave', 'remote leaves'] as const) {
      const { polite, impolite } = await party.chat();
      const remote = polite.remote(impolite);
      const sending = Array.from({ length: 40 }, () =>
        codeOf(remote.send('x'.repeat(200 * KIB), 'chat')),
      );
      if (how === 'close') await polite.peer.close('chat');
      else if (how === 'leave') await polite.peer.leave();
      else await impolite.peer.leave();
      const codes = new Set(await Promise.all(sending));
      expect(codes).toEqual(new Set(['resolved', 'peer-gone']));
      await party.end();
    }
  }, 30_000);

  it('to the room goes on when one of its remotes leaves', async () => {
    const [a, b, c] = (await party.gather(3)) as [Guest, Guest, Guest];
    await a.peer.open('chat');
    await Promise.all([opened(a, 'chat'), opened(b, 'chat', a), opened(c, 'chat', a)]);
    const sending = Array.from({ length: 40 }, () =>
      codeOf(a.peer.send('x'.repeat(200 * KIB), { label: 'chat' })),
    );
    await b.peer.leave();
    expect(new Set(await Promise.all(sending))).toEqual(new Set(['resolved']));
    await c.messages(40);
  });

  it('by the raw channel, as in the documentation, arrives as it is', async () => {
    const { polite, impolite } = await party.chat();
    const channel = polite.remote(impolite).channels.get('chat');
    channel?.send('hello');
    channel?.send('');
    await impolite.messages(2);
    expect(impolite.received()).toEqual(['hello', '']);
    // Bytes that are no value of ours are reported, and harm nothing.
    channel?.send(new Uint8Array([255, 1, 2]));
    channel?.send(new Uint8Array(0));
    const { error } = await impolite.wait('channel:error');
    expect(error?.code).toBe('bad-frame');
    await polite.peer.send('still here', 'chat');
    await impolite.messages(3);
  });
});

describe('a channel:open handler', () => {
  it('may send at once', async () => {
    const guests = [party.guest(), party.guest(), party.guest()] as const;
    for (const { peer } of guests) {
      peer.on('channel:open', ({ remote, label }) => void remote.send(`hi ${label}`, { label }));
      await peer.open('chat');
    }
    await Promise.all(guests.map(({ peer }) => peer.join('room')));
    await allMet(guests);
    await Promise.all(guests.map((guest) => guest.messages(2)));
    for (const guest of guests) expect(guest.received()).toEqual(['hi chat', 'hi chat']);
  });
});
