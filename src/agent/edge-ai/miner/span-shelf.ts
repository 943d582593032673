import { isLearnt, isOpen, isSpan, isWordCode } from './skeleton.ts';
import type { TemplateNode } from './template-node.ts';

/** So many templates that begin alike are compared with a new text: the newest. */
const COMPARED_MAX = 500;

/** Share of a text's words that its template says itself: a longer tail than any that was learnt is another statement's. */
const HELD_SHARE_MIN = 0.3;

/** Templates with places for any number of tokens, by their first token. */
export class SpanShelf {
  readonly #byFirst = new Map<number, TemplateNode[]>();

  add(node: TemplateNode): void {
    const key = keyOf(node.codes);
    const nodes = this.#byFirst.get(key);
    if (nodes === undefined) this.#byFirst.set(key, [node]);
    else nodes.push(node);
  }

  /** `codes`: those it was added with. */
  remove(node: TemplateNode, codes: readonly number[]): void {
    const key = keyOf(codes);
    const nodes = this.#byFirst.get(key);
    const at = nodes?.indexOf(node) ?? -1;
    if (nodes === undefined || at < 0) return;
    if (nodes.length === 1) this.#byFirst.delete(key);
    else nodes.splice(at, 1);
  }

  /** The template that holds a text: of several the one with the most words, then the oldest. */
  find(codes: readonly number[]): TemplateNode | undefined {
    let best: TemplateNode | undefined;
    let bestWords = -1;
    for (const key of new Set([keyOf(codes), 0])) {
      const nodes = this.#byFirst.get(key);
      if (nodes === undefined) continue;
      for (let index = Math.max(0, nodes.length - COMPARED_MAX); index < nodes.length; index++) {
        const node = nodes[index] as TemplateNode;
        if (!holds(node.codes, codes)) continue;
        const words = countWords(node.codes);
        if (words > bestWords || (words === bestWords && node.serial < (best as TemplateNode).serial))
          [best, bestWords] = [node, words];
      }
    }
    return best;
  }
}

/** Whether the template's tokens between its spans stand in the text in their order. */
export function holds(template: readonly number[], text: readonly number[]): boolean {
  if (countWords(template) < HELD_SHARE_MIN * countWords(text)) return false;
  let at = 0;
  let isAfterSpan = false;
  let from = 0;
  while (from <= template.length) {
    let to = from;
    while (to < template.length && !isSpan(template[to] as number)) to++;
    const length = to - from;
    const isLast = to === template.length;
    const found =
      isLast && isAfterSpan
        ? endOf(template, from, length, text, at)
        : placeOf(template, from, length, text, at, isAfterSpan);
    if (found < 0) return false;
    at = found + length;
    if (isLast) return at === text.length;
    isAfterSpan = true;
    from = to + 1;
  }
  return false;
}

function endOf(template: readonly number[], from: number, length: number, text: readonly number[], at: number): number {
  const found = text.length - length;
  return found >= at && isAt(template, from, length, text, found) ? found : -1;
}

function placeOf(
  template: readonly number[],
  from: number,
  length: number,
  text: readonly number[],
  at: number,
  isAfterSpan: boolean,
): number {
  const last = isAfterSpan ? text.length - length : at;
  for (let found = at; found <= last; found++) if (isAt(template, from, length, text, found)) return found;
  return -1;
}

function isAt(template: readonly number[], from: number, length: number, text: readonly number[], at: number): boolean {
  if (at + length > text.length) return false;
  for (let index = 0; index < length; index++) {
    const code = template[from + index] as number;
    const held = text[at + index] as number;
    if (code === held) continue;
    if (!isLearnt(code) || code < 0 !== held < 0 || !(isOpen(held) || isWordCode(held))) return false;
  }
  return true;
}

/** 0 where any token may be the first. */
function keyOf(codes: readonly number[]): number {
  const first = codes[0] ?? 0;
  return isOpen(first) ? 0 : first;
}

function countWords(codes: readonly number[]): number {
  let words = 0;
  for (const code of codes) if (isWordCode(code)) words++;
  return words;
}
