import { createHash } from 'node:crypto';
import { TEMPLATE_ALIASES_MAX, TEMPLATE_LENGTH_MAX, type TemplateId } from '../../../contract/triage.ts';
import type { Template } from '../types.ts';
import { codesOf, joinTokens, splitTokens, textOf } from './skeleton.ts';

/** A template, and its place in the miner's lists. Only the miner changes it. */
export class TemplateNode implements Template {
  /** Its tokens, see `joinTokens`. */
  skeleton: string;
  /** Of its tokens, see `codesOf`. */
  codes: number[];
  generation = 0;
  aliases: readonly TemplateId[] = [];
  lines = 0;
  firstSeenAt: number;
  lastSeenAt: number;
  conclusion: unknown = undefined;
  /** The order of making: a choice by it doesn't depend on use. */
  readonly serial: number;
  /** Set once it became part of another: follow it. */
  mergedInto: TemplateNode | undefined = undefined;
  /** Neighbours in the order of use, while it is held. */
  newer: TemplateNode | undefined = undefined;
  older: TemplateNode | undefined = undefined;
  /** Seen often enough to outlive a flood of new ones. */
  isEstablished = false;
  isHeld = false;
  /** Whether it can be found by its id. */
  isNamed = false;
  #id: TemplateId | undefined = undefined;

  /** `codes`: of the tokens. */
  constructor(serial: number, tokens: readonly string[], codes: number[], now: number) {
    this.serial = serial;
    this.skeleton = joinTokens(tokens);
    this.codes = codes;
    this.firstSeenAt = now;
    this.lastSeenAt = now;
  }

  get id(): TemplateId {
    this.#id ??= templateId(this.text);
    return this.#id;
  }

  get text(): string {
    return textOf(this.skeleton);
  }

  get tokens(): string[] {
    return splitTokens(this.skeleton);
  }

  /** Becomes more general; the id it had lives on as an alias. */
  become(tokens: readonly string[]): void {
    const before = this.id;
    this.skeleton = joinTokens(tokens);
    this.codes = codesOf(tokens);
    this.#id = undefined;
    if (this.id === before) return;
    this.generation++;
    this.#addAliases([before]);
  }

  /** Takes in another, which is this one from now on. */
  absorb(other: TemplateNode): void {
    this.#addAliases([...other.aliases, other.id]);
    this.lines += other.lines;
    this.firstSeenAt = Math.min(this.firstSeenAt, other.firstSeenAt);
    this.lastSeenAt = Math.max(this.lastSeenAt, other.lastSeenAt);
    other.mergedInto = this;
  }

  /** The oldest of too many are forgotten. */
  #addAliases(ids: readonly TemplateId[]): void {
    const all = [...new Set([...this.aliases, ...ids])].filter((id) => id !== this.id);
    this.aliases = all.slice(-TEMPLATE_ALIASES_MAX);
  }

  /** Takes over what a stored state knew of it. */
  restore(known: Pick<Template, 'lines' | 'generation' | 'lastSeenAt' | 'aliases'>): void {
    this.lines = known.lines;
    this.generation = known.generation;
    this.lastSeenAt = known.lastSeenAt;
    this.aliases = known.aliases;
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
