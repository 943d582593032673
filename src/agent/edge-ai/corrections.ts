import {
  type CorrectionsAnswer,
  type TemplateCorrection,
  type TemplateId,
  type TemplateMark,
  WILDCARD,
} from '../../contract/triage.ts';
import type { Template } from './types.ts';

/** Whether every line of the template `special` would also be one of `general`; both are templates' texts. Never of another number of words. */
export type Covers = (general: string, special: string) => boolean;

/** Of the corrections that a new template may fall under, so many are compared with it: some hundred microseconds, each once. */
const COMPARED_MAX = 250;

/** What people said of templates, as far as it holds now: a template is found by its id, an older id, or a text that covers the other. */
export class Corrections {
  readonly #covers: Covers;
  /** Grows with each change: what was concluded from it is to be concluded again. */
  version = 0;
  #tag: string | undefined;
  #byId: ReadonlyMap<TemplateId, TemplateMark> = new Map();
  /** By their number of words and the first of them, `WILDCARD` where that is none: others can't cover each other. */
  #byBeginning: ReadonlyMap<string, readonly TemplateCorrection[]> = new Map();

  constructor(covers: Covers) {
    this.#covers = covers;
  }

  /** Of what holds; `undefined`: nothing was ever fetched. */
  get tag(): string | undefined {
    return this.#tag;
  }

  get size(): number {
    return this.#byId.size;
  }

  use({ tag, corrections }: CorrectionsAnswer): void {
    this.#tag = tag;
    this.#byId = new Map(corrections.map(({ template, mark }) => [template, mark]));
    const byBeginning = new Map<string, TemplateCorrection[]>();
    for (const correction of corrections) {
      if (!hasOwnText(correction.text)) continue;
      const { count, first } = beginningOf(correction.text);
      for (const key of first === WILDCARD ? [keyOf(count, first)] : [keyOf(count, first), keyOf(count, ANY)]) {
        const those = byBeginning.get(key);
        if (those === undefined) byBeginning.set(key, [correction]);
        else those.push(correction);
      }
    }
    this.#byBeginning = byBeginning;
    this.version++;
  }

  /** The most telling goes first: what was said of this very template, then of what it was, then of texts. Of several, `alert`. */
  markOf(template: Template): TemplateMark | undefined {
    if (this.#byId.size === 0) return undefined;
    const own = this.#byId.get(template.id);
    if (own !== undefined) return own;
    let found: TemplateMark | undefined;
    for (const alias of template.aliases) found = strongest(found, this.#byId.get(alias));
    return found ?? this.#markOfText(template.text);
  }

  #markOfText(given: string): TemplateMark | undefined {
    if (!hasOwnText(given)) return undefined;
    const { count, first } = beginningOf(given);
    let found: TemplateMark | undefined;
    let left = COMPARED_MAX;
    for (const key of [keyOf(count, first === WILDCARD ? ANY : first), keyOf(count, WILDCARD)])
      for (const { text, mark } of this.#byBeginning.get(key) ?? []) {
        if (left-- === 0) return found;
        if (mark !== found && (this.#covers(text, given) || this.#covers(given, text))) found = strongest(found, mark);
      }
    return found;
  }
}

/** No word has a blank in it. */
const ANY = ' ';

/** `<*> <*>` covers any two words: what was said of it was not said of them. */
function hasOwnText(text: string): boolean {
  return text.split(WILDCARD).some((part) => /[\p{L}\p{N}]{2}/u.test(part));
}

function beginningOf(text: string): { readonly count: number; readonly first: string } {
  const words = text.split(' ');
  const [first] = words as [string];
  return { count: words.length, first: first.includes(WILDCARD) ? WILDCARD : first };
}

function keyOf(count: number, first: string): string {
  return `${count} ${first}`;
}

/** Rather one alert too many than one too few. */
function strongest(a: TemplateMark | undefined, b: TemplateMark | undefined): TemplateMark | undefined {
  return a === 'alert' || b === undefined ? a : b;
}
