/**
 * Messages: the log of what was said, and of who came and went.
 * Owns: the log's elements, their number, and scrolling. Not: sending.
 * Used by: main.ts.
 */

import { tint } from './colour.ts';
import { make } from './dom.ts';
import { initialsOf } from './text.ts';

/** Older entries leave the page, so that a long evening does not slow it down. */
export const LOG_MAX_ENTRIES = 500;
/** Messages of one person within this time share a heading. */
const GROUP_MS = 3 * 60_000;
/** Nearer to the end than this, the log follows new messages. */
const FOLLOW_PX = 80;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export interface Author {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
}

export class Messages {
  readonly #log: HTMLElement;
  readonly #latest: HTMLElement;
  /** Whether the reader is at the end, and not looking something up above. */
  #follows = true;
  #frame: number | undefined;
  #last: { readonly authorId: string; readonly atMs: number } | undefined;

  /**
   * @param log - the element that holds the entries
   * @param latest - a button that leads back to the end of the log
   */
  constructor(log: HTMLElement, latest: HTMLElement) {
    this.#log = log;
    this.#latest = latest;
    log.tabIndex = 0; // scrolls by keyboard, in browsers too that do not see to it themselves
    latest.addEventListener('click', () => {
      this.#scrollToEnd();
      log.focus();
    });
    log.addEventListener('scroll', () => {
      if (this.#frame !== undefined) return; // our own scrolling, which new messages overtook
      this.#follows = this.#isAtEnd();
      if (this.#follows) latest.hidden = true;
    });
    // The end stays in sight when a keyboard on screen, or a line of status, takes room away.
    new ResizeObserver(() => {
      if (this.#follows) this.#scrollToEnd();
    }).observe(log);
  }

  /** Shows a message. The returned function puts a remark under it, once. */
  add(author: Author, text: string): (remark: string) => void {
    const now = new Date();
    const isContinued =
      this.#last?.authorId === author.id && now.getTime() - this.#last.atMs < GROUP_MS;
    const body = make('p', 'text', text);
    body.dir = 'auto';
    const entry = make('div', 'message', heading(author, now), body);
    entry.classList.toggle('own', author.isSelf);
    entry.classList.toggle('continued', isContinued);
    tint(entry, author.id);
    this.#append(entry, author.isSelf);
    this.#last = { authorId: author.id, atMs: now.getTime() };
    return (remark) => {
      entry.append(make('p', 'remark', remark));
      this.#last = undefined;
      if (this.#follows) this.#scrollToEnd();
    };
  }

  /** Shows that somebody joined or left, or another fact about the room. */
  note(name: string, what: string): void {
    const who = make('bdi', 'who', name);
    this.#append(
      make('p', 'note', who, ` ${what}`, make('span', 'dot', ' · '), timeOf(new Date())),
    );
    this.#last = undefined;
  }

  #append(entry: HTMLElement, isOwn = false): void {
    this.#log.append(entry);
    while (this.#log.childElementCount > LOG_MAX_ENTRIES) this.#log.firstElementChild?.remove();
    if (isOwn || this.#follows) this.#scrollToEnd();
    else this.#latest.hidden = false;
  }

  #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
  }

  /** Once for each picture, however many messages come in between: scrolling costs a layout. */
  #scrollToEnd(): void {
    this.#follows = true;
    this.#latest.hidden = true;
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#log.scrollTop = this.#log.scrollHeight;
    });
  }
}

function heading(author: Author, now: Date): HTMLElement {
  const avatar = make('span', 'avatar', initialsOf(author.name));
  avatar.ariaHidden = 'true';
  const name = make('bdi', 'name', author.isSelf ? `${author.name} (you)` : author.name);
  return make('p', 'heading', avatar, name, ' ', timeOf(now));
}

function timeOf(date: Date): HTMLTimeElement {
  const time = make('time', 'time', clock.format(date));
  time.dateTime = date.toISOString();
  return time;
}
