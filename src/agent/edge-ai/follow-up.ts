import type { AlertReport } from '../../contract/alert.ts';
import type { Sequence, ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import type { AiWorkCount, TemplateReport, TriageTier } from '../../contract/triage.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import type { Metric } from '../../platform/metrics-text.ts';
import { Pace } from '../../platform/pace.ts';
import { AlertTeller } from '../alert-teller.ts';
import type { LinesBeforeQuery } from '../buffer/types.ts';
import { breathing, sliceEnd } from '../judging.ts';
import { RecordView } from '../rules/record-view.ts';
import { AiWorkTally } from './ai-work-tally.ts';
import { detectedAlert } from './detected-alert.ts';
import type { DetectorHit } from './detectors/index.ts';
import type { KeptState } from './kept-state.ts';
import { ModelDesk, type ModelWord, type OpenModel } from './model-desk.ts';
import type { Judges } from './open-judges.ts';
import { messageOf } from './record-message.ts';
import { TemplateTally } from './template-tally.ts';
import type { ToldMark, UntoldRecord } from './told-mark.ts';
import { TriageAlerts } from './triage-alerts.ts';
import type { TriageConfig, TriageDoubt, TriageHit, TriageJudgement } from './triage-engine.ts';

export type AlertTier = Exclude<TriageTier, 'rule'>;

export interface FollowUpOptions {
  readonly buffer: {
    linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]>;
    stats(): { readonly lastSequence: Sequence };
    /** Writes alerts that were told to the file; whether it has them all. */
    saveAlerts(): boolean;
  };
  readonly server: ServerName;
  /** Of the configuration that runs. */
  readonly revision: () => string;
  readonly tell: (alert: AlertReport) => void;
  readonly config: Pick<TriageConfig, 'triageModel'>;
  readonly openModel: OpenModel;
  readonly judges: Judges;
  readonly state: KeptState;
  readonly mark: ToldMark;
  readonly clock: Clock;
  readonly logger: Logger;
}

const NOTHING_DUE_MS = 3_600_000;
/** So much of what was learnt may be forgotten by a crash. */
const KEPT_EACH_MS = 60_000;
/** A note of what is told costs a commit of its own. */
const NOTED_EACH_MS = 1_000;

/** What triage does once records are stored: people are told, lines are counted, detectors watch, and what was learnt is kept. */
export class FollowUp {
  /** Records that people were to be told of, by who said so. */
  readonly told: Record<AlertTier, number> = { correction: 0, detector: 0, scorer: 0, model: 0 };
  readonly #options: FollowUpOptions;
  readonly #teller: AlertTeller;
  readonly #alerts: TriageAlerts;
  readonly #tally = new TemplateTally();
  readonly #work = new AiWorkTally();
  readonly #view = new RecordView();
  readonly #desk: ModelDesk;
  readonly #watch: Pace;
  /** People are told, or are being told, of all with a verdict up to this. */
  #toldThrough: Sequence | undefined;
  /** When that is to be noted, and when it was last. */
  #noteAt: number | undefined;
  #notedAt = Number.NEGATIVE_INFINITY;
  /** When what was learnt is to be kept. */
  #keepAt: number | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(options: FollowUpOptions) {
    const { server, revision, clock, logger, judges, config, openModel } = options;
    this.#options = options;
    this.#teller = new AlertTeller(options);
    this.#alerts = new TriageAlerts({
      server,
      revision,
      tell: (alert, about) => this.#teller.tell(alert, about),
      isOrdinary: (template) => judges.corrections.markOf(template) === 'ordinary',
    });
    this.#watch = new Pace(clock, () => this.#round());
    this.#desk = new ModelDesk({
      settings: config.triageModel,
      open: openModel,
      ...judges,
      onWord: (doubt, word) => this.#heard(doubt, word),
      logger,
    });
    this.use(config);
  }

  start(): this {
    this.#watch.start();
    return this;
  }

  /** Another model from now on, or none. */
  use({ triageModel }: Pick<TriageConfig, 'triageModel'>): void {
    this.#desk.use(triageModel);
    this.#options.judges.engine.wantsDoubts = this.#desk.isOn;
  }

  /** Of the model, for `GET /metrics`. */
  modelMetrics(): readonly Metric[] {
    return this.#desk.metrics();
  }

  /** Resolves when nothing of the records is needed any more, which for few and short ones is at once. */
  async stored(judgement: TriageJudgement): Promise<void> {
    const { clock, judges } = this.#options;
    const { records, templates, events, hits, doubts } = judgement;
    const now = clock.now();
    if (hits.length > 0) this.#tell(hits, now);
    this.#tally.count(records, templates, now);
    this.#work.count(records, events, now);
    this.#desk.ask(doubts);
    await this.#watchFor(judgement, now);
    this.#keepAt = Math.min(this.#keepAt ?? Number.POSITIVE_INFINITY, now + KEPT_EACH_MS); // the clock may have been set back
    this.#comeBy(Math.min(this.#keepAt, judges.detectors.nextDueAt ?? this.#keepAt));
  }

  /** What a run before was killed before telling. */
  tellUntold(untold: readonly UntoldRecord[]): void {
    const { clock, judges } = this.#options;
    const now = clock.now();
    const hits = untold.map(({ record, verdict }) => {
      const { id: _, ...stored } = record;
      const { agent_id: agentId, level, action, timestamp } = record;
      const encoded = { agentId, level, action, timestamp, json: JSON.stringify(stored).slice(1) };
      const message = messageOf(encoded);
      const template = judges.miner.find(verdict.template) ?? judges.miner.place(message, now);
      const hit = { record: encoded, message, template, verdict };
      // In the record stands only which detector it was.
      const detected = verdict.tier === 'detector' ? judges.detectors.lookAtOne(this.#view.of(encoded)) : undefined;
      return detected === undefined ? hit : { ...hit, detected };
    });
    if (hits.length > 0) this.#tell(hits, now);
  }

  /** What was counted of templates since this was called before, in lists in which each comes once. */
  takeReports(): readonly (readonly TemplateReport[])[] {
    const { engine } = this.#options.judges;
    return this.#tally.take((template) => engine.opinionOf(template));
  }

  /** What was counted of the work of AI agents since this was called before. */
  takeWork(): readonly AiWorkCount[] {
    return this.#work.take();
  }

  /** Tells what waits to be counted, and keeps what was learnt. */
  async close(): Promise<void> {
    await this.#desk[Symbol.asyncDispose]();
    await this.#watch.close();
    this.#alerts.tellRest();
    this.#toldThrough = this.#options.buffer.stats().lastSequence;
    await this.#noteTold();
    await this.#keep();
  }

  #tell(hits: readonly TriageHit[], now: number): void {
    for (const hit of hits) {
      this.told[hit.verdict.tier]++;
      this.#alerts.hit(hit, now);
    }
    this.#toldThrough = this.#options.buffer.stats().lastSequence;
    const soon = now + NOTED_EACH_MS; // the clock may have been set back
    this.#noteAt = Math.min(this.#noteAt ?? soon, Math.max(now, this.#notedAt + NOTED_EACH_MS), soon);
    this.#comeBy(this.#noteAt);
  }

  /** The model may raise what nobody was told of, or say more of what people were told: it lowers nothing. */
  #heard({ agentId, record, message, template, verdict }: TriageDoubt, word: ModelWord): void {
    const { judges, clock } = this.#options;
    const { engine, corrections } = judges;
    engine.noteWord(template, word);
    if (corrections.markOf(template) === 'ordinary') return;
    const about = { record, message, template, word };
    if (verdict !== undefined) this.#alerts.annotate({ ...about, verdict }, clock.now());
    else if (word.verdict === 'critical') {
      const { severity } = engine.settingsFor(agentId);
      const { score } = engine.opinionOf(template);
      const raised = { severity, tier: 'model', template: template.id, score, reason: word.reason } as const;
      this.#tell([{ ...about, verdict: raised }], clock.now());
    }
  }

  /** For what shows only in many records. */
  async #watchFor({ kept, templates, events }: TriageJudgement, now: number): Promise<void> {
    const { clock, judges } = this.#options;
    const breathe = breathing(clock);
    for (let from = 0; from < kept.length; ) {
      if (from > 0) await breathe();
      const end = sliceEnd(kept, from);
      for (; from < end; from++) {
        const record = kept[from]!;
        const hits = judges.detectors.look(this.#view.of(record), templates[from], now, events[from]);
        for (const hit of hits) this.#tellDetected(hit, now, record.json);
      }
    }
  }

  #tellDetected(hit: DetectorHit, now: number, json?: string): void {
    this.told.detector++;
    const { server, revision } = this.#options;
    const about = { agentId: hit.agentId, ...(json === undefined ? {} : { json }) };
    this.#teller.tell(detectedAlert(hit, { server, revision: revision(), now }), about);
  }

  #comeBy(dueAt: number): void {
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#watch.nudge();
  }

  /** Tells what is due, and keeps what was learnt. */
  async #round(): Promise<number> {
    const { clock, judges } = this.#options;
    const { detectors } = judges;
    const now = clock.now();
    const again = this.#alerts.tellAgain(now);
    if ((detectors.nextDueAt ?? now + 1) <= now) for (const hit of detectors.due(now)) this.#tellDetected(hit, now);
    if (this.#noteAt !== undefined && this.#noteAt <= now) await this.#noteTold();
    if (this.#keepAt !== undefined && this.#keepAt <= now) await this.#keep();
    const due = [again, detectors.nextDueAt, this.#keepAt, this.#noteAt].filter((at) => at !== undefined);
    this.#dueAt = Math.min(now + NOTHING_DUE_MS, ...due);
    return Math.max(0, this.#dueAt - clock.now());
  }

  /** Once what is told stands in the file, too. */
  async #noteTold(): Promise<void> {
    const { buffer, mark, clock, logger } = this.#options;
    const sequence = this.#toldThrough;
    this.#noteAt = undefined;
    if (sequence === undefined) return;
    this.#notedAt = clock.now();
    await this.#teller.told;
    try {
      if (buffer.saveAlerts()) mark.note(sequence);
      else this.#noteAt ??= clock.now() + NOTED_EACH_MS;
    } catch (error) {
      logger.warn('it could not be noted which alerts are told', errorFields(error)); // a full disk
    }
  }

  async #keep(): Promise<void> {
    const { judges, state } = this.#options;
    this.#keepAt = undefined;
    await state.write('templates', judges.miner.stored(state.textBytesMax('templates')));
    await state.write('detectors', judges.detectors.stored());
  }
}
