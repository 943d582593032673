import type { TemplateId } from '../../contract/triage.ts';
import type { ModelSettings } from '../../contract/triage-settings.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Metric } from '../../platform/metrics-text.ts';
import { Conclusion } from './conclusion.ts';
import type { ModelAnswer, ModelQuestion } from './model/types.ts';
import type { TriageDoubt, TriageEngine } from './triage-engine.ts';
import type { Miner, Template } from './types.ts';

/** What the model said of a template, as alerts tell it. */
export interface ModelWord {
  readonly verdict: ModelAnswer['verdict'];
  readonly reason: string;
  /** Of the model. */
  readonly name: string;
}

/** What the desk needs of the model's tier. */
export interface AskedModel extends AsyncDisposable {
  ask(question: ModelQuestion): void;
  use(settings: ModelSettings): void;
}

/** Opens the tier; it is loaded only where a model is configured. */
export type OpenModel = (settings: ModelSettings, onAnswer: (answer: ModelAnswer) => void) => Promise<OpenedModel>;

export interface OpenedModel {
  readonly tier: AskedModel;
  /** For `GET /metrics`. */
  readonly metrics: () => readonly Metric[];
}

export interface ModelDeskOptions {
  readonly settings: ModelSettings;
  readonly open: OpenModel;
  readonly engine: Pick<TriageEngine, 'opinionOf'>;
  readonly miner: Pick<Miner, 'templates'>;
  /** Called with each answer, some time after the question. */
  readonly onWord: (doubt: TriageDoubt, word: ModelWord) => void;
  readonly logger: Logger;
}

/** Questions that wait for their answer; of more the oldest are forgotten: their template comes again. */
const ASKED_MAX = 500;
const EXAMPLE_LENGTH_MAX = 1_000;

/** Puts templates in doubt to the language model, and brings its answers to where they came from. It holds nobody up, and fails nobody. */
export class ModelDesk implements AsyncDisposable {
  readonly #options: ModelDeskOptions;
  readonly #asked = new Map<TemplateId, TriageDoubt>();
  #settings: ModelSettings;
  #opened: OpenedModel | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: ModelDeskOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** Whether there is a model to ask. */
  get isOn(): boolean {
    return this.#settings.source !== 'off';
  }

  metrics(): readonly Metric[] {
    return this.#opened?.metrics() ?? [];
  }

  /** Another model from now on, or none. */
  use(settings: ModelSettings): void {
    this.#settings = settings;
    this.#opened?.tier.use(settings);
  }

  ask(doubts: readonly TriageDoubt[]): void {
    if (!this.isOn || this.#isClosed) return;
    const asked = doubts.filter(isFirst);
    for (const doubt of asked) {
      this.#asked.delete(doubt.template.id);
      this.#asked.set(doubt.template.id, doubt);
      if (this.#asked.size > ASKED_MAX) this.#asked.delete(this.#asked.keys().next().value!);
    }
    if (this.#opened !== undefined) for (const doubt of asked) this.#opened.tier.ask(this.#questionOf(doubt));
    else this.#opening ??= this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#opened?.tier[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    const { open, logger } = this.#options;
    try {
      const opened = await open(this.#settings, (answer) => this.#answered(answer));
      if (this.#isClosed) return await opened.tier[Symbol.asyncDispose]();
      this.#opened = opened;
      this.#opened.tier.use(this.#settings); // others may have come meanwhile
      for (const doubt of this.#asked.values()) this.#opened.tier.ask(this.#questionOf(doubt));
    } catch (error) {
      logger.error('the language model cannot be asked; triage goes on without it', errorFields(error));
    }
  }

  #questionOf({ template, message, agentId }: TriageDoubt): ModelQuestion {
    const { id, text } = template;
    const example = message.slice(0, EXAMPLE_LENGTH_MAX).toWellFormed();
    return { templateId: id, text, example, agentId, similar: () => this.#known(template) };
  }

  /** Others of which there is a verdict. The miner goes on learning while they are looked through. */
  *#known(asked: Template) {
    const { engine, miner } = this.#options;
    for (const template of [...miner.templates()]) {
      if (template === asked || template.conclusion === undefined) continue;
      const { isAlert } = engine.opinionOf(template);
      yield { text: template.text, verdict: isAlert ? ('critical' as const) : ('ordinary' as const) };
    }
  }

  #answered({ templateId, verdict, reason, model }: ModelAnswer): void {
    const doubt = this.#asked.get(templateId);
    if (doubt === undefined) return;
    this.#asked.delete(templateId);
    this.#options.onWord(doubt, { verdict, reason, name: model });
  }
}

/** Notes that a template's question is put, which is once while the template stays what it is; only what is stored leads to one. */
function isFirst({ template }: TriageDoubt): boolean {
  const known = Conclusion.of(template);
  if (known.isInDoubt) return false;
  known.isInDoubt = true;
  return true;
}
