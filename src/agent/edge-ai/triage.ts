import type { AlertReport } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import type { AiWorkCount, CorrectionsAnswer, TemplateReport } from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Metric } from '../../platform/metrics-text.ts';
import type { BufferStats, EncodedRecord, LinesBeforeQuery } from '../buffer/types.ts';
import { breathing, isLittle } from '../judging.ts';
import type { CorrectionsPlace } from './corrections-sync.ts';
import type { TriageExplanation } from './explanation.ts';
import type { AlertTier, FollowUp } from './follow-up.ts';
import { KeptState, type StateBuffer } from './kept-state.ts';
import type { OpenModel } from './model-desk.ts';
import type { Judges } from './open-judges.ts';
import { readCorrections } from './read-corrections.ts';
import { type ToldBuffer, ToldMark } from './told-mark.ts';
import type { TriageConfig, TriageCounts, TriageJudgement } from './triage-engine.ts';

/** What triage needs of the buffer beside storing records. */
export interface TriageBuffer extends StateBuffer, ToldBuffer {
  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]>;
  stats(): BufferStats;
  /** Writes alerts that were told to the file; whether it has them all. */
  saveAlerts(): boolean;
}

export interface TriageOptions {
  readonly buffer: TriageBuffer;
  readonly server: ServerName;
  readonly config: TriageConfig;
  /** Of the configuration that runs. */
  readonly revision: () => string;
  /** Makes what judges, of what an earlier run has learnt; called when the first record comes. */
  readonly openJudges?: OpenJudges | undefined;
  /** Opens the language model, where one is configured; absent: there is none on this server. */
  readonly openModel?: OpenModel | undefined;
  readonly tell: (alert: AlertReport) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenJudgesOptions {
  readonly config: TriageConfig;
  /** What an earlier run has learnt. */
  readonly state: Pick<KeptState, 'read'>;
  readonly clock: Clock;
  readonly logger: Logger;
}
export type OpenJudges = (options: OpenJudgesOptions) => Promise<Judges>;

export interface TriageFigures {
  readonly counts: TriageCounts;
  /** Records that people were to be told of, by who said so. */
  readonly alerts: Readonly<Record<AlertTier, number>>;
  readonly templates: number;
  readonly evicted: number;
  readonly model: readonly Metric[];
}

interface Opened {
  readonly judges: Judges;
  readonly followUp: FollowUp;
}

/** What could not be opened is tried again after this. */
const OPEN_AGAIN_MS = 600_000;
const NO_COUNTS: TriageCounts = { judged: 0, late: 0, failed: 0, unwatched: 0 };
const NONE_TOLD: TriageFigures['alerts'] = { correction: 0, detector: 0, scorer: 0, model: 0 };

/**
 * The triage of a server: judges what rules leave undecided, and follows it up once it is stored. All that it takes for that is loaded with the
 * first record, since an idle agent is to be lean. Whatever fails here, or is slow, neither fails nor holds a record.
 */
export class Triage implements CorrectionsPlace, AsyncDisposable {
  readonly state: KeptState;
  /** Resolves when there is something to judge. */
  readonly opened: Promise<void>;
  readonly #options: TriageOptions;
  readonly #mark: ToldMark;
  readonly #hasOpened: () => void;
  #config: TriageConfig;
  #isOn: boolean;
  #parts: Opened | undefined;
  #opening: Promise<Opened | undefined> | undefined;
  #openFrom = Number.NEGATIVE_INFINITY;
  /** Records that nobody could judge. */
  #unjudged = 0;
  /** Fetched, and not used by judges yet. */
  #corrections: CorrectionsAnswer | undefined;
  #catchingUp: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: TriageOptions) {
    const { buffer, config, logger } = options;
    this.#options = options;
    this.#config = config;
    this.#isOn = isOn(config);
    this.state = new KeptState(buffer, logger);
    this.#mark = new ToldMark(buffer);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#hasOpened = resolve;
  }

  /** Tells what a run before was killed before telling. Returns itself. */
  start(): this {
    this.#catchingUp = this.#catchUp();
    return this;
  }

  /** Other settings from the next record on. */
  use(config: TriageConfig): void {
    this.#config = config;
    this.#isOn = isOn(config);
    if (this.#parts === undefined) return;
    const { engine, detectors } = this.#parts.judges;
    engine.use(config);
    this.#parts.followUp.use(config);
    detectors.use((agentId) => engine.settingsFor(agentId), this.#options.clock.now());
  }

  /** Whether any AI agent's records are judged. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** `undefined`: nobody could; they go on as they are. Never rejects. */
  async judge(records: readonly EncodedRecord[]): Promise<TriageJudgement | undefined> {
    const { clock, logger } = this.#options;
    try {
      const engine = (this.#parts ?? (await this.#open()))?.judges.engine;
      if (engine !== undefined)
        return isLittle(records)
          ? engine.judge(records, clock.now())
          : await engine.judgeInSlices(records, clock.now(), breathing(clock));
    } catch (error) {
      if (this.#unjudged === 0) logger.error('triage failed; records go on unjudged', errorFields(error));
    }
    this.#unjudged += records.length;
    return undefined;
  }

  /**
   * They are stored: people are told, and they count. Resolves when nothing of the records is needed any more, which for few and short ones is
   * at once. Never rejects.
   */
  async stored(judgement: TriageJudgement): Promise<void> {
    try {
      await this.#parts?.followUp.stored(judgement);
    } catch (error) {
      this.#options.logger.error('what was judged could not be followed up', errorFields(error));
    }
  }

  get correctionsTag(): string | undefined {
    return this.#corrections?.tag ?? this.#parts?.judges.corrections.tag ?? this.state.noteOf('corrections');
  }

  /** They hold from now on, in the place of all before. */
  async useCorrections(answer: CorrectionsAnswer): Promise<void> {
    if (this.#parts === undefined) this.#corrections = answer;
    else this.#parts.judges.corrections.use(answer);
    await this.state.write('corrections', JSON.stringify(answer), answer.tag);
  }

  /** What is made of a record, for people; nothing is learnt from it. @throws NervesysError `NSV_INTERNAL` where nobody can judge. */
  async explain(record: EncodedRecord): Promise<TriageExplanation> {
    const parts = this.#parts ?? (await this.#open());
    if (parts === undefined) throw new NervesysError('NSV_INTERNAL', 'triage could not be started; the log says why');
    const { explain } = await import('./open-judges.ts');
    return explain(parts.judges, this.#config, record, this.#options.clock);
  }

  /** What was counted of templates since this was called before, in lists in which each comes once. */
  takeReports(): readonly (readonly TemplateReport[])[] {
    return this.#parts?.followUp.takeReports() ?? [];
  }

  /** What was counted of the work of AI agents since this was called before. */
  takeWork(): readonly AiWorkCount[] {
    return this.#parts?.followUp.takeWork() ?? [];
  }

  get figures(): TriageFigures {
    const { judges, followUp } = this.#parts ?? {};
    const counts = judges?.engine.counts ?? NO_COUNTS;
    return {
      counts: { ...counts, failed: counts.failed + this.#unjudged },
      alerts: followUp?.told ?? NONE_TOLD,
      templates: judges?.miner.size ?? 0,
      evicted: judges?.miner.evicted ?? 0,
      model: followUp?.modelMetrics() ?? [],
    };
  }

  /** Keeps what was learnt. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#catchingUp;
    await this.#opening;
    await this.#parts?.followUp.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): Promise<Opened | undefined> {
    const { clock } = this.#options;
    if (this.#opening === undefined && clock.monotonic() >= this.#openFrom) this.#opening = this.#openNow();
    return this.#opening ?? Promise.resolve(undefined);
  }

  async #openNow(): Promise<Opened | undefined> {
    const { clock, logger } = this.#options;
    const { state } = this;
    const mark = this.#mark;
    try {
      const { FollowUp, openJudges } = await import('./open-judges.ts');
      const judges = await (this.#options.openJudges ?? openJudges)({ config: this.#config, state, clock, logger });
      const kept = this.#corrections ?? keptCorrections(await state.read('corrections'));
      if (kept !== undefined) judges.corrections.use(this.#corrections ?? kept);
      this.#corrections = undefined;
      const { openModel = noModel } = this.#options;
      const followUp = new FollowUp({ ...this.#options, config: this.#config, openModel, judges, state, mark }).start();
      this.#parts = { judges, followUp };
      this.use(this.#config); // another may have come meanwhile
      this.#begin();
    } catch (error) {
      logger.error('triage could not be started; records go on unjudged', errorFields(error));
      this.#openFrom = clock.monotonic() + OPEN_AGAIN_MS;
    }
    this.#opening = undefined;
    return this.#parts;
  }

  #begin(): void {
    this.#hasOpened();
    try {
      this.#mark.begin();
    } catch (error) {
      this.#options.logger.warn('it could not be noted which alerts are told', errorFields(error)); // a full disk
    }
  }

  async #catchUp(): Promise<void> {
    try {
      const untold = await this.#mark.untold();
      const parts = untold.length === 0 ? undefined : (this.#parts ?? (await this.#open()));
      parts?.followUp.tellUntold(untold);
    } catch (error) {
      this.#options.logger.warn(
        'it could not be found out whether alerts were not told before the restart',
        errorFields(error),
      );
    }
  }
}

async function noModel(): Promise<never> {
  throw new NervesysError('NSV_MODEL_UNUSABLE', 'ask a language model: this program has none');
}

function isOn({ agentDefaults, agents }: TriageConfig): boolean {
  return agentDefaults.triage.enabled || agents.some(({ triage }) => triage.enabled);
}

function keptCorrections(text: string | undefined): CorrectionsAnswer | undefined {
  try {
    return text === undefined ? undefined : readCorrections(JSON.parse(text));
  } catch {
    return undefined; // they are fetched again
  }
}
