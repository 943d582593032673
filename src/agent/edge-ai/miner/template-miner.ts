/**
 * The online template miner: maps a line to the template of the statement that wrote it, learning from each line, with one configuration for
 * every source.
 *
 * A line goes through four steps. The header of a raw line is skipped (`header.ts`). The rest is cut into tokens, and what is a value by its
 * shape becomes `<*>` (`tokenizer.ts`). The masked text is looked up among those remembered: nearly all lines end here, in a microsecond or
 * few. Otherwise it is held against the templates (`template-index.ts`): one that holds it takes it; if some differ from it only where many
 * different words stood (`evidence.ts`, `generalise.ts`), or many texts of any length (`crowd.ts`, `gap.ts`), they are one template from now on;
 * else it is a new one, which a full miner holds only once its text came again (`doorkeeper.ts`). What tells of a failure is never one with what
 * doesn't.
 *
 * Bounds: at most `TEMPLATES_MAX` templates and `LENGTH_MAX` of text (`template-shelf.ts`), `TOKENS_MAX` tokens of a line, twice
 * `REMEMBERED_MAX` remembered texts, `TEMPLATE_ALIASES_MAX` older ids of a template. Everything is linear in the line; no randomness and no
 * clock: the same lines in the same order make the same templates.
 *
 * Ids are hashes of texts, so two servers name a template alike once both have seen enough of it to have generalised it alike. Until then
 * their texts may differ; `covers` tells whether one is a general form of the other.
 */
import type { TemplateId } from '../../../contract/triage.ts';
import type { Miner, Template } from '../types.ts';
import { findCrowd } from './crowd.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { generalise, type Union } from './generalise.ts';
import { HeaderReader } from './header.ts';
import { readState, writeState } from './miner-state.ts';
import { codesOf, isBadCode } from './skeleton.ts';
import { holds } from './span-shelf.ts';
import { type Near, TemplateIndex } from './template-index.ts';
import { survivor, TemplateNode } from './template-node.ts';
import { type ShelfLimits, TemplateShelf } from './template-shelf.ts';
import { Tokenizer } from './tokenizer.ts';

/** Of fewer templates it can't be said which words most of them have. */
const TELLING_TEMPLATES_MIN = 8;
/** Steps in which a template that became more general takes in others. */
const GROWTH_MAX = 8;
/**
 * To find out whether a new text is one statement with others takes a hundred times as long as to know a line again. So many new texts are
 * compared freely; after them one for so many lines. Where more of the lines are new than that, they are free text, and no statement.
 */
const COMPARED_FREELY = 1_200;
const LINES_A_COMPARISON = 400;
/** Masked texts whose template is remembered, in each of two generations. */
const REMEMBERED_MAX = 8_192;
/** A stored state is no larger unless asked. */
const STORED_SIZE_MAX = 1_000_000;

export interface MinerOptions {
  readonly limits?: ShelfLimits;
}

export class TemplateMiner implements Miner {
  readonly #header = new HeaderReader();
  readonly #tokenizer = new Tokenizer();
  readonly #shelf: TemplateShelf;
  readonly #index = new TemplateIndex();
  readonly #doorkeeper = new Doorkeeper();
  readonly #byId = new Map<TemplateId, TemplateNode>();
  /** How many templates `#byId` doesn't know yet: they are named when somebody looks for an id. */
  #unnamed = 0;
  #remembered = new Map<number, TemplateNode>();
  #rememberedBefore = new Map<number, TemplateNode>();
  #serial = 0;
  /** Lines that came and were not used up by comparisons. */
  #patience = COMPARED_FREELY * LINES_A_COMPARISON;
  #evicted = 0;

  constructor(options: MinerOptions = {}) {
    this.#shelf = new TemplateShelf((node) => this.#forget(node), options.limits);
  }

  /** From what `stored` gave. Whatever is no such thing gives an empty miner. */
  static restore(stored: string, options: MinerOptions = {}): TemplateMiner {
    const miner = new TemplateMiner(options);
    const nodes = readState(stored);
    for (const node of nodes) miner.#list(node);
    for (const node of nodes.sort((one, other) => one.lastSeenAt - other.lastSeenAt)) miner.#shelf.add(node);
    return miner;
  }

  /** The templates without their conclusions, to be kept over a restart. Of more than fit into `sizeBytesMax` the least used are left out. */
  stored(sizeBytesMax = STORED_SIZE_MAX): string {
    return writeState([...this.#shelf], sizeBytesMax);
  }

  /** Of the message placed last: the same for messages that differ only in what is a value by its shape. */
  shape = 0;

  place(message: string, now: number): Template {
    const tokenizer = this.#tokenizer;
    tokenizer.scan(message, this.#header.messageStart(message));
    const key = (tokenizer.keyHigh >>> 0) * 0x200000 + (tokenizer.keyLow >>> 11);
    this.shape = key;
    let node = this.#remembered.get(key) ?? this.#recall(key);
    if (node?.mergedInto !== undefined) node = survivor(node);
    if (node === undefined || !node.isHeld) {
      node = this.#placeUnknown(tokenizer.tokens(), now);
      // A text that never comes again isn't worth remembering.
      if (node.lines > 0) this.#remember(key, node);
    }
    if (this.#patience < COMPARED_FREELY * LINES_A_COMPARISON) this.#patience++;
    node.lines++;
    node.lastSeenAt = now;
    if (node.isHeld) this.#shelf.use(node);
    return node;
  }

  find(id: TemplateId): Template | undefined {
    if (this.#unnamed > 0) for (const node of this.#shelf) this.#name(node);
    return this.#byId.get(id);
  }

  /** What stands for a template now: itself, or the one that it became part of. */
  current(template: Template): Template {
    return template instanceof TemplateNode ? survivor(template) : template;
  }

  get size(): number {
    return this.#shelf.size;
  }

  /** How many templates had to make room for others. */
  get evicted(): number {
    return this.#evicted;
  }

  /** New ones first, and of each kind the least recently used first. Not to be mixed with `place`. */
  templates(): Iterable<Template> {
    return this.#shelf;
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

  /** For a masked text that isn't remembered: the template that holds it, one that grows to hold it, or a new one. */
  #placeUnknown(tokens: readonly string[], now: number): TemplateNode {
    const near: Near[] | undefined = this.#patience < LINES_A_COMPARISON ? undefined : [];
    const codes = codesOf(tokens);
    const found = this.#index.find(codes, near);
    if (found !== undefined) return found;
    const union = near === undefined ? undefined : this.#findUnion(tokens, codes, near);
    if (union !== undefined && keepsFailure(codes, union)) return this.#grow(this.#unite(union));
    const node = new TemplateNode(this.#serial, tokens, codes, now);
    const { keyHigh, keyLow } = this.#tokenizer;
    if (this.#shelf.isFull && !this.#doorkeeper.knows(keyHigh, keyLow)) return node;
    this.#list(node);
    this.#shelf.add(node);
    return node;
  }

  #findUnion(tokens: readonly string[], codes: readonly number[], near: readonly Near[]): Union | undefined {
    this.#patience -= LINES_A_COMPARISON;
    const words = this.#index.words;
    const telling = words.templates < TELLING_TEMPLATES_MIN ? undefined : words.telling(codes);
    return (
      (near.length === 0 ? undefined : generalise(tokens, near, telling)) ??
      findCrowd(tokens, codes, this.#index.alike(codes), words)
    );
  }

  /** A template that became more general may hold others, or be one with others, now. */
  #grow(node: TemplateNode): TemplateNode {
    let grown = node;
    for (let step = 0; step < GROWTH_MAX; step++) {
      const { tokens, codes } = grown;
      const alike = this.#index.alike(codes).filter((other) => other !== grown);
      const held = alike.filter((other) => holds(codes, other.codes));
      const union = held.length > 0 ? { nodes: held, tokens } : findCrowd(tokens, codes, alike, this.#index.words);
      if (union === undefined || !keepsFailure(codes, union)) break;
      grown = this.#unite({ nodes: [grown, ...union.nodes], tokens: union.tokens });
    }
    return grown;
  }

  /** The oldest becomes all of them. */
  #unite(union: Union): TemplateNode {
    const [first, ...rest] = [...union.nodes].sort((one, other) => one.serial - other.serial) as [
      TemplateNode,
      ...TemplateNode[],
    ];
    this.#index.remove(first, first.codes);
    this.#shelf.resize(first, () => first.become(union.tokens));
    this.#index.add(first);
    for (const node of rest) {
      this.#index.remove(node, node.codes);
      this.#shelf.remove(node);
      if (!node.isNamed) this.#unnamed--;
      first.absorb(node);
    }
    this.#name(first);
    return first;
  }

  /** In the order of the serials. */
  #list(node: TemplateNode): void {
    this.#serial = node.serial + 1;
    this.#index.add(node);
    this.#unnamed++;
  }

  #name(node: TemplateNode): void {
    if (!node.isNamed) this.#unnamed--;
    node.isNamed = true;
    for (const alias of node.aliases) this.#byId.set(alias, node);
    this.#byId.set(node.id, node);
  }

  #forget(node: TemplateNode): void {
    this.#evicted++;
    this.#index.remove(node, node.codes);
    if (!node.isNamed) {
      this.#unnamed--;
      return;
    }
    for (const id of [node.id, ...node.aliases]) if (this.#byId.get(id) === node) this.#byId.delete(id);
  }
}

/** What tells of a failure must tell of it still when it is more general. */
function keepsFailure(codes: readonly number[], union: Union): boolean {
  return !codes.some(isBadCode) || codesOf(union.tokens).some(isBadCode);
}
