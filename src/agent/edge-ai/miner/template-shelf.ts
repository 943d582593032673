import type { TemplateNode } from './template-node.ts';
import { UseOrder } from './use-order.ts';

/** More templates push out others. */
export const TEMPLATES_MAX = 10_000;
/** Of them, those that were seen often; the rest is for new ones to compete in. */
const ESTABLISHED_MAX = 9_000;
/** A template that so many lines were placed in is established. */
const ESTABLISHED_LINES = 3;
/** Of all skeletons, UTF-16 units: 400 for each template, where ordinary ones have 100. What is long goes earlier. */
const LENGTH_MAX = 4_000_000;

export interface ShelfLimits {
  readonly templatesMax: number;
  readonly establishedMax: number;
  readonly lengthMax: number;
}

/**
 * Holds a bounded number of templates. New ones compete with new ones: a flood of texts that never come again pushes out only others of its
 * kind, while the least used of those that were seen often go only to make room for others that were seen as often.
 */
export class TemplateShelf {
  readonly #newcomers = new UseOrder();
  readonly #established = new UseOrder();
  readonly #limits: ShelfLimits;
  readonly #forget: (node: TemplateNode) => void;
  #length = 0;

  /** `forget` hears of each that is pushed out. */
  constructor(
    forget: (node: TemplateNode) => void,
    limits: ShelfLimits = { templatesMax: TEMPLATES_MAX, establishedMax: ESTABLISHED_MAX, lengthMax: LENGTH_MAX },
  ) {
    this.#forget = forget;
    this.#limits = limits;
  }

  get size(): number {
    return this.#newcomers.size + this.#established.size;
  }

  /** Whether the next one pushes out another, if it isn't long. */
  get isFull(): boolean {
    const { templatesMax, lengthMax } = this.#limits;
    return this.size >= templatesMax || this.#length + lengthMax / templatesMax > lengthMax;
  }

  add(node: TemplateNode): void {
    node.isHeld = true;
    node.isEstablished = false;
    this.#length += node.skeleton.length;
    this.#newcomers.add(node);
    // One of before a restart.
    if (node.lines >= ESTABLISHED_LINES) this.#establish(node);
    this.#makeRoom(node);
  }

  /** A line was placed in it. */
  use(node: TemplateNode): void {
    if (node.isEstablished) this.#established.touch(node);
    else if (node.lines < ESTABLISHED_LINES) this.#newcomers.touch(node);
    else this.#establish(node);
  }

  remove(node: TemplateNode): void {
    (node.isEstablished ? this.#established : this.#newcomers).remove(node);
    node.isHeld = false;
    this.#length -= node.skeleton.length;
  }

  /** Runs a change of a node's skeleton. */
  resize(node: TemplateNode, change: () => void): void {
    this.#length -= node.skeleton.length;
    change();
    this.#length += node.skeleton.length;
  }

  /** New ones first, and of each kind the least recently used first. */
  *[Symbol.iterator](): Iterator<TemplateNode> {
    yield* this.#newcomers;
    yield* this.#established;
  }

  #establish(node: TemplateNode): void {
    this.#newcomers.remove(node);
    this.#established.add(node);
    node.isEstablished = true;
    const least = this.#established.oldest;
    if (this.#established.size <= this.#limits.establishedMax || least === undefined) return;
    this.#established.remove(least);
    least.isEstablished = false;
    this.#newcomers.add(least);
  }

  #makeRoom(added: TemplateNode): void {
    while (this.size > this.#limits.templatesMax || this.#length > this.#limits.lengthMax) {
      const oldest = this.#newcomers.oldest;
      const least = oldest !== undefined && oldest !== added ? oldest : this.#established.oldest;
      if (least === undefined) return;
      this.remove(least);
      this.#forget(least);
    }
  }
}
