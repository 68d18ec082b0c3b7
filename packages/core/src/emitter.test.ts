import { afterEach, expect, test, vi } from 'vitest';
import { Emitter } from './emitter.ts';

type Events = { a: [number]; b: [number]; none: [] };

function listening() {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  const hear = (who: string) => (value: number) => {
    heard.push(`${who}${value}`);
  };
  return { emitter, heard, hear };
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('handlers are called at once, in the order in which they were added', () => {
  const { emitter, heard, hear } = listening();
  emitter.on('a', hear('first'));
  emitter.on('a', hear('second'));
  emitter.on('b', hear('other'));
  emitter.emit('a', 1);
  expect(heard).toEqual(['first1', 'second1']);
});

test('one handler may hear several names', () => {
  const { emitter, heard, hear } = listening();
  const handler = hear('x');
  emitter.on(['a', 'b'], handler);
  emitter.emit('a', 1);
  emitter.emit('b', 2);
  emitter.off('a', handler);
  emitter.emit('a', 3);
  emitter.emit('b', 4);
  expect(heard).toEqual(['x1', 'x2', 'x4']);
});

test('names do not imply each other: whoever emits decides about groups', () => {
  const emitter = new Emitter<{ channel: []; 'channel:open': [] }>();
  const heard: string[] = [];
  emitter.on('channel', () => heard.push('group'));
  emitter.on('channel:open', () => heard.push('specific'));
  emitter.emit('channel:open');
  emitter.emit('channel');
  expect(heard).toEqual(['specific', 'group']);
});

test('once hears the next only, even when that emits again', () => {
  const { emitter, heard, hear } = listening();
  emitter.once('a', (value) => {
    hear('once')(value);
    emitter.emit('a', value + 1);
  });
  emitter.on('a', hear('on'));
  emitter.emit('a', 1);
  expect(heard).toEqual(['once1', 'on2', 'on1']);
  emitter.emit('a', 5);
  expect(heard.at(-1)).toBe('on5');
});

test('once for several names hears one of each', () => {
  const { emitter, heard, hear } = listening();
  emitter.once(['a', 'b'], hear('x'));
  for (const value of [1, 2]) {
    emitter.emit('a', value);
    emitter.emit('b', value);
  }
  expect(heard).toEqual(['x1', 'x1']);
});

test('off removes one handler, or all of a name', () => {
  const { emitter, heard, hear } = listening();
  const gone = hear('gone');
  emitter.on('a', gone);
  emitter.once('a', gone);
  emitter.on('a', hear('stays'));
  emitter.off('a', gone);
  emitter.emit('a', 1);
  expect(heard).toEqual(['stays1']);
  emitter.on('b', hear('b'));
  emitter.off('a');
  emitter.emit('a', 2);
  emitter.emit('b', 3);
  expect(heard).toEqual(['stays1', 'b3']);
});

test('off for what was never added changes nothing', () => {
  const { emitter, heard, hear } = listening();
  emitter.on('a', hear('x'));
  emitter.off('a', hear('y'));
  emitter.off('b', hear('y'));
  emitter.emit('a', 1);
  expect(heard).toEqual(['x1']);
});

test('a handler removed during the dispatch stays silent', () => {
  const { emitter, heard, hear } = listening();
  const second = hear('second');
  emitter.on('a', () => emitter.off('a', second));
  emitter.on('a', second);
  emitter.on('a', hear('third'));
  emitter.emit('a', 1);
  expect(heard).toEqual(['third1']);
});

test('a handler added during the dispatch hears the next one', () => {
  const { emitter, heard, hear } = listening();
  emitter.once('a', () => emitter.on('a', hear('late')));
  emitter.emit('a', 1);
  expect(heard).toEqual([]);
  emitter.emit('a', 2);
  expect(heard).toEqual(['late2']);
});

test('clear during the dispatch ends it', () => {
  const { emitter, heard, hear } = listening();
  emitter.on('a', () => emitter.clear());
  emitter.on('a', hear('x'));
  emitter.emit('a', 1);
  emitter.emit('a', 2);
  expect(heard).toEqual([]);
});

test('a handler that throws is reported, and the next still runs', () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {});
  const { emitter, heard, hear } = listening();
  const mistake = new Error('mine');
  emitter.on('a', () => {
    throw mistake;
  });
  emitter.on('a', hear('next'));
  expect(() => emitter.emit('a', 1)).not.toThrow();
  expect(heard).toEqual(['next1']);
  expect(report).toHaveBeenCalledExactlyOnceWith(mistake);
});

test('where there is reportError, it gets what a handler throws', () => {
  const report = vi.fn();
  vi.stubGlobal('reportError', report);
  const { emitter } = listening();
  emitter.on('none', () => {
    throw new Error('mine');
  });
  emitter.emit('none');
  vi.unstubAllGlobals();
  expect(report).toHaveBeenCalledOnce();
});

test('a handler must be a function', () => {
  const { emitter } = listening();
  for (const wrong of [undefined, null, 'a', {}]) {
    expect(() => emitter.on('a', wrong as unknown as () => void)).toThrow(TypeError);
    expect(() => emitter.once('a', wrong as unknown as () => void)).toThrow(TypeError);
  }
});
