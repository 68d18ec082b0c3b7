import { describe, expect, it } from 'vitest';
import { linkTo, roomOf, serverOf } from './address.ts';

const at = (rest: string) => new URL(`https://chat.example/app/${rest}`);

describe('roomOf', () => {
  it.each([
    ['', 'lobby'],
    ['#', 'lobby'],
    ['#tea-room', 'tea-room'],
    ['?room=tea%20room', 'tea room'],
    ['?room=one#two', 'two'],
    ['#caf%C3%A9', 'café'],
    ['#100%', '100%'],
    ['#%20%E2%80%AE', 'lobby'],
  ])('reads %j as %j', (rest, room) => {
    expect(roomOf(at(rest))).toBe(room);
  });

  it('cuts a name that is too long', () => {
    expect(roomOf(at(`#${'x'.repeat(500)}`))).toHaveLength(40);
  });
});

describe('linkTo', () => {
  it('leads to the same room and server, whichever way the room was named', () => {
    const link = new URL(linkTo('tea room', at('?room=old&server=https://s.example/')));
    expect(roomOf(link)).toBe('tea room');
    expect(serverOf(link)).toBe('https://s.example/');
    expect(link.pathname).toBe('/app/');
  });
});

describe('serverOf', () => {
  it.each([
    ['', 'https://chat.example'],
    ['?server=https://s.example:4000', 'https://s.example:4000/'],
    ['?server=wss://s.example', 'wss://s.example/'],
    ['?server=javascript:alert(1)', 'https://chat.example'],
    ['?server=nonsense', 'https://chat.example'],
  ])('reads %j as %j', (rest, server) => {
    expect(serverOf(at(rest))).toBe(server);
  });
});
