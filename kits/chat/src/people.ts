/**
 * People: the list of who is here, and how each is connected.
 * Owns: the list's elements. Used by: main.ts.
 */

import { tint } from './colour.ts';
import { make } from './dom.ts';
import { initialsOf } from './text.ts';

/** One line of the list. */
export interface Entry {
  readonly id: string;
  readonly name: string;
  /** How they are connected, in words. */
  readonly words: string;
  readonly look: 'self' | 'waiting' | 'direct' | 'turn' | 'lost';
}

/** Shows the entries, in their order. Elements that stay are kept, so that nothing flickers. */
export function showPeople(list: HTMLElement, entries: readonly Entry[]): void {
  const kept = new Map<string, HTMLElement>();
  for (const item of list.querySelectorAll<HTMLElement>(':scope > li')) {
    kept.set(item.dataset['id'] ?? '', item);
  }
  for (const [index, entry] of entries.entries()) {
    const item = kept.get(entry.id) ?? newItem(entry.id);
    kept.delete(entry.id);
    update(item, entry, isNameShared(entry, entries));
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  }
  for (const gone of kept.values()) gone.remove();
}

function newItem(id: string): HTMLElement {
  const avatar = make('span', 'avatar');
  avatar.ariaHidden = 'true';
  const who = make('span', 'who', make('bdi', 'name'), make('span', 'tag'));
  const item = make('li', 'person', avatar, make('span', 'lines', who, make('span', 'words')));
  item.dataset['id'] = id;
  tint(item, id);
  return item;
}

function update(item: HTMLElement, entry: Entry, isShared: boolean): void {
  item.dataset['look'] = entry.look;
  write(item, '.avatar', initialsOf(entry.name));
  write(item, '.name', entry.name);
  // A name is only what somebody typed; the start of the id tells two of the same name apart.
  write(item, '.tag', isShared ? ` ${entry.id.slice(0, 4)}` : '');
  write(item, '.words', entry.words);
}

/** Writes only what changed: an untouched text node keeps the reader's place. */
function write(item: HTMLElement, selector: string, text: string): void {
  const element = item.querySelector(selector);
  if (element && element.textContent !== text) element.textContent = text;
}

function isNameShared(entry: Entry, entries: readonly Entry[]): boolean {
  const spelled = (name: string) => name.normalize('NFKC').toLowerCase();
  return entries.some(
    (other) => other.id !== entry.id && spelled(other.name) === spelled(entry.name),
  );
}
