/**
 * Mesh: a small drawing of the room. Our own connections are drawn as we know them; those between
 * the others are thin, because a room is a full mesh but we cannot see how they fare.
 * A dot runs along a line when a message does. All of it is decoration: the list of people says
 * the same in words.
 * Used by: main.ts.
 */

import { tint } from './colour.ts';
import type { Entry } from './people.ts';
import { initialsOf } from './text.ts';

const CENTRE = { x: 130, y: 90 };
const RADIUS = { x: 96, y: 60 };
const NODE_RADIUS = 15;
/** More would be a knot, not a drawing. */
const NODES_MAX = 12;
/** Outside the room we draw places that wait for somebody. */
const EMPTY_PLACES = 5;
const TRAVEL_MS = 650;
/** Dots under way at once: a flood of messages is seen as a flood, and costs no more. */
const TRAVEL_MAX = 24;

interface Point {
  readonly x: number;
  readonly y: number;
}

export class Mesh {
  readonly #svg: Element;
  #places = new Map<string, Point>();
  #selfId = '';

  /** @param svg - an empty `<svg viewBox="0 0 260 180">` */
  constructor(svg: Element) {
    this.#svg = svg;
  }

  /** Draws the people; the first entry is ourselves. No entries: an empty room. */
  draw(entries: readonly Entry[]): void {
    const shown = entries.slice(0, NODES_MAX);
    const isLonely = shown.length < 2;
    const count = isLonely ? EMPTY_PLACES : shown.length;
    this.#selfId = shown[0]?.id ?? '';
    this.#places = new Map(shown.map(({ id }, index) => [id, placeOf(index, count)]));
    const below = isLonely ? emptyPlaces() : lines(shown, this.#places);
    const dots = isLonely ? [] : this.#svg.querySelectorAll('.travel');
    this.#svg.replaceChildren(...below, ...dots, ...nodes(shown, this.#places));
  }

  /** A message came from this person. */
  arrive(fromId: string): void {
    this.#travel(fromId, this.#selfId);
  }

  /** A message of ours went to everybody. */
  depart(): void {
    for (const id of this.#places.keys()) this.#travel(this.#selfId, id);
  }

  #travel(fromId: string, toId: string): void {
    const [from, to] = [this.#places.get(fromId), this.#places.get(toId)];
    if (!from || !to || fromId === toId) return;
    if (this.#svg.getElementsByClassName('travel').length >= TRAVEL_MAX) return;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const dot = shape('circle', { r: 4 }, 'travel');
    tint(dot, fromId);
    this.#svg.append(dot);
    const at = ({ x, y }: Point) => ({ transform: `translate(${x}px, ${y}px)` });
    const motion = dot.animate([at(from), at(to)], { duration: TRAVEL_MS, easing: 'ease-in-out' });
    motion.onfinish = () => dot.remove();
    motion.oncancel = () => dot.remove();
  }
}

type Places = ReadonlyMap<string, Point>;

function lines(entries: readonly Entry[], places: Places): SVGElement[] {
  const drawn: SVGElement[] = [];
  for (const [index, one] of entries.entries()) {
    for (const other of entries.slice(index + 1)) {
      const look = index === 0 ? other.look : 'others';
      drawn.push(line(places.get(one.id), places.get(other.id), `link ${look}`));
    }
  }
  return drawn.reverse(); // what we know lies on top of what we assume
}

function nodes(entries: readonly Entry[], places: Places): SVGElement[] {
  return entries.map(({ id, name, look }) => {
    const { x, y } = places.get(id) ?? CENTRE;
    const label = shape('text', { x, y }, '');
    label.textContent = initialsOf(name);
    const node = shape('g', {}, `node ${look}`);
    node.append(shape('circle', { cx: x, cy: y, r: NODE_RADIUS }, ''), label);
    tint(node, id);
    return node;
  });
}

/** A ring of places where nobody is yet. */
function emptyPlaces(): SVGElement[] {
  const places = Array.from({ length: EMPTY_PLACES }, (_, index) => placeOf(index, EMPTY_PLACES));
  const links = places.flatMap((one, index) =>
    places.slice(index + 1).map((other) => line(one, other, 'link others')),
  );
  const rings = places.map(({ x, y }) => {
    const node = shape('g', {}, 'node nobody');
    node.append(shape('circle', { cx: x, cy: y, r: NODE_RADIUS }, ''));
    return node;
  });
  return [...links, ...rings];
}

/** On an ellipse, ourselves at its lowest point. */
function placeOf(index: number, count: number): Point {
  const angle = Math.PI / 2 + (2 * Math.PI * index) / count;
  return {
    x: Math.round(CENTRE.x + RADIUS.x * Math.cos(angle)),
    y: Math.round(CENTRE.y + RADIUS.y * Math.sin(angle)),
  };
}

function line(from: Point | undefined, to: Point | undefined, className: string): SVGElement {
  const [one, other] = [from ?? CENTRE, to ?? CENTRE];
  return shape('line', { x1: one.x, y1: one.y, x2: other.x, y2: other.y }, className);
}

function shape(
  tag: 'circle' | 'g' | 'line' | 'text',
  attributes: Readonly<Record<string, number>>,
  className: string,
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  if (className) element.setAttribute('class', className);
  return element;
}
