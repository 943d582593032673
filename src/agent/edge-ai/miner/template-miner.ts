import type { TemplateId } from '../../../contract/triage.ts';
import type { Miner, Template } from '../types.ts';
import { valuesNeeded } from './evidence.ts';
import { HeaderReader } from './header.ts';
import { hashToken, LEARNT, survivor, TemplateNode } from './template-node.ts';
import { Tokenizer } from './tokenizer.ts';

/** More templates push out the least used. */
export const TEMPLATES_MAX = 10_000;
/** Masked texts whose template is remembered, in each of two generations. */
const REMEMBERED_MAX = 8_192;
/** Positions that may become variables at once. */
const DIFFERENCES_MAX = 3;

export class TemplateMiner implements Miner {
  readonly #header = new HeaderReader();
  readonly #tokenizer = new Tokenizer();
  readonly #templates = new Set<TemplateNode>();
  readonly #byLength = new Map<number, TemplateNode[]>();
  readonly #byId = new Map<TemplateId, TemplateNode>();
  readonly #unnamed = new Set<TemplateNode>();
  #remembered = new Map<number, TemplateNode>();
  #rememberedBefore = new Map<number, TemplateNode>();
  #serial = 0;

  place(message: string, now: number): Template {
    const tokenizer = this.#tokenizer;
    tokenizer.scan(message, this.#header.messageStart(message));
    const key = (tokenizer.keyHigh >>> 0) * 0x200000 + (tokenizer.keyLow >>> 11);
    let node = this.#remembered.get(key) ?? this.#recall(key);
    if (node === undefined) {
      node = this.#placeNew(tokenizer.tokens(), now);
      this.#remember(key, node);
    } else if (node.mergedInto !== undefined) node = survivor(node);
    node.lines++;
    node.lastSeenAt = now;
    return node;
  }

  find(id: TemplateId): Template | undefined {
    for (const node of this.#unnamed) this.#byId.set(node.id, node);
    this.#unnamed.clear();
    const node = this.#byId.get(id);
    return node === undefined ? undefined : survivor(node);
  }

  get size(): number {
    return this.#templates.size;
  }

  templates(): Iterable<Template> {
    return this.#templates;
  }

  #recall(key: number): TemplateNode | undefined {
    const node = this.#rememberedBefore.get(key);
    if (node !== undefined) this.#remember(key, node);
    return node;
  }

  #remember(key: number, node: TemplateNode): void {
    if (this.#remembered.size >= REMEMBERED_MAX) {
      this.#rememberedBefore = this.#remembered;
      this.#remembered = new Map();
    }
    this.#remembered.set(key, node);
  }

  /** For a masked text that isn't remembered: a template that holds it, one that grows to hold it, or a new one. */
  #placeNew(tokens: string[], now: number): TemplateNode {
    const hashes = tokens.map(hashToken);
    const bucket = this.#byLength.get(tokens.length) ?? [];
    const near: { node: TemplateNode; at: number[] }[] = [];
    let best: TemplateNode | undefined;
    let bestLearnt = 0;
    for (const node of bucket) {
      const at = differences(node.hashes, hashes);
      if (at === undefined) continue;
      if (at.length === 0) {
        let learnt = 0;
        for (const hash of node.hashes) if (hash === 0) learnt++;
        if (best === undefined || learnt < bestLearnt) [best, bestLearnt] = [node, learnt];
      } else near.push({ node, at });
    }
    if (best !== undefined) return best;
    const node = new TemplateNode(this.#serial++, tokens, now);
    this.#templates.add(node);
    this.#unnamed.add(node);
    bucket.push(node);
    this.#byLength.set(tokens.length, bucket);
    return this.#generalise(node, near);
  }

  /** Merges a new template with those that differ from it only where many values were seen. */
  #generalise(node: TemplateNode, near: readonly { node: TemplateNode; at: number[] }[]): TemplateNode {
    const tried = new Set<string>();
    for (const { at } of [...near].sort((a, b) => a.at.length - b.at.length)) {
      const name = at.join();
      if (tried.has(name)) continue;
      tried.add(name);
      const group = near.filter((other) => other.at.every((index) => at.includes(index)));
      const tokens = node.tokens;
      const isEnough = at.every((index) => {
        const values = new Set([tokens[index] as string]);
        for (const other of group) values.add(other.node.tokens[index] as string);
        return valuesNeeded(tokens, index, at, values);
      });
      if (!isEnough) continue;
      const merged = tokens.map((token, index) =>
        at.includes(index) || group.some((other) => other.node.hashes[index] === 0)
          ? token.startsWith(' ')
            ? ` ${LEARNT}`
            : LEARNT
          : token,
      );
      return this.#merge([node, ...group.map((other) => other.node)], merged);
    }
    return node;
  }

  #merge(nodes: TemplateNode[], tokens: string[]): TemplateNode {
    const [first, ...rest] = nodes.sort((a, b) => a.serial - b.serial) as [TemplateNode, ...TemplateNode[]];
    first.become(tokens);
    for (const node of rest) {
      first.addAliases([...node.aliases, node.id]);
      first.lines += node.lines;
      first.lastSeenAt = Math.max(first.lastSeenAt, node.lastSeenAt);
      node.mergedInto = first;
      this.#templates.delete(node);
      this.#unnamed.delete(node);
    }
    this.#unnamed.add(first);
    for (const id of first.aliases) this.#byId.set(id, first);
    const length = tokens.length;
    this.#byLength.set(
      length,
      (this.#byLength.get(length) ?? []).filter((node) => node.mergedInto === undefined),
    );
    return first;
  }
}

/** Where two differ, at most `DIFFERENCES_MAX` positions; `undefined`: in more. What was learnt differs from nothing. */
function differences(one: readonly number[], other: readonly number[]): number[] | undefined {
  const at: number[] = [];
  for (let index = 0; index < one.length; index++) {
    const hash = one[index] as number;
    if (hash === 0 || hash === other[index]) continue;
    if (at.length === DIFFERENCES_MAX) return undefined;
    at.push(index);
  }
  return at;
}
