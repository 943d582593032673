import type { TemplateId } from '../../../contract/triage.ts';
import type { Miner, Template } from '../types.ts';
import { type Comparison, compare } from './compare.ts';
import { countConstants, isVariablePlace } from './evidence.ts';
import { HeaderReader } from './header.ts';
import { codesOf, countPieces, isLearnt, learnt } from './skeleton.ts';
import { survivor, TemplateNode } from './template-node.ts';
import { Tokenizer } from './tokenizer.ts';

/** Masked texts whose template is remembered, in each of two generations. */
const REMEMBERED_MAX = 8_192;
/** Words that a statement must have beside a variable that is written in different ways. */
const CONSTANTS_BESIDE_PIECE_MIN = 2;

interface Near {
  readonly node: TemplateNode;
  readonly by: Exclude<Comparison, { type: 'same' }>;
}

export class TemplateMiner implements Miner {
  readonly #header = new HeaderReader();
  readonly #tokenizer = new Tokenizer();
  readonly #templates = new Set<TemplateNode>();
  readonly #byPieces = new Map<number, TemplateNode[]>();
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
    const codes = codesOf(tokens);
    const pieces = countPieces(codes);
    const bucket = this.#byPieces.get(pieces) ?? [];
    const near: Near[] = [];
    let best: TemplateNode | undefined;
    let bestLearnt = 0;
    for (const node of bucket) {
      const by = compare(node.codes, codes);
      if (by === undefined) continue;
      if (by.type === 'same') {
        const learntHere = node.codes.filter(isLearnt).length;
        if (best === undefined || learntHere < bestLearnt) [best, bestLearnt] = [node, learntHere];
      } else near.push({ node, by });
    }
    if (best !== undefined) return best;
    const node = new TemplateNode(this.#serial++, tokens, now);
    this.#templates.add(node);
    this.#unnamed.add(node);
    bucket.push(node);
    this.#byPieces.set(pieces, bucket);
    return this.#generalise(node, near);
  }

  /** Merges a new template with those that differ from it only where many values were seen. */
  #generalise(node: TemplateNode, near: readonly Near[]): TemplateNode {
    const tokens = node.tokens;
    const tried = new Set<string>();
    const byTokens = near.filter((other) => other.by.type === 'tokens') as {
      node: TemplateNode;
      by: Extract<Comparison, { type: 'tokens' }>;
    }[];
    for (const { by } of byTokens.sort((a, b) => a.by.at.length - b.by.at.length)) {
      const at = by.at;
      const name = at.join();
      if (tried.has(name)) continue;
      tried.add(name);
      const group = byTokens.filter((other) => other.by.at.every((index) => at.includes(index)));
      const others = group.map((other) => other.node.tokens);
      const isEnough = at.every((index) =>
        isVariablePlace(tokens, index, at, new Set([tokens, ...others].map((those) => those[index] as string))),
      );
      if (!isEnough) continue;
      const isOpen = (index: number) =>
        at.includes(index) || group.some((other) => isLearnt(other.node.codes[index] as number));
      return this.#merge(
        [node, ...group.map((other) => other.node)],
        tokens.map((token, index) => (isOpen(index) ? learnt(token) : token)),
      );
    }
    for (const other of near) {
      if (other.by.type !== 'piece') continue;
      const { at, length, newLength } = other.by;
      const theirs = other.node.tokens;
      const places = Array.from({ length }, (_, index) => at + index);
      if (countConstants(theirs, places) < CONSTANTS_BESIDE_PIECE_MIN) continue;
      if (at === 0 && newLength > 1 && other.node.lines < 8) continue;
      return this.#merge(
        [node, other.node],
        [...theirs.slice(0, at), learnt(theirs[at] as string), ...theirs.slice(at + length)],
      );
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
    const pieces = countPieces(first.codes);
    this.#byPieces.set(
      pieces,
      (this.#byPieces.get(pieces) ?? []).filter((node) => node.mergedInto === undefined),
    );
    return first;
  }
}
