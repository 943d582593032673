import type { AlertReport } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { AlertTeller } from '../alert-teller.ts';
import type { AppendOptions, AppendResult, EncodedRecord, LinesBeforeQuery, RecordSink } from '../buffer/types.ts';
import { breathing, isLittle } from '../judging.ts';
import { TOLD_AGAIN_MS } from '../repeated-alerts.ts';
import { TriageAlerts } from './triage-alerts.ts';
import type { TriageConfig, TriageCounts, TriageEngine, TriageJudgement } from './triage-engine.ts';

/** What triage needs of the buffer. */
export interface TriagedBuffer extends RecordSink {
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]>;
}

export interface TriageSinkOptions {
  readonly buffer: TriagedBuffer;
  readonly server: ServerName;
  readonly config: TriageConfig;
  /** Of the configuration that runs. */
  readonly revision: () => string;
  /** Makes what judges; called when the first record comes. */
  readonly openEngine: (config: TriageConfig) => Promise<TriageEngine>;
  readonly tell: (alert: AlertReport) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const NOTHING_DUE_MS = 3_600_000;
/** What could not be loaded is tried again after this. */
const LOAD_AGAIN_MS = 600_000;
const NO_COUNTS: TriageCounts = { judged: 0, late: 0, failed: 0 };

/**
 * The buffer with triage before it: each record is judged on its way, and what people are to be told is told after the commit. Whatever fails
 * here, or is slow, neither fails nor holds a record.
 */
export class TriageSink implements TriagedBuffer, AsyncDisposable {
  readonly #options: TriageSinkOptions;
  readonly #teller: AlertTeller;
  readonly #alerts: TriageAlerts;
  readonly #watch: Pace;
  #config: TriageConfig;
  #isOn: boolean;
  #engine: TriageEngine | undefined;
  #opening: Promise<TriageEngine | undefined> | undefined;
  #openFrom = Number.NEGATIVE_INFINITY;
  #unjudged = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: TriageSinkOptions) {
    const { server, revision, clock } = options;
    this.#options = options;
    this.#config = options.config;
    this.#isOn = isOn(options.config);
    this.#teller = new AlertTeller(options);
    this.#alerts = new TriageAlerts({ server, revision, tell: (alert, about) => this.#teller.tell(alert, about) });
    this.#watch = new Pace(clock, async () => this.#round());
  }

  start(): this {
    this.#watch.start();
    return this;
  }

  /** Other settings from the next record on. */
  use(config: TriageConfig): void {
    this.#config = config;
    this.#isOn = isOn(config);
    this.#engine?.use(config);
  }

  get counts(): TriageCounts {
    const counts = this.#engine?.counts ?? NO_COUNTS;
    return { ...counts, failed: counts.failed + this.#unjudged };
  }

  async append(records: readonly EncodedRecord[], options: AppendOptions = {}): Promise<AppendResult> {
    const { buffer } = this.#options;
    if (records.length === 0 || !this.#isOn) return buffer.append(records, options);
    const judgement = await this.#judge(records);
    const result = await buffer.append(judgement?.kept ?? records, options);
    if (judgement !== undefined && result.repeatedAnswer === undefined) this.#stored(judgement);
    return result;
  }

  positions(): ReturnType<RecordSink['positions']> {
    return this.#options.buffer.positions();
  }

  forgetPosition(file: string): void {
    this.#options.buffer.forgetPosition(file);
  }

  recent(query: Parameters<RecordSink['recent']>[0]): ReturnType<RecordSink['recent']> {
    return this.#options.buffer.recent(query);
  }

  stats(): ReturnType<RecordSink['stats']> {
    return this.#options.buffer.stats();
  }

  meta(name: string): string | undefined {
    return this.#options.buffer.meta(name);
  }

  setMeta(name: string, value: string): void {
    this.#options.buffer.setMeta(name, value);
  }

  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]> {
    return this.#options.buffer.linesBefore(query);
  }

  /** Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#watch.close();
    await this.#teller.told;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** `undefined`: nobody could; they go on as they are. Never rejects. */
  async #judge(records: readonly EncodedRecord[]): Promise<TriageJudgement | undefined> {
    const { clock, logger } = this.#options;
    try {
      const engine = this.#engine ?? (await this.#opened());
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

  #opened(): Promise<TriageEngine | undefined> {
    const { clock } = this.#options;
    if (this.#opening === undefined && clock.monotonic() >= this.#openFrom) this.#opening = this.#open();
    return this.#opening ?? Promise.resolve(undefined);
  }

  async #open(): Promise<TriageEngine | undefined> {
    const { openEngine, clock, logger } = this.#options;
    try {
      this.#engine = await openEngine(this.#config);
      this.#engine.use(this.#config); // another may have come meanwhile
    } catch (error) {
      logger.error('triage could not be started; records go on unjudged', errorFields(error));
      this.#openFrom = clock.monotonic() + LOAD_AGAIN_MS;
    }
    this.#opening = undefined;
    return this.#engine;
  }

  #stored({ hits }: TriageJudgement): void {
    if (hits.length === 0) return;
    const now = this.#options.clock.now();
    for (const hit of hits) this.#alerts.hit(hit, now);
    this.#comeBy(now + TOLD_AGAIN_MS);
  }

  #comeBy(dueAt: number): void {
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#watch.nudge();
  }

  /** Tells what is due. */
  #round(): number {
    const now = this.#options.clock.now();
    this.#dueAt = Math.min(now + NOTHING_DUE_MS, this.#alerts.tellAgain(now) ?? Number.POSITIVE_INFINITY);
    return Math.max(0, this.#dueAt - now);
  }
}

function isOn({ agentDefaults, agents }: TriageConfig): boolean {
  return agentDefaults.triage.enabled || agents.some(({ triage }) => triage.enabled);
}
