import { describe, expect, it } from 'vitest';
import { cleanName, cleanText, initialsOf, NAME_MAX, TEXT_MAX } from './text.ts';

describe('cleanName', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada \n\t Lovelace  ', 'Ada Lovelace'],
    ['محمد', 'محمد'],
    ['👩‍👩‍👧', '👩‍👩‍👧'],
    ['نامه\u200Cها', 'نامه\u200Cها'],
    ['<b>Ada</b>', '<b>Ada</b>'],
  ])('keeps %j readable', (given, name) => {
    expect(cleanName(given)).toBe(name);
  });

  it('drops bidi overrides and invisible characters', () => {
    expect(cleanName('evil\u202Egnp.exe\u202C\u2066\u200B\u200F\u00AD\uFEFF')).toBe('evilgnp.exe');
  });

  it('drops control characters and line separators', () => {
    expect(cleanName('A\u0000d\u0007a\u0085\u2028')).toBe('Ada');
  });

  it('cuts long names between characters', () => {
    expect([...cleanName('😀'.repeat(200))]).toHaveLength(NAME_MAX);
    expect(cleanName('😀'.repeat(200))).not.toMatch(/\p{Cs}/u);
  });

  it('flattens towers of combining marks', () => {
    expect(cleanName(`a${'\u0316'.repeat(500)}b`)).toBe(`a${'\u0316'.repeat(3)}b`);
  });

  it.each([[''], ['   '], ['\u200B'], ['\u3164'], ['\u202E'], ['\u200D'], [undefined], [7], [{}]])(
    'calls %j no name',
    (given) => {
      expect(cleanName(given)).toBe('');
    },
  );
});

describe('cleanText', () => {
  it('keeps what people write', () => {
    expect(cleanText('  Hi 🙂\n<b>bold</b> שלום ')).toBe('Hi 🙂\n<b>bold</b> שלום');
  });

  it('drops control characters, and what is too much', () => {
    expect(cleanText('a\u0000\u001b[31mb\r\nc')).toBe('a[31mb\nc');
    expect(cleanText(`a${'\n'.repeat(400)}b`)).toBe('a\n\nb');
    expect(cleanText('x'.repeat(100_000))).toHaveLength(TEXT_MAX + 1);
    expect(cleanText(' \n\t ')).toBe('');
  });
});

describe('initialsOf', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Ada King Lovelace', 'AL'],
    ['maria-luisa', 'ML'],
    ['👩‍👩‍👧 family', '👩‍👩‍👧'],
    ['محمد', 'م'],
    ['…', '…'],
    ['', ''],
  ])('shortens %j to %j', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});
