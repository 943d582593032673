import { type Comparison, compare } from './compare.ts';
import { Neighbours } from './neighbours.ts';
import { countPieces, isBadCode, isLearnt, isSpan } from './skeleton.ts';
import { SpanShelf } from './span-shelf.ts';
import type { TemplateNode } from './template-node.ts';
import { WordUse } from './word-use.ts';

/** Of the newest templates without learnt places, so many are compared with a new text: what bounds the time of a text never seen. */
const COMPARED_MAX = 1_000;
/** Parts of a skeleton that are compared first; one more than there may be differences, so that one part at least is equal. */
const PARTS = 4;

/** Parts that few pieces don't have: in a template, and in a line, so that they are never equal. */
const ABSENT = { template: 0, line: 1 } as const;
/** Templates that a shelf has room for at first; it grows twofold. */
const CAPACITY_MIN = 16;

export interface Near {
  readonly node: TemplateNode;
  readonly by: Exclude<Comparison, { type: 'same' }>;
}

/** All templates. What tells of a failure and what doesn't are kept apart: no text of one is ever held by, or one with, a template of the other. */
export class TemplateIndex {
  /** In how many templates each word stands. */
  readonly words = new WordUse();
  readonly #failing = new Half();
  readonly #other = new Half();

  add(node: TemplateNode): void {
    this.words.add(node.codes);
    this.#halfOf(node.codes).add(node);
  }

  /** `codes`: those it was added with. */
  remove(node: TemplateNode, codes: readonly number[]): void {
    this.words.remove(codes);
    this.#halfOf(codes).remove(node, codes);
  }

  /** The template that holds a text, the least general and then the oldest of several; or those that nearly do, in `near`. Without it they are not looked for. */
  find(codes: readonly number[], near: Near[] | undefined): TemplateNode | undefined {
    return this.#halfOf(codes).find(codes, near);
  }

  /** Templates that begin or end as a text does. */
  alike(codes: readonly number[]): TemplateNode[] {
    return this.#halfOf(codes).alike(codes);
  }

  #halfOf(codes: readonly number[]): Half {
    return codes.some(isBadCode) ? this.#failing : this.#other;
  }
}

/** Templates by their number of pieces: only those of the same number can be one statement, but for those with a place of any length. */
class Half {
  readonly #shelves = new Map<number, Shelf>();
  readonly #spans = new SpanShelf();
  readonly #neighbours = new Neighbours();

  add(node: TemplateNode): void {
    this.#neighbours.add(node);
    if (node.codes.some(isSpan)) {
      this.#spans.add(node);
      return;
    }
    const pieces = countPieces(node.codes);
    let shelf = this.#shelves.get(pieces);
    if (shelf === undefined) {
      shelf = new Shelf(pieces);
      this.#shelves.set(pieces, shelf);
    }
    shelf.add(node);
  }

  remove(node: TemplateNode, codes: readonly number[]): void {
    this.#neighbours.remove(node, codes);
    if (codes.some(isSpan)) this.#spans.remove(node, codes);
    else this.#shelves.get(countPieces(codes))?.remove(node, codes);
  }

  find(codes: readonly number[], near: Near[] | undefined): TemplateNode | undefined {
    return this.#shelves.get(countPieces(codes))?.find(codes, near) ?? this.#spans.find(codes);
  }

  alike(codes: readonly number[]): TemplateNode[] {
    return this.#neighbours.find(codes);
  }
}

class Shelf {
  readonly #pieces: number;
  /** Templates without learnt places by all their codes. */
  readonly #exact = new Map<number, TemplateNode>();
  /** The same in the order of their making; with gaps, closed now and then. */
  readonly #plain: (TemplateNode | undefined)[] = [];
  readonly #serials: number[] = [];
  /** `PARTS` for each of `#plain`. */
  #parts = new Int32Array(CAPACITY_MIN * PARTS);
  #gaps = 0;
  readonly #general = new Set<TemplateNode>();

  constructor(pieces: number) {
    this.#pieces = pieces;
  }

  add(node: TemplateNode): void {
    if (node.codes.some(isLearnt)) {
      this.#general.add(node);
      return;
    }
    this.#exact.set(hashCodes(node.codes, 0, node.codes.length), node);
    this.#plain.push(node);
    this.#serials.push(node.serial);
    const at = (this.#plain.length - 1) * PARTS;
    if (at === this.#parts.length) {
      const parts = new Int32Array(at * 2);
      parts.set(this.#parts);
      this.#parts = parts;
    }
    this.#parts.set(this.#partsOf(node.codes, ABSENT.template), at);
  }

  remove(node: TemplateNode, codes: readonly number[]): void {
    if (this.#general.delete(node)) return;
    const hash = hashCodes(codes, 0, codes.length);
    if (this.#exact.get(hash) === node) this.#exact.delete(hash);
    const at = this.#positionOf(node);
    if (at < 0) return;
    this.#plain[at] = undefined;
    this.#gaps++;
    if (this.#gaps > 64 && this.#gaps * 2 > this.#plain.length) this.#closeGaps();
  }

  find(codes: readonly number[], near: Near[] | undefined): TemplateNode | undefined {
    const exact = this.#exact.get(hashCodes(codes, 0, codes.length));
    if (exact !== undefined && compare(exact.codes, codes)?.type === 'same') return exact;
    let best: TemplateNode | undefined;
    let bestLearnt = 0;
    for (const node of this.#general) {
      const by = compare(node.codes, codes);
      if (by === undefined) continue;
      if (by.type !== 'same') {
        near?.push({ node, by });
        continue;
      }
      const learnt = countLearnt(node.codes);
      if (best === undefined || learnt < bestLearnt || (learnt === bestLearnt && node.serial < best.serial)) {
        [best, bestLearnt] = [node, learnt];
      }
    }
    if (best === undefined && near !== undefined) this.#findNear(codes, near);
    return best;
  }

  #findNear(codes: readonly number[], near: Near[]): void {
    const [one, two, three, four] = this.#partsOf(codes, ABSENT.line) as [number, number, number, number];
    const parts = this.#parts;
    for (let index = Math.max(0, this.#plain.length - COMPARED_MAX); index < this.#plain.length; index++) {
      const at = index * PARTS;
      const isFar = parts[at] !== one && parts[at + 1] !== two && parts[at + 2] !== three && parts[at + 3] !== four;
      if (isFar) continue;
      const node = this.#plain[index];
      if (node === undefined) continue;
      const by = compare(node.codes, codes);
      if (by !== undefined && by.type !== 'same') near.push({ node, by });
    }
  }

  /** Hashes of the pieces' four parts. Of few pieces the first and the last token, of which one must be equal, and twice `absent`. */
  #partsOf(codes: readonly number[], absent: number): number[] {
    if (this.#pieces < PARTS) return [codes[0] ?? 0, codes.at(-1) ?? 0, absent, absent];
    const parts = [0, 0, 0, 0];
    let piece = -1;
    for (const code of codes) {
      if (code < 0) piece++;
      const part = Math.floor((piece * PARTS) / this.#pieces);
      parts[part] = (Math.imul((parts[part] as number) ^ code, 0x01000193) ^ piece) | 0;
    }
    return parts;
  }

  /** By halving, as the serials ascend. */
  #positionOf(node: TemplateNode): number {
    let [low, high] = [0, this.#serials.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#serials[middle] as number) < node.serial) low = middle + 1;
      else high = middle;
    }
    return this.#plain[low] === node ? low : -1;
  }

  #closeGaps(): void {
    let kept = 0;
    for (let index = 0; index < this.#plain.length; index++) {
      const node = this.#plain[index];
      if (node === undefined) continue;
      this.#plain[kept] = node;
      this.#serials[kept] = node.serial;
      this.#parts.copyWithin(kept * PARTS, index * PARTS, index * PARTS + PARTS);
      kept++;
    }
    this.#plain.length = kept;
    this.#serials.length = kept;
    this.#gaps = 0;
  }
}

function countLearnt(codes: readonly number[]): number {
  let count = 0;
  for (const code of codes) if (isLearnt(code)) count++;
  return count;
}

function hashCodes(codes: readonly number[], from: number, to: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let index = from; index < to; index++) {
    hash = Math.imul(hash ^ (codes[index] as number), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}
