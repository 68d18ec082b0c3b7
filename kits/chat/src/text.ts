/**
 * Text: makes what strangers wrote fit to show. The page puts it in text nodes only, never in
 * markup; this file takes care of what is harmful even as text.
 * Used by: room.ts and the views.
 */

/** Longest name we show, in code points. */
export const NAME_MAX = 40;
/** Longest message we show, in UTF-16 units. */
export const TEXT_MAX = 4_000;

/** Control characters, lone surrogates, private use, line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
/** Invisible characters, bidi overrides among them; not the joiners and selectors of emoji. */
const INVISIBLE = /(?!\u200C|\u200D|\uFE0E|\uFE0F)\p{Default_Ignorable_Code_Point}/gu;
/** Towers of combining marks, which would cover the lines above. */
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

/** A name in one line that cannot pose as other text. Empty when nothing visible is left. */
export function cleanName(value: unknown): string {
  if (typeof value !== 'string') return '';
  const plain = value
    .slice(0, NAME_MAX * 16)
    .normalize('NFC')
    .replace(/\s+/gu, ' ')
    .replace(UNPRINTABLE, '')
    .replace(INVISIBLE, '')
    .replace(STACKED_MARKS, '$1')
    .trim();
  const name = [...plain].slice(0, NAME_MAX).join('').trimEnd();
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(name) ? name : '';
}

/** A message as we show it: line breaks stay, other control characters go. */
export function cleanText(text: string): string {
  const short = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  const lines = short.replace(/\r\n?/g, '\n').split('\n');
  return lines
    .map((line) =>
      line.replaceAll('\t', ' ').replace(UNPRINTABLE, '').replace(STACKED_MARKS, '$1').trimEnd(),
    )
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** One or two letters, or one emoji, that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}\p{S}]/u.test(word));
  const first = firstLetter(words[0] ?? name);
  const last = words.length > 1 ? firstLetter(words.at(-1) ?? '') : '';
  const isLetters = /^[\p{L}\p{N}]/u.test(first) && /^[\p{L}\p{N}]/u.test(last);
  return (isLetters ? first + last : first).toUpperCase();
}

/** As a person sees letters: an accent or a family of emoji is part of one. */
function firstLetter(word: string): string {
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(
    word,
  )) {
    return segment;
  }
  return '';
}
