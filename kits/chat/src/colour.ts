/**
 * Colour: one hue per person, from the peer id, so that everybody sees the same person in the same
 * colour. Lightness and saturation are the style sheet's, where both schemes keep their contrast.
 * Used by: people.ts, messages.ts, mesh.ts.
 */

/** So many hues that neighbours can be told apart. */
const HUES = 18;

/** An angle in degrees. */
export function hueOf(peerId: string): number {
  let hash = 0x811c9dc5; // FNV-1a: ids that differ in one letter differ in hue
  for (const letter of peerId) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return ((hash >>> 8) % HUES) * (360 / HUES);
}

/** Gives an element the colours of a person: `.tinted` in style.css makes them from the hue. */
export function tint(element: HTMLElement | SVGElement, peerId: string): void {
  element.classList.add('tinted');
  element.style.setProperty('--hue', String(hueOf(peerId)));
}
