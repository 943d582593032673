import type { ModelSettings } from '../../../contract/triage-settings.ts';
import type { Clock } from '../../../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import { type Random, systemRandom } from '../../../platform/random.ts';
import { backoffMs } from '../../../platform/retry.ts';
import { AnswerCache, type KeptAnswer } from './answer-cache.ts';
import { GgufModel } from './gguf-model.ts';
import { HourlyBudget } from './hourly-budget.ts';
import { HttpModel } from './http-model.ts';
import { modelFilePath } from './model-files.ts';
import type { SpawnModel } from './model-process.ts';
import { buildPrompt, PROMPT_VERSION, parseAnswer, SIMILAR_MAX } from './prompt.ts';
import { QuestionQueue, type WaitingQuestion } from './question-queue.ts';
import { mostSimilar } from './similarity.ts';
import type { LanguageModel, ModelAnswer, ModelQuestion } from './types.ts';

/**
 * The third tier of the triage: a language model, asked about templates of which the scorer is unsure.
 *
 * It holds nobody up. `ask` puts the question into a bounded queue and returns; one question at a time is asked, so many an hour; the answer
 * comes by `onAnswer`, later or never. What can go wrong with a model (it is not there, hangs, talks nonsense, takes all memory) ends here,
 * counted: after a failure it waits, longer each time, and after several it leaves the model alone for an hour. Answers are kept over
 * restarts. A model that takes memory here is started for the first question, and let go when there are none for a while.
 */

/** A model nobody asked for so long gives its memory back. */
const IDLE_MS = 300_000;
const BACKOFF = { baseMs: 5_000, maxMs: 300_000 };
/** So many failures in a row, and it is left alone for `PAUSE_MS`. */
const FAILURES_MAX = 5;
const PAUSE_MS = 3_600_000;
/** A question that failed so often is not asked again: it may be what the model fails by. */
const ATTEMPTS_MAX = 2;
/** Nothing to do: `ask` and `use` wake the loop. */
const LONG_MS = 3_600_000;
/** What the next try won't change by itself. */
const LASTING: ReadonlySet<string> = new Set(['NSV_MODEL_NOT_INSTALLED', 'NSV_MODEL_UNUSABLE', 'NSV_MODEL_DENIED']);

/** What it takes to open a model. */
export interface ModelParts {
  /** Where a GGUF file lies that is known by its name: `nervesys model pull` puts it there. */
  readonly modelsFolder: string;
  /** For a model in a process here. */
  readonly spawn: SpawnModel;
  /** For a model behind an address that wants one. */
  readonly key?: string | undefined;
  readonly clock: Clock;
}

export interface ModelTierOptions extends ModelParts {
  readonly settings: ModelSettings;
  /** The file in which answers are remembered, within the agent's home. */
  readonly cache: { readonly path: string };
  readonly onAnswer: (answer: ModelAnswer) => void;
  readonly logger: Logger;
  readonly random?: Random;
  /** Opens the model; another one for tests. */
  readonly open?: typeof openModel;
}

export interface ModelCounts {
  /** Questions that were put to the model, failed ones included. */
  asked: number;
  critical: number;
  ordinary: number;
  remembered: number;
  /** By error code; a model that could not be opened is among them. */
  readonly failed: Map<string, number>;
  /** Questions that failed too often. */
  abandoned: number;
  /** Questions that had to make room for others. */
  dropped: number;
  /** How often the model was left alone for an hour. */
  pauses: number;
  /** How often its process was started. */
  starts: number;
}

export interface ModelState {
  readonly state: 'off' | 'idle' | 'asking' | 'waiting' | 'paused';
  /** Of the last failure, while it is waited or paused for it. */
  readonly reason: string | undefined;
  readonly waiting: number;
  /** Of the model's process on this host. */
  readonly memoryBytes: number | undefined;
  readonly cacheBytes: number;
}

export class ModelTier implements AsyncDisposable {
  readonly counts: ModelCounts = {
    asked: 0,
    critical: 0,
    ordinary: 0,
    remembered: 0,
    failed: new Map(),
    abandoned: 0,
    dropped: 0,
    pauses: 0,
    starts: 0,
  };
  readonly #options: ModelTierOptions;
  readonly #queue = new QuestionQueue();
  readonly #budget: HourlyBudget;
  readonly #pace: Pace;
  #settings: ModelSettings;
  #cache: AnswerCache | undefined;
  #model: LanguageModel | undefined;
  /** Aborts when the model is taken away under a question. */
  #taken = new AbortController();
  #closing: Promise<unknown> = Promise.resolve();
  #isAsking = false;
  #isClosed = false;
  #failures = 0;
  #trouble: { readonly reason: string; readonly until: number; readonly isPause: boolean } | undefined;
  #lastUsedAt = 0;

  constructor(options: ModelTierOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#budget = new HourlyBudget(options.settings.perHourMax);
    this.#pace = new Pace(options.clock, (signal) => this.#round(signal));
    this.use(options.settings);
  }

  /** Other settings from now on. A question that is under way goes back into the queue where the model becomes another. Never throws. */
  use(settings: ModelSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#budget.setMax(settings.perHourMax);
    const isSame =
      this.#model !== undefined &&
      (['source', 'path', 'url', 'name', 'memoryBytesMax'] as const).every((key) => before[key] === settings[key]);
    if (!this.#isClosed && !isSame) this.#change(settings);
    this.#pace.nudge();
  }

  /** Asks about a template; the answer comes by `onAnswer`, never before this has returned. Never blocks, never throws. */
  ask(question: ModelQuestion): void {
    if (this.#settings.source === 'off' || this.#isClosed) return;
    const kept = this.#kept(question);
    if (kept !== undefined) {
      queueMicrotask(() => this.#remembered(question, kept));
      return;
    }
    const wasEmpty = this.#queue.size === 0;
    this.counts.dropped += this.#queue.add(question);
    if (wasEmpty) this.#pace.nudge(); // otherwise the loop has work, or waits for its time
  }

  get state(): ModelState {
    const { reason, until = 0, isPause = false } = this.#trouble ?? {};
    const isHeld = until > this.#options.clock.monotonic();
    return {
      state: this.#stateWord(isHeld, isPause),
      reason: isHeld ? reason : undefined,
      waiting: this.#queue.size,
      memoryBytes: this.#model?.memoryBytes,
      cacheBytes: this.#cache?.bytes ?? 0,
    };
  }

  /** Ends the model's process and writes what is to be remembered. Safe twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#letGo();
    await this.#pace.close();
    await this.#closing;
    await this.#cache?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stateWord(isHeld: boolean, isPause: boolean): ModelState['state'] {
    if (this.#settings.source === 'off') return 'off';
    if (this.#isAsking) return 'asking';
    if (isHeld) return isPause ? 'paused' : 'waiting';
    return this.#queue.size > 0 ? 'waiting' : 'idle';
  }

  /** A step that fails, whatever by, must not end the agent. */
  async #round(signal: AbortSignal): Promise<number> {
    try {
      return await this.#step(signal);
    } catch (error) {
      this.#hold(error);
      return BACKOFF.baseMs;
    }
  }

  /** Asks one question where that may be done now. Returns the ms until there may be another. */
  async #step(signal: AbortSignal): Promise<number> {
    const model = this.#model;
    const now = this.#options.clock.monotonic();
    if (model === undefined) return this.#untilTrouble(now);
    const waitMs = Math.max(this.#budget.waitMs(now), (this.#trouble?.until ?? 0) - now);
    if (this.#queue.size === 0 || waitMs > 0)
      return Math.min(Math.max(waitMs, 0) || LONG_MS, await this.#restWhenIdle(model, now));
    const waiting = this.#queue.take()!;
    const kept = this.#kept(waiting.question);
    if (kept !== undefined) this.#remembered(waiting.question, kept);
    else await this.#askModel(model, waiting, AbortSignal.any([signal, this.#taken.signal]));
    return 0;
  }

  async #askModel(model: LanguageModel, waiting: WaitingQuestion, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { question } = waiting;
    const startedAt = clock.monotonic();
    this.#budget.spend(startedAt);
    this.counts.asked++;
    this.#isAsking = true;
    const startsBefore = startsOf(model);
    try {
      const known = typeof question.similar === 'function' ? question.similar() : question.similar;
      const similar = await mostSimilar(question.text, known, SIMILAR_MAX);
      const prompt = buildPrompt({ ...question, similar });
      const text = await model.ask(prompt, { deadlineMs: this.#settings.deadlineMs, signal });
      const { verdict, reason } = parseAnswer(text);
      const { templateId } = question;
      this.#failures = 0;
      this.#trouble = undefined;
      this.counts[verdict]++;
      this.#cache?.set(templateId, cacheKey(model), { verdict, reason, answeredAt: clock.now() });
      const tookMs = Math.round(clock.monotonic() - startedAt);
      this.#tell({ templateId, verdict, reason, model: model.name, tookMs, fromCache: false });
    } catch (error) {
      if (!signal.aborted) this.#failed(waiting, error);
      else if (this.#settings.source !== 'off') this.#queue.putBack(waiting); // for the model that takes this one's place
    } finally {
      this.#isAsking = false;
      this.#lastUsedAt = clock.monotonic();
      this.counts.starts += startsOf(model) - startsBefore;
    }
  }

  #failed(waiting: WaitingQuestion, error: unknown): void {
    this.#hold(error);
    waiting.failures++;
    if (waiting.failures >= ATTEMPTS_MAX && !LASTING.has(errorCode(error))) this.counts.abandoned++;
    else this.counts.dropped += this.#queue.putBack(waiting);
  }

  /** Waits before the next attempt: longer after each failure in a row, an hour after several or where nothing will be better sooner. */
  #hold(error: unknown): void {
    const { clock, logger, random = systemRandom } = this.#options;
    const code = errorCode(error);
    this.counts.failed.set(code, (this.counts.failed.get(code) ?? 0) + 1);
    this.#failures++;
    const isPause = this.#failures >= FAILURES_MAX || LASTING.has(code);
    const asked = error instanceof NervesysError ? error.facts['retryAfterMs'] : undefined;
    const waitMs = isPause
      ? PAUSE_MS
      : Math.max(typeof asked === 'number' ? asked : 0, backoffMs(this.#failures, BACKOFF, random));
    if (isPause) {
      this.#failures = 0;
      this.counts.pauses++;
    }
    this.#trouble = { reason: describeError(error), until: clock.monotonic() + waitMs, isPause };
    const fields = { ...errorFields(error), waitMs: Math.round(waitMs) };
    if (isPause) logger.warn('the language model is left alone for an hour; the triage goes on without it', fields);
    else logger.warn('the language model did not answer; it is asked again later', fields);
  }

  /** Puts another model in the place of the one that is there. */
  #change(settings: ModelSettings): void {
    this.#letGo();
    this.#trouble = undefined;
    this.#failures = 0;
    if (settings.source === 'off') this.#queue.clear();
    else {
      this.#openCache();
      this.#openModel();
      this.#pace.start();
    }
  }

  #openCache(): void {
    if (this.#cache !== undefined) return;
    const { cache, clock } = this.#options;
    this.#cache = new AnswerCache(cache.path);
    // What was asked before a restart counts to the hour, so that an agent that restarts often asks no more than one that doesn't.
    for (const { answeredAt } of this.#cache.answers()) {
      const ageMs = clock.now() - answeredAt;
      if (ageMs >= 0 && ageMs < 3_600_000) this.#budget.spend(clock.monotonic() - ageMs);
    }
  }

  #openModel(): void {
    try {
      const { open = openModel } = this.#options;
      this.#model = open(this.#settings, this.#options);
    } catch (error) {
      this.#hold(error); // tried again after the pause: the file may have been brought meanwhile
    }
  }

  #letGo(): void {
    const model = this.#model;
    this.#model = undefined;
    this.#taken.abort();
    this.#taken = new AbortController();
    if (model === undefined) return;
    const closed = Promise.resolve(model[Symbol.asyncDispose]()).catch((error: unknown) => {
      this.#options.logger.error('the language model did not end as it should', errorFields(error));
    });
    this.#closing = Promise.all([this.#closing, closed]);
  }

  #untilTrouble(now: number): number {
    if (this.#settings.source === 'off' || this.#trouble === undefined) return LONG_MS;
    if (this.#trouble.until > now) return this.#trouble.until - now;
    this.#openModel();
    return 0;
  }

  async #restWhenIdle(model: LanguageModel, now: number): Promise<number> {
    if (!model.isAwake) return LONG_MS;
    const leftMs = this.#lastUsedAt + IDLE_MS - now;
    if (leftMs > 0) return leftMs;
    await model.rest();
    return LONG_MS;
  }

  #kept(question: ModelQuestion): KeptAnswer | undefined {
    return this.#model === undefined ? undefined : this.#cache?.get(question.templateId, cacheKey(this.#model));
  }

  #remembered({ templateId }: ModelQuestion, { verdict, reason }: KeptAnswer): void {
    if (this.#model === undefined) return;
    this.counts.remembered++;
    this.#tell({ templateId, verdict, reason, model: this.#model.name, tookMs: 0, fromCache: true });
  }

  #tell(answer: ModelAnswer): void {
    try {
      this.#options.onAnswer(answer);
    } catch (error) {
      this.#options.logger.error('an answer of the language model could not be used', errorFields(error));
    }
  }
}

/** Opens what the settings name; rejects what can't be used with an `NSV_MODEL_UNUSABLE`. Nothing is started or asked yet. */
export function openModel(settings: ModelSettings, parts: ModelParts): LanguageModel {
  const { source, url, name, memoryBytesMax } = settings;
  const { modelsFolder, spawn, key, clock } = parts;
  const path = settings.path ?? (name === undefined ? undefined : modelFilePath(modelsFolder, name));
  if (source === 'gguf' && path !== undefined) return new GgufModel({ path, memoryBytesMax, spawn, clock });
  if (source === 'http' && url !== undefined && name !== undefined) return new HttpModel({ url, name, key, clock });
  throw new NervesysError('NSV_MODEL_UNUSABLE', `use a model of ${source}: it is not said which`, {
    hint:
      source === 'gguf'
        ? 'give the path of its file, or the name by which it was pulled'
        : 'give the address of its server, and its name there',
  });
}

function startsOf(model: LanguageModel): number {
  return model instanceof GgufModel ? model.starts : 0;
}

function cacheKey(model: LanguageModel): string {
  return `${PROMPT_VERSION}|${model.identity}`;
}
