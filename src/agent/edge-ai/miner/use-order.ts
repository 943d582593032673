import type { TemplateNode } from './template-node.ts';

/** Nodes in the order of their use: a doubly linked list through the nodes themselves, each in one list at most. */
export class UseOrder {
  #newest: TemplateNode | undefined;
  #oldest: TemplateNode | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): TemplateNode | undefined {
    return this.#oldest;
  }

  get newest(): TemplateNode | undefined {
    return this.#newest;
  }

  /** As the most recently used. */
  add(node: TemplateNode): void {
    node.older = this.#newest;
    node.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = node;
    this.#newest = node;
    this.#oldest ??= node;
    this.#size++;
  }

  remove(node: TemplateNode): void {
    if (node.newer === undefined) this.#newest = node.older;
    else node.newer.older = node.older;
    if (node.older === undefined) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    node.newer = undefined;
    node.older = undefined;
    this.#size--;
  }

  touch(node: TemplateNode): void {
    if (node === this.#newest) return;
    this.remove(node);
    this.add(node);
  }

  /** The oldest first. */
  *[Symbol.iterator](): Iterator<TemplateNode> {
    for (let node = this.#oldest; node !== undefined; node = node.newer) yield node;
  }
}
