import { expect, test } from 'vitest';
import { Hub } from './hub.ts';

const a = { name: 'a' };
const b = { name: 'b' };
const bytes = Uint8Array.of(1, 2, 3);

test('members of exactly that topic hear a payload, and the publisher does not', () => {
  const hub = new Hub<typeof a>(10);
  const heard: string[] = [];
  hub.subscribe(a, 'room', () => heard.push('a'));
  hub.subscribe(b, 'room', () => heard.push('b'));
  hub.subscribe(b, 'room2', () => heard.push('b in room2'));
  hub.publish(a, 'room', bytes);
  expect(heard).toEqual(['b']);
});

test('subscribing twice delivers once, and counts once', () => {
  const hub = new Hub<typeof a>(1);
  const heard: string[] = [];
  expect(hub.subscribe(a, 'room', () => heard.push('first'))).toBeUndefined();
  expect(hub.subscribe(a, 'room', () => heard.push('second'))).toBeUndefined();
  hub.publish(b, 'room', bytes);
  expect(heard).toEqual(['first']);
});

test('a member has at most so many topics, and may exchange one for another', () => {
  const hub = new Hub<typeof a>(2);
  const deliver = () => undefined;
  hub.subscribe(a, '1', deliver);
  hub.subscribe(a, '2', deliver);
  expect(hub.subscribe(a, '3', deliver)).toMatchObject({ code: 'limit-reached' });
  expect(hub.subscribe(b, '3', deliver)).toBeUndefined();
  hub.unsubscribe(a, '1');
  expect(hub.subscribe(a, '3', deliver)).toBeUndefined();
});

test('nothing is left of members that unsubscribed or are gone', () => {
  const hub = new Hub<typeof a>(10);
  const deliver = () => undefined;
  for (const topic of ['1', '2', '__proto__']) hub.subscribe(a, topic, deliver);
  hub.subscribe(b, '1', deliver);
  expect(hub.size).toEqual({ topics: 3, members: 2 });
  hub.remove(a);
  hub.remove(a);
  expect(hub.size).toEqual({ topics: 1, members: 1 });
  hub.unsubscribe(b, 'never subscribed');
  hub.unsubscribe(b, '1');
  expect(hub.size).toEqual({ topics: 0, members: 0 });
});
