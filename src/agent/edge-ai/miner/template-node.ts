import { createHash } from 'node:crypto';
import { TEMPLATE_ALIASES_MAX, TEMPLATE_LENGTH_MAX, type TemplateId, WILDCARD } from '../../../contract/triage.ts';
import type { Template } from '../types.ts';

/** Stands between the tokens of a template's skeleton; no token holds it, as it is white space. */
export const SEPARATOR = '\u0001';
/** A token that was a word in some lines: what the miner learnt, where `<*>` is what the tokenizer saw. A space may stand before it. */
export const LEARNT = '\u0002';

/** A template, and its place in the miner's lists. Only the miner changes it. */
export class TemplateNode implements Template {
  /** The tokens, joined by `SEPARATOR`: one flat string, so that no line is held in memory by a piece of it. */
  skeleton: string;
  /** Of each token, 0 for what the miner learnt; small integers. */
  hashes: number[];
  generation = 0;
  aliases: TemplateId[] = [];
  lines = 0;
  firstSeenAt: number;
  lastSeenAt: number;
  conclusion: unknown = undefined;
  /** Set once it became part of another: follow it. */
  mergedInto: TemplateNode | undefined;
  /** Neighbours in the order of use. */
  newer: TemplateNode | undefined;
  older: TemplateNode | undefined;
  /** The order of making, for a choice that doesn't depend on use. */
  readonly serial: number;
  isProven = false;
  #id: TemplateId | undefined;

  constructor(serial: number, tokens: readonly string[], now: number) {
    this.serial = serial;
    this.skeleton = flat(tokens.join(SEPARATOR));
    this.hashes = tokens.map(hashToken);
    this.firstSeenAt = now;
    this.lastSeenAt = now;
  }

  get id(): TemplateId {
    this.#id ??= templateId(this.text);
    return this.#id;
  }

  get text(): string {
    return skeletonText(this.skeleton);
  }

  get tokens(): string[] {
    return this.skeleton.split(SEPARATOR);
  }

  /** Becomes more general; the id it had lives on as an alias. */
  become(tokens: readonly string[]): void {
    const before = this.id;
    this.skeleton = flat(tokens.join(SEPARATOR));
    this.hashes = tokens.map(hashToken);
    this.#id = undefined;
    if (this.id === before) return;
    this.generation++;
    this.addAliases([before]);
  }

  /** The oldest of too many are forgotten. */
  addAliases(ids: readonly TemplateId[]): void {
    const all = [...new Set([...this.aliases, ...ids])].filter((id) => id !== this.id);
    this.aliases = all.slice(-TEMPLATE_ALIASES_MAX);
  }
}

/** The node that stands for this one now. */
export function survivor(node: TemplateNode): TemplateNode {
  let last = node;
  while (last.mergedInto !== undefined) last = last.mergedInto;
  if (node !== last) node.mergedInto = last;
  return last;
}

/** The name of a template's text, the same on every server. */
export function templateId(text: string): TemplateId {
  return createHash('sha256').update(text.slice(0, TEMPLATE_LENGTH_MAX)).digest('hex').slice(0, 16) as TemplateId;
}

function skeletonText(skeleton: string): string {
  return skeleton.replaceAll(SEPARATOR, '').replaceAll(LEARNT, WILDCARD).slice(0, TEMPLATE_LENGTH_MAX);
}

/** 0 for what was learnt; else 30 bits, never 0. */
export function hashToken(token: string): number {
  if (isLearnt(token)) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < token.length; index++) hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193);
  return ((hash ^ (hash >>> 15)) & 0x3fffffff) | 1;
}

export function isLearnt(token: string): boolean {
  return token === LEARNT || token === ` ${LEARNT}`;
}

/** A copy that holds on to no other string. */
function flat(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
