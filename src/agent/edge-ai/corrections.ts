import type { CorrectionsAnswer, TemplateCorrection, TemplateId, TemplateMark } from '../../contract/triage.ts';
import type { Template } from './types.ts';

/** Whether every line of the template `special` would also be one of `general`; both are templates' texts. */
export type Covers = (general: string, special: string) => boolean;

/** What people said of templates, as far as it holds now: a template is found by its id, an older id, or a text that covers the other. */
export class Corrections {
  readonly #covers: Covers;
  /** Grows with each change: what was concluded from it is to be concluded again. */
  version = 0;
  #tag: string | undefined;
  #byId: ReadonlyMap<TemplateId, TemplateMark> = new Map();
  #all: readonly TemplateCorrection[] = [];

  constructor(covers: Covers) {
    this.#covers = covers;
  }

  /** Of what holds; `undefined`: nothing was ever fetched. */
  get tag(): string | undefined {
    return this.#tag;
  }

  get size(): number {
    return this.#all.length;
  }

  use({ tag, corrections }: CorrectionsAnswer): void {
    this.#tag = tag;
    this.#all = corrections;
    this.#byId = new Map(corrections.map(({ template, mark }) => [template, mark]));
    this.version++;
  }

  /** The most telling goes first: what was said of this very template, then of what it was, then of texts. Of several, `alert`. */
  markOf(template: Template): TemplateMark | undefined {
    if (this.#all.length === 0) return undefined;
    const own = this.#byId.get(template.id);
    if (own !== undefined) return own;
    let found: TemplateMark | undefined;
    for (const alias of template.aliases) found = strongest(found, this.#byId.get(alias));
    if (found !== undefined) return found;
    for (const { text, mark } of this.#all)
      if (mark !== found && (this.#covers(text, template.text) || this.#covers(template.text, text)))
        found = strongest(found, mark);
    return found;
  }
}

/** Rather one alert too many than one too few. */
function strongest(a: TemplateMark | undefined, b: TemplateMark | undefined): TemplateMark | undefined {
  return a === 'alert' || b === undefined ? a : b;
}
