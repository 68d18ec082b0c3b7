import { expect, test } from 'vitest';
import {
  type ChannelInit,
  isSameInit,
  type OpenOptions,
  toChannelInit,
  toLabel,
} from './channel-options.ts';

const plain: ChannelInit = { label: 'default', protocol: '', ordered: true };

test('open() without anything is the default channel, reliable and ordered', () => {
  expect(toChannelInit(undefined)).toEqual(plain);
  expect(toChannelInit({})).toEqual(plain);
  expect(toChannelInit('chat')).toEqual({ ...plain, label: 'chat' });
});

test('every option arrives', () => {
  const options = { label: 'a', protocol: 'p', ordered: false, maxRetransmits: 0 };
  expect(toChannelInit(options)).toEqual(options);
  expect(toChannelInit({ maxPacketLifeTime: 65_535 })).toEqual({
    ...plain,
    maxPacketLifeTime: 65_535,
  });
  const longest = 'x'.repeat(256);
  expect(toChannelInit({ label: longest, protocol: longest })).toMatchObject({
    label: longest,
    protocol: longest,
  });
});

test.each([
  ['label', ['', 'x'.repeat(257), 1, null, {}, []]],
  ['protocol', ['x'.repeat(257), 1, null, {}]],
  ['ordered', ['true', 0, 1, null]],
  ['maxPacketLifeTime', [-1, 65_536, 1.5, Number.NaN, '1', null, true]],
  ['maxRetransmits', [-1, 65_536, 1.5, Number.NaN, '1', null, true]],
])('%s out of range is a TypeError that names it', (name, values) => {
  for (const value of values) {
    const open = () => toChannelInit({ [name]: value } as OpenOptions);
    expect(open, JSON.stringify(value)).toThrow(TypeError);
    expect(open, JSON.stringify(value)).toThrow(new RegExp(name));
  }
});

test('both limits at once are refused', () => {
  expect(() => toChannelInit({ maxPacketLifeTime: 1, maxRetransmits: 1 })).toThrow(
    /maxPacketLifeTime or maxRetransmits/,
  );
});

test.each([
  ['an empty label', ''],
  ['a number', 5],
  ['true', true],
  ['a function', () => {}],
  ['a list', ['chat']],
])('open(%o) is refused', (_what, input) => {
  expect(() => toChannelInit(input as string)).toThrow(TypeError);
});

test.each([
  ['an empty label', ''],
  ['an empty label in options', { label: '' }],
  ['a label that is no text', { label: 5 }],
  // These would close, or send on, the default channel: not what was meant.
  ['a number', 5],
  ['true', true],
  ['a list', ['chat']],
])('a label may not be %s', (_what, input) => {
  expect(() => toLabel(input as string)).toThrow(TypeError);
});

test('a label comes alone, in options, or by default', () => {
  expect(toLabel('chat')).toBe('chat');
  expect(toLabel({ label: 'chat' })).toBe('chat');
  expect(toLabel({})).toBe('default');
  expect(toLabel(undefined)).toBe('default');
});

test('two inits are the same when every field is', () => {
  const init: ChannelInit = { ...plain, maxRetransmits: 0 };
  expect(isSameInit(init, { ...init })).toBe(true);
  expect(isSameInit(init, { ...init, label: 'b' })).toBe(false);
  expect(isSameInit(init, { ...init, protocol: 'b' })).toBe(false);
  expect(isSameInit(init, { ...init, ordered: false })).toBe(false);
  expect(isSameInit(init, { ...init, maxRetransmits: 1 })).toBe(false);
  expect(isSameInit(init, plain)).toBe(false);
  expect(isSameInit(plain, { ...plain, maxPacketLifeTime: 0 })).toBe(false);
});
