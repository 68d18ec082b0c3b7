/**
 * Dom: two helpers that all views share.
 */

/** The element of index.html with that id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new TypeError(`index.html has no element #${id}.`);
  return element as T;
}

/** A new element with a class, holding text or other elements. Text stays text, whoever wrote it. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...content: (string | Node)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}
