import type { AlertReport } from '../../contract/alert.ts';
import type { Sequence, ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import type { CorrectionsAnswer, TemplateReport, TriageTier } from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { AlertTeller } from '../alert-teller.ts';
import type { BufferStats, EncodedRecord, LinesBeforeQuery } from '../buffer/types.ts';
import { breathing, isLittle, sliceEnd } from '../judging.ts';
import { RecordView } from '../rules/record-view.ts';
import type { CorrectionsPlace } from './corrections-sync.ts';
import { detectedAlert } from './detected-alert.ts';
import type { DetectorHit } from './detectors/index.ts';
import { KeptState, type StateBuffer } from './kept-state.ts';
import type { Judges } from './open-judges.ts';
import { readCorrections } from './read-corrections.ts';
import { TemplateTally } from './template-tally.ts';
import { type ToldBuffer, ToldMark, type UntoldRecord } from './told-mark.ts';
import { TriageAlerts } from './triage-alerts.ts';
import type { TriageConfig, TriageCounts, TriageHit, TriageJudgement } from './triage-engine.ts';

/** What triage needs of the buffer beside storing records. */
export interface TriageBuffer extends StateBuffer, ToldBuffer {
  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]>;
  stats(): BufferStats;
}

export interface TriageOptions {
  readonly buffer: TriageBuffer;
  readonly server: ServerName;
  readonly config: TriageConfig;
  /** Of the configuration that runs. */
  readonly revision: () => string;
  /** Makes what judges, of what an earlier run has learnt; called when the first record comes. */
  readonly openJudges?: OpenJudges | undefined;
  readonly tell: (alert: AlertReport) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenJudgesOptions {
  readonly config: TriageConfig;
  readonly state: KeptState;
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
}

type AlertTier = Exclude<TriageTier, 'rule'>;

const NOTHING_DUE_MS = 3_600_000;
/** What could not be opened is tried again after this. */
const OPEN_AGAIN_MS = 600_000;
/** So much of what was learnt may be forgotten by a crash. */
const KEPT_EACH_MS = 60_000;
/** A note of what is told costs a commit of its own. */
const NOTED_EACH_MS = 1_000;
const NO_COUNTS: TriageCounts = { judged: 0, late: 0, failed: 0 };

/**
 * The triage of a server: judges what rules leave undecided, tells people of it once it is stored, and keeps what it learns. What it takes for
 * that is loaded with the first record. Whatever fails here, or is slow, neither fails nor holds a record.
 */
export class Triage implements CorrectionsPlace, AsyncDisposable {
  readonly state: KeptState;
  readonly #options: TriageOptions;
  readonly #teller: AlertTeller;
  readonly #alerts: TriageAlerts;
  readonly #mark: ToldMark;
  readonly #view = new RecordView();
  readonly #tally = new TemplateTally();
  readonly #told: Record<AlertTier, number> = { correction: 0, detector: 0, scorer: 0, model: 0 };
  readonly #watch: Pace;
  #config: TriageConfig;
  #isOn: boolean;
  #judges: Judges | undefined;
  #opening: Promise<Judges | undefined> | undefined;
  #openFrom = Number.NEGATIVE_INFINITY;
  /** Records that nobody could judge. */
  #unjudged = 0;
  /** Fetched, and not used by judges yet. */
  #corrections: CorrectionsAnswer | undefined;
  #catchingUp: Promise<void> = Promise.resolve();
  /** People are told, or are being told, of all with a verdict up to this. */
  #toldThrough: Sequence | undefined;
  /** When that is to be noted, and when it was last. */
  #noteAt: number | undefined;
  #notedAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.POSITIVE_INFINITY;
  /** When what was learnt is to be kept. */
  #keepAt: number | undefined;
  #closed = false;

  constructor(options: TriageOptions) {
    const { buffer, server, revision, clock, logger } = options;
    this.#options = options;
    this.#config = options.config;
    this.#isOn = isOn(options.config);
    this.state = new KeptState(buffer, logger);
    this.#teller = new AlertTeller(options);
    this.#alerts = new TriageAlerts({ server, revision, tell: (alert, about) => this.#teller.tell(alert, about) });
    this.#mark = new ToldMark(buffer);
    this.#watch = new Pace(clock, () => this.#round());
  }

  /** Tells what a run before was killed before telling, too. Returns itself. */
  start(): this {
    this.#catchingUp = this.#catchUp();
    this.#watch.start();
    return this;
  }

  /** Other settings from the next record on. */
  use(config: TriageConfig): void {
    this.#config = config;
    this.#isOn = isOn(config);
    const { engine, detectors } = this.#judges ?? {};
    engine?.use(config);
    detectors?.use((agentId) => engine!.settingsFor(agentId), this.#options.clock.now());
  }

  /** Whether any AI agent's records are judged. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** `undefined`: nobody could; they go on as they are. Never rejects. */
  async judge(records: readonly EncodedRecord[]): Promise<TriageJudgement | undefined> {
    const { clock, logger } = this.#options;
    try {
      const { engine } = this.#judges ?? (await this.#opened()) ?? {};
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
    const { clock, logger } = this.#options;
    try {
      const { records, templates, hits } = judgement;
      const now = clock.now();
      if (hits.length > 0) this.#tell(hits, now);
      this.#tally.count(records, templates, now);
      await this.#watchFor(judgement, now);
      this.#keepAt ??= now + KEPT_EACH_MS;
      this.#comeBy(Math.min(this.#keepAt, this.#judges?.detectors.nextDueAt ?? this.#keepAt));
    } catch (error) {
      logger.error('what was judged could not be followed up', errorFields(error));
    }
  }

  get correctionsTag(): string | undefined {
    return this.#corrections?.tag ?? this.#judges?.corrections.tag ?? this.state.noteOf('corrections');
  }

  /** They hold from now on, in the place of all before. */
  async useCorrections(answer: CorrectionsAnswer): Promise<void> {
    if (this.#judges === undefined) this.#corrections = answer;
    else this.#judges.corrections.use(answer);
    await this.state.write('corrections', JSON.stringify(answer), answer.tag);
  }

  /** What was counted of templates since this was called before, in lists in which each comes once. */
  takeReports(): readonly (readonly TemplateReport[])[] {
    const judges = this.#judges;
    return judges === undefined ? [] : this.#tally.take((template) => judges.engine.opinionOf(template));
  }

  get figures(): TriageFigures {
    const judges = this.#judges;
    const counts = judges?.engine.counts ?? NO_COUNTS;
    return {
      counts: { ...counts, failed: counts.failed + this.#unjudged },
      alerts: this.#told,
      templates: judges?.miner.size ?? 0,
      evicted: judges?.miner.evicted ?? 0,
    };
  }

  /** Keeps what was learnt. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#watch.close();
    await this.#catchingUp;
    if (this.#judges !== undefined) this.#toldThrough = this.#options.buffer.stats().lastSequence;
    await this.#noteTold();
    await this.#keep();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(hits: readonly TriageHit[], now: number): void {
    for (const hit of hits) {
      this.#told[hit.verdict.tier]++;
      this.#alerts.hit(hit, now);
    }
    this.#toldThrough = this.#options.buffer.stats().lastSequence;
    this.#noteAt ??= Math.max(now, this.#notedAt + NOTED_EACH_MS);
    this.#comeBy(this.#noteAt);
  }

  /** For what shows only in many records. */
  async #watchFor({ kept, templates, events }: TriageJudgement, now: number): Promise<void> {
    const detectors = this.#judges?.detectors;
    if (detectors === undefined) return;
    const breathe = breathing(this.#options.clock);
    for (let from = 0; from < kept.length; ) {
      if (from > 0) await breathe();
      const end = sliceEnd(kept, from);
      for (; from < end; from++) {
        const record = kept[from]!;
        const hits = detectors.look(this.#view.of(record), templates[from], now, events[from]);
        for (const hit of hits) this.#tellDetected(hit, now, record.json);
      }
    }
  }

  #tellDetected(hit: DetectorHit, now: number, json?: string): void {
    this.#told.detector++;
    const { server, revision } = this.#options;
    const about = { agentId: hit.agentId, ...(json === undefined ? {} : { json }) };
    this.#teller.tell(detectedAlert(hit, { server, revision: revision(), now }), about);
  }

  #opened(): Promise<Judges | undefined> {
    const { clock } = this.#options;
    if (this.#opening === undefined && clock.monotonic() >= this.#openFrom) this.#opening = this.#open();
    return this.#opening ?? Promise.resolve(undefined);
  }

  async #open(): Promise<Judges | undefined> {
    const { openJudges = openUsualJudges, clock, logger } = this.#options;
    const { state } = this;
    try {
      const judges = await openJudges({ config: this.#config, state, clock, logger });
      const kept = this.#corrections ?? keptCorrections(await state.read('corrections'));
      if (kept !== undefined) judges.corrections.use(kept);
      this.#corrections = undefined;
      this.#mark.begin();
      this.#judges = judges;
      this.use(this.#config); // another may have come meanwhile
    } catch (error) {
      logger.error('triage could not be started; records go on unjudged', errorFields(error));
      this.#openFrom = clock.monotonic() + OPEN_AGAIN_MS;
    }
    this.#opening = undefined;
    return this.#judges;
  }

  #comeBy(dueAt: number): void {
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#watch.nudge();
  }

  /** Tells what is due, and keeps what was learnt. */
  async #round(): Promise<number> {
    const { clock } = this.#options;
    const now = clock.now();
    const detectors = this.#judges?.detectors;
    const again = this.#alerts.tellAgain(now);
    if ((detectors?.nextDueAt ?? now + 1) <= now) for (const hit of detectors!.due(now)) this.#tellDetected(hit, now);
    if (this.#noteAt !== undefined && this.#noteAt <= now) await this.#noteTold();
    if (this.#keepAt !== undefined && this.#keepAt <= now) await this.#keep();
    const due = [again, detectors?.nextDueAt, this.#keepAt, this.#noteAt].filter((at) => at !== undefined);
    this.#dueAt = Math.min(now + NOTHING_DUE_MS, ...due);
    return Math.max(0, this.#dueAt - clock.now());
  }

  async #catchUp(): Promise<void> {
    const { logger } = this.#options;
    try {
      const untold = await this.#mark.untold();
      const judges = untold.length === 0 ? undefined : (this.#judges ?? (await this.#opened()));
      if (judges !== undefined) this.#tellUntold(judges, untold);
    } catch (error) {
      logger.warn('it could not be found out whether alerts were not told before the restart', errorFields(error));
    }
  }

  #tellUntold({ miner }: Judges, untold: readonly UntoldRecord[]): void {
    const now = this.#options.clock.now();
    for (const { record, verdict } of untold) {
      const { id: _, ...stored } = record;
      const { agent_id: agentId, level, action, timestamp, message } = record;
      const json = JSON.stringify(stored).slice(1);
      const template = miner.find(verdict.template) ?? miner.place(message, now);
      this.#alerts.hit({ record: { agentId, level, action, timestamp, json }, message, template, verdict }, now);
    }
    this.#toldThrough = this.#options.buffer.stats().lastSequence;
    this.#noteAt ??= now;
    this.#comeBy(now);
  }

  /** Once what is told stands in the file, too. */
  async #noteTold(): Promise<void> {
    const { clock, logger } = this.#options;
    const sequence = this.#toldThrough;
    this.#noteAt = undefined;
    if (sequence === undefined) return;
    this.#notedAt = clock.now();
    await this.#teller.told;
    await turn();
    try {
      this.#mark.note(sequence);
    } catch (error) {
      logger.warn('it could not be noted which alerts are told', errorFields(error)); // a full disk
    }
  }

  async #keep(): Promise<void> {
    this.#keepAt = undefined;
    const judges = this.#judges;
    if (judges === undefined) return;
    const { state } = this;
    await state.write('templates', judges.miner.stored(state.textBytesMax('templates')));
    await state.write('detectors', judges.detectors.stored());
  }
}

/** Of the event loop: what is told in one stands in the file in the next. */
async function turn(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

async function openUsualJudges(options: OpenJudgesOptions): Promise<Judges> {
  const { openJudges } = await import('./open-judges.ts'); // what it takes is loaded with the first record
  return openJudges(options);
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
