import type { CorrectionsView, CorrectionView } from '../../contract/fleet-templates.ts';
import type { CorrectionsAnswer, TemplateId } from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Database } from '../database/database.ts';
import { readCorrections } from '../database/queries/corrections.ts';
import type { EventHub } from '../fleet/event-hub.ts';

export interface CorrectionsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: Pick<EventHub, 'correctionsChanged' | 'onCorrectionsChange'>;
}

/** What a lost message would have told is seen after this. */
const LOOK_AGAIN_MS = 30_000;
/** Postgres away: what is known holds on, and is looked at again soon. */
const RETRY_MS = 2_000;

/**
 * What people said of templates, known in every replica without a query a request or a beat. Looks again when some replica says that it has
 * changed.
 */
export class Corrections implements AsyncDisposable {
  readonly #options: CorrectionsOptions;
  readonly #pace: Pace;
  readonly #listeners = new Set<() => void>();
  #subscription: Disposable | undefined;
  #looking: Promise<void> = Promise.resolve();
  #view: CorrectionsView = viewOf([]);
  #ordinary: ReadonlySet<TemplateId> = new Set();

  constructor(options: CorrectionsOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, async () => {
      try {
        await this.look();
        return LOOK_AGAIN_MS;
      } catch (error) {
        options.logger.warn('corrections of the triage could not be looked up', errorFields(error));
        return RETRY_MS;
      }
    });
  }

  /** Resolves once they are known. */
  async start(): Promise<void> {
    this.#subscription = this.#options.hub.onCorrectionsChange(() => this.#pace.nudge());
    await this.look();
    this.#pace.start(LOOK_AGAIN_MS);
  }

  /** Of those that hold: another one whenever an agent is to judge otherwise. */
  get tag(): string {
    return this.#view.tag;
  }

  /** For people, the newest first. */
  get view(): CorrectionsView {
    return this.#view;
  }

  /** For agents. */
  get answer(): CorrectionsAnswer {
    const { tag, corrections } = this.#view;
    return { tag, corrections: corrections.map(({ template, text, mark }) => ({ template, text, mark })) };
  }

  /** Whether people called this very template ordinary. */
  isOrdinary(template: TemplateId): boolean {
    return this.#ordinary.has(template);
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** After a change: looks again, here at once, and tells the other replicas to. */
  async changed(): Promise<void> {
    this.#options.hub.correctionsChanged();
    await this.look().catch((error: unknown) => {
      this.#options.logger.warn('corrections of the triage could not be looked up', errorFields(error));
    });
  }

  /** Looks what holds now. Rejects with `NSV_DATABASE_UNREACHABLE`; what was known holds then. */
  look(): Promise<void> {
    // One after the other: what was read earlier must not be taken for newer.
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  async close(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #look(): Promise<void> {
    const before = this.#view.tag;
    this.#view = viewOf(await readCorrections(this.#options.database));
    if (this.#view.tag === before) return;
    const ordinary = this.#view.corrections.filter(({ mark }) => mark === 'ordinary');
    this.#ordinary = new Set(ordinary.map(({ template }) => template));
    for (const listener of this.#listeners) listener();
  }
}

function viewOf(corrections: readonly CorrectionView[]): CorrectionsView {
  const lines = corrections.map(({ template, mark, text }) => `${template} ${mark} ${text}`).sort();
  return { tag: sha256Hex(JSON.stringify(lines)).slice(0, 16), corrections };
}
