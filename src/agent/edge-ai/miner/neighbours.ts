import { isWordCode } from './skeleton.ts';
import type { TemplateNode } from './template-node.ts';

/** Of the templates that begin or end alike, so many of the newest are looked at. */
const ALIKE_MAX = 48;

/** Templates by their first words and by their last ones: those that may be one statement, whatever stands between. */
export class Neighbours {
  /** In the order of their making. A node that is alone stands for itself: most are. */
  readonly #alike = new Map<number, TemplateNode | TemplateNode[]>();

  add(node: TemplateNode): void {
    for (const key of keysOf(node.codes)) {
      const alike = this.#alike.get(key);
      if (alike === undefined) this.#alike.set(key, node);
      else if (Array.isArray(alike)) alike.splice(placeOf(alike, node), 0, node);
      else this.#alike.set(key, alike.serial < node.serial ? [alike, node] : [node, alike]);
    }
  }

  /** `codes`: those it was added with. */
  remove(node: TemplateNode, codes: readonly number[]): void {
    for (const key of keysOf(codes)) {
      const alike = this.#alike.get(key);
      if (alike === node) this.#alike.delete(key);
      if (!Array.isArray(alike)) continue;
      const at = placeOf(alike, node);
      if (alike[at] !== node) continue;
      alike.splice(at, 1);
      if (alike.length === 1) this.#alike.set(key, alike[0] as TemplateNode);
    }
  }

  /** In the order of their making. */
  find(codes: readonly number[]): TemplateNode[] {
    const found = new Set<TemplateNode>();
    for (const key of keysOf(codes)) {
      const alike = this.#alike.get(key);
      if (Array.isArray(alike)) for (const node of alike.slice(-ALIKE_MAX)) found.add(node);
      else if (alike !== undefined) found.add(alike);
    }
    return [...found].sort((one, other) => one.serial - other.serial);
  }
}

/** By halving: where a node stands, or is to stand. */
function placeOf(alike: readonly TemplateNode[], node: TemplateNode): number {
  let [low, high] = [0, alike.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((alike[middle] as TemplateNode).serial < node.serial) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of the first word, the first two, the last two, the last one. Small, so that a map holds them as they are. */
function keysOf(codes: readonly number[]): number[] {
  const first = nextWord(codes, -1, 1);
  if (first < 0) return [];
  const last = nextWord(codes, codes.length, -1);
  const keys = [keyOf(1, codes[first], 0), keyOf(2, codes[last], 0)];
  const second = nextWord(codes, first, 1);
  if (second < 0) return keys;
  const beforeLast = nextWord(codes, last, -1);
  keys.push(keyOf(3, codes[first], codes[second]), keyOf(4, codes[last], codes[beforeLast]));
  return keys;
}

function keyOf(kind: number, one = 0, other = 0): number {
  const key = Math.imul(Math.abs(one) ^ Math.imul(Math.abs(other) + kind, 0x85ebca6b), 0x9e3779b1);
  return (key ^ (key >>> 15)) & 0x3fffffff;
}

/** The index of the next word in a direction, or -1. */
function nextWord(codes: readonly number[], from: number, step: number): number {
  let at = from + step;
  while (at >= 0 && at < codes.length && !isWordCode(codes[at] as number)) at += step;
  return at < codes.length ? at : -1;
}
