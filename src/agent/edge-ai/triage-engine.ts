import type { Config } from '../../config/index.ts';
import type { AgentId } from '../../contract/ids.ts';
import { EXIT_ACTION, type Level } from '../../contract/record.ts';
import type { TriageTier, TriageVerdict } from '../../contract/triage.ts';
import type { TriageSettings } from '../../contract/triage-settings.ts';
import type { Clock } from '../../platform/clock.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { sliceEnd, withVerdict } from '../judging.ts';
import { RecordView } from '../rules/record-view.ts';
import { Conclusion } from './conclusion.ts';
import type { Corrections } from './corrections.ts';
import { type AiEvent, aiEventOf, type DetectorHit } from './detectors/index.ts';
import { LineScores } from './line-scores.ts';
import type { ModelWord } from './model-desk.ts';
import { messageOf } from './record-message.ts';
import type { LineScorer, Miner, Template } from './types.ts';
import { WatchBudget } from './watch-budget.ts';

export type TriageConfig = Pick<Config, 'agentDefaults' | 'agents' | 'triageModel'>;

/** A record of which people are to be told. */
export interface TriageHit {
  /** As it is stored. */
  readonly record: EncodedRecord;
  readonly message: string;
  readonly template: Template;
  /** In the record it stands only where it is there before the record is stored: not the model's. */
  readonly verdict: HitVerdict;
  /** Where a detector has spoken. */
  readonly detected?: DetectorHit;
  /** What the model has said of the template. */
  readonly word?: ModelWord | undefined;
}

export type HitVerdict = Omit<TriageVerdict, 'tier'> & { readonly tier: Exclude<TriageTier, 'rule'> };
type Found = Pick<TriageHit, 'verdict' | 'detected' | 'word'>;

/** A new template that the scorer is unsure of. */
export interface TriageDoubt {
  readonly agentId: AgentId;
  readonly record: EncodedRecord;
  readonly message: string;
  readonly template: Template;
  /** What people are told without the model; `undefined`: nothing. */
  readonly verdict: HitVerdict | undefined;
}

export interface TriageJudgement {
  /** As they came. */
  readonly records: readonly EncodedRecord[];
  /** All of them, in order, those with a verdict changed. */
  readonly kept: readonly EncodedRecord[];
  /** Of each, in order; `undefined`: it was not judged. */
  readonly templates: readonly (Template | undefined)[];
  /** What each tells of its AI agent's work; `null`: nothing. */
  readonly events: readonly (AiEvent | null)[];
  readonly hits: readonly TriageHit[];
  readonly doubts: readonly TriageDoubt[];
}

export interface TriageCounts {
  /** Records that went through all tiers. */
  judged: number;
  /** Records that went on unjudged: it took too long, or a judge failed. */
  late: number;
  failed: number;
  /** Judged, but not shown to the detectors: too many came at once. */
  unwatched: number;
}

/** Detectors that need nothing but the record. */
export interface LineDetectors {
  lookAtOne(view: RecordView, event: AiEvent | null): DetectorHit | undefined;
}

export interface TriageEngineOptions {
  readonly miner: Miner;
  readonly scorer: LineScorer;
  readonly corrections: Corrections;
  readonly detectors: LineDetectors;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/**
 * A judge that has gone slow must not hold lines: records of one append for which there is no time left go on unjudged. A line takes
 * microseconds; so much is left for a host that has other things to do.
 */
const APPEND_MS_MAX = 200;
const RECORD_MS_MAX = 0.5;
/** So often it is looked how long it has taken. */
const LOOK_EACH = 16;

/**
 * Tiers 1 and 2 on records that rules have left undecided: the template of each message, then what people said of it, what the scorer thinks
 * of it. Pure but for its counts and what the miner learns: it stores nothing and tells nobody. Never throws for a record.
 */
export class TriageEngine {
  readonly counts: TriageCounts = { judged: 0, late: 0, failed: 0, unwatched: 0 };
  /** Whether somebody wants to know of templates in doubt. */
  wantsDoubts = false;
  readonly #options: TriageEngineOptions;
  readonly #scores: LineScores;
  readonly #view = new RecordView();
  readonly #budget = new WatchBudget();
  #default: TriageSettings;
  #own: ReadonlyMap<string, TriageSettings> = new Map();

  constructor(options: TriageEngineOptions, config: TriageConfig) {
    this.#options = options;
    this.#scores = new LineScores(options.scorer);
    this.#default = config.agentDefaults.triage;
    this.use(config);
  }

  /** Other settings from the next record on. */
  use({ agentDefaults, agents }: TriageConfig): void {
    this.#default = agentDefaults.triage;
    this.#own = new Map(agents.map(({ agentId, triage }) => [agentId, triage]));
  }

  settingsFor(agentId: string): TriageSettings {
    return this.#own.get(agentId) ?? this.#default;
  }

  /** For records that are few and short. `now`: time of arrival, epoch ms. */
  judge(records: readonly EncodedRecord[], now: number): TriageJudgement {
    const work = new Work(records);
    this.#judgeSlice(work, records.length, now);
    return work;
  }

  /** The same for many or long records, a slice at a time: `breathe` is called between slices, and may let others have the event loop. */
  async judgeInSlices(
    records: readonly EncodedRecord[],
    now: number,
    breathe: () => Promise<void> | undefined,
  ): Promise<TriageJudgement> {
    const work = new Work(records);
    while (work.templates.length < records.length) {
      if (work.templates.length > 0) await breathe();
      this.#judgeSlice(work, sliceEnd(records, work.templates.length), now);
    }
    return work;
  }

  /** What the tiers think of a template by itself, for whoever reports it. */
  opinionOf(template: Template): { readonly isAlert: boolean; readonly score: number } {
    const known = template.conclusion instanceof Conclusion ? template.conclusion : undefined;
    const isAlert = known?.mark === 'alert' || (known?.mark !== 'ordinary' && known?.worst?.isAlert === true);
    return { isAlert, score: known?.worst?.score ?? 0 };
  }

  /** What the model says of a template, for as long as it stays what it is: it may raise what the scorer let pass, and lowers nothing. */
  noteWord(template: Template, word: ModelWord): void {
    this.#conclusionOf(template).word = word;
  }

  /** What the model said of a template as it is. */
  wordOf(template: Template): ModelWord | undefined {
    return this.#conclusionOf(template).word;
  }

  #judgeSlice(work: Work, end: number, now: number): void {
    const { clock } = this.#options;
    const { records, templates } = work;
    const msMax = APPEND_MS_MAX + RECORD_MS_MAX * records.length;
    const startedAt = clock.monotonic() - work.usedMs;
    let isLate = work.usedMs > msMax;
    let agentId: AgentId | undefined;
    let settings = this.#default;
    for (let index = templates.length; index < end; index++) {
      const record = records[index]!;
      if (record.agentId !== agentId) {
        agentId = record.agentId;
        settings = this.settingsFor(agentId);
      }
      if (index % LOOK_EACH === 0 && !isLate) isLate = clock.monotonic() - startedAt > msMax;
      if (settings.enabled && !isLate) this.#judgeOne(record, settings, now, work);
      else {
        if (settings.enabled) this.counts.late++;
        work.pass(record, undefined, null);
      }
    }
    work.usedMs = clock.monotonic() - startedAt;
  }

  #judgeOne(record: EncodedRecord, settings: TriageSettings, now: number, work: Work): void {
    let template: Template | undefined;
    let event: AiEvent | null = null;
    try {
      const message = messageOf(record);
      template = this.#options.miner.place(message, now);
      const view = this.#view.of(record);
      if (this.#budget.takes(record.agentId, now)) event = aiEventOf(view) ?? null;
      else this.counts.unwatched++;
      const found =
        record.isJudged === true
          ? undefined
          : this.#verdictOn({ record, view, message, event }, template, settings, work);
      this.counts.judged++;
      if (found !== undefined) {
        const hit = { record, message, template, ...found };
        if (found.verdict.tier === 'model') work.raise(hit, event);
        else work.tell(hit, event);
        return;
      }
    } catch {
      this.counts.failed++;
    }
    work.pass(record, template, event);
  }

  #verdictOn(
    { record, view, message, event }: Line,
    template: Template,
    settings: TriageSettings,
    work: Work,
  ): Found | undefined {
    const { detectors, miner } = this.#options;
    const known = this.#conclusionOf(template);
    if (known.mark === 'ordinary') return undefined;
    const { severity } = settings;
    if (known.mark === 'alert')
      return { verdict: { severity, tier: 'correction', template: template.id, score: 1, reason: MARKED } };
    const detected = detectors.lookAtOne(view, event);
    if (detected !== undefined) {
      const { severity, detector, reason } = detected;
      const verdict = { severity, tier: 'detector', template: template.id, score: 1, reason, detector } as const;
      return { verdict, detected };
    }
    if (record.action === EXIT_ACTION) return undefined; // one alert of it is enough
    const score = this.#scores.scoreOf(message, levelOf(record), miner.shape, () => template.text);
    if (known.worst === undefined || score.score > known.worst.score) known.worst = score;
    const { word } = known;
    const isRaised = !score.isAlert && word?.verdict === 'critical';
    const found: Found | undefined =
      score.isAlert || isRaised
        ? {
            verdict: {
              severity,
              tier: isRaised ? 'model' : 'scorer',
              template: template.id,
              score: rounded(score.score),
              reason: isRaised ? word.reason : score.reason,
            },
            word,
          }
        : undefined;
    if (score.isUnsure && !known.isInDoubt && word === undefined && this.wantsDoubts) {
      work.doubts.push({
        agentId: record.agentId,
        record: plainRecord(record),
        message,
        template,
        verdict: found?.verdict,
      });
    }
    return found;
  }

  #conclusionOf(template: Template): Conclusion {
    const { corrections } = this.#options;
    const known = Conclusion.of(template);
    if (known.corrections === corrections.version) return known;
    known.mark = corrections.markOf(template);
    known.corrections = corrections.version;
    return known;
  }
}

const MARKED = 'people said that lines like this are to be told';

/** What stays when the source's buffer is used again. */
function plainRecord({ agentId, level, action, timestamp, json }: EncodedRecord): EncodedRecord {
  return { agentId, level, action, timestamp, json };
}

/** What was said of its level. */
function levelOf({ level, isLevelAssumed }: EncodedRecord): Level | undefined {
  return isLevelAssumed === true ? undefined : level;
}

function rounded(score: number): number {
  return Math.round(score * 1_000) / 1_000;
}

class Work implements TriageJudgement {
  readonly records: readonly EncodedRecord[];
  readonly templates: (Template | undefined)[] = [];
  readonly events: (AiEvent | null)[] = [];
  readonly hits: TriageHit[] = [];
  readonly doubts: TriageDoubt[] = [];
  usedMs = 0;
  #kept: EncodedRecord[] | undefined;

  constructor(records: readonly EncodedRecord[]) {
    this.records = records;
  }

  /** Those that were given, as they are, where nobody is told of any. */
  get kept(): readonly EncodedRecord[] {
    return this.#kept ?? this.records;
  }

  pass(record: EncodedRecord, template: Template | undefined, event: AiEvent | null): void {
    this.templates.push(template);
    this.events.push(event);
    this.#kept?.push(record);
  }

  /** People are to be told, though nothing stands in the record. */
  raise(hit: TriageHit, event: AiEvent | null): void {
    this.hits.push({ ...hit, record: plainRecord(hit.record) });
    this.pass(hit.record, hit.template, event);
  }

  tell(hit: TriageHit, event: AiEvent | null): void {
    this.#kept ??= this.records.slice(0, this.templates.length);
    const record = withVerdict(hit.record, hit.verdict as TriageVerdict);
    this.hits.push({ ...hit, record });
    this.templates.push(hit.template);
    this.events.push(event);
    this.#kept.push(record);
  }
}

/** A record, and what was read of it. */
interface Line {
  readonly record: EncodedRecord;
  readonly view: RecordView;
  readonly message: string;
  readonly event: AiEvent | null;
}
