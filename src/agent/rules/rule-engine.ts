import { severityRank } from '../../contract/alert.ts';
import { type AgentId, NERVESYS_AGENT_ID, type ServerName } from '../../contract/ids.ts';
import { REDACTION_DEFAULT } from '../../contract/redaction.ts';
import type { RuleSettings, RuleVerdict } from '../../contract/rules.ts';
import { matchesServerPattern as matchesName } from '../../contract/server-pattern.ts';
import type { EncodedRecord } from '../buffer/types.ts';
import { asJudged, sliceEnd, withVerdict } from '../judging.ts';
import { Redactor } from '../redaction/index.ts';
import { encodeObject } from '../sources/record-encoder.ts';
import { CompiledRule } from './compiled-rule.ts';
import type { RateWindow } from './rate-window.ts';
import { RecordView } from './record-view.ts';
import { type Absence, RuleMemory } from './rule-memory.ts';

/** A record for which people are to be told. */
export interface RuleHit {
  readonly rule: RuleSettings;
  readonly agentId: AgentId;
  /** As it is stored, or would have been. */
  readonly record: EncodedRecord;
}

/** What the rules have made of some records. */
export interface Judgement {
  /** In their order, changed where a rule says so. */
  readonly kept: readonly EncodedRecord[];
  readonly dropped: readonly EncodedRecord[];
  readonly hits: readonly RuleHit[];
  /** What hit, each time. */
  readonly ruleHits: readonly CompiledRule[];
  /** Rules that wait for one of these records. */
  readonly seen: readonly Absence[];
  /** They were not stored after all: what was counted of them is taken back, or a second attempt would count twice. */
  undo(): void;
}

export interface RuledAgent {
  readonly agentId: string;
  readonly rules: readonly RuleSettings[];
}

export interface RuleCounts {
  /** By the rule's name. */
  readonly hits: Map<string, number>;
  /** Records on which a rule failed; they went on without it. */
  failed: number;
}

/** What a rule has changed was redacted before. */
const REDACTED_BEFORE = new Redactor({ ...REDACTION_DEFAULT, enabled: false });
const NOT_AGAIN = { for: () => REDACTED_BEFORE };

/**
 * Holds the rules of a server against records, in the order of both. Pure but for its counts: it stores nothing and tells nobody. Never
 * throws for a record: where a rule fails, the record goes on as those before it left it, and is counted.
 */
export class RuleEngine {
  readonly counts: RuleCounts = { hits: new Map(), failed: 0 };
  readonly memory: RuleMemory;
  /** Told of each hit, before the rule changes anything; for whoever explains. */
  onHit: ((rule: CompiledRule, view: RecordView, inWindow: number | undefined) => void) | undefined;
  readonly #server: ServerName;
  readonly #view = new RecordView();
  #default: readonly CompiledRule[] = [];
  /** Those of the defaults that only take something out. */
  #redacting: readonly CompiledRule[] = [];
  #own: ReadonlyMap<string, readonly CompiledRule[]> = new Map();
  #isIdle = true;

  /** `stored`: what `memory.text` gave in an earlier run. */
  constructor(server: ServerName, stored?: string) {
    this.#server = server;
    this.memory = new RuleMemory(stored);
  }

  /** Other rules from the next record on. Throws what a rule that can't be compiled throws, and changes nothing then. */
  use(defaults: readonly RuleSettings[], agents: readonly RuledAgent[], now: number): void {
    const compiled = defaults.map((rule) => new CompiledRule(rule));
    const same = JSON.stringify(defaults);
    const own = new Map(
      agents.map(({ agentId, rules }) => {
        const isSame = JSON.stringify(rules) === same;
        return [agentId, isSame ? compiled : rules.map((rule) => new CompiledRule(rule))] as const;
      }),
    );
    this.#default = compiled;
    this.#redacting = compiled.filter(({ settings }) => {
      const { redact, sampleShare } = settings.effects;
      return redact !== undefined && sampleShare === undefined;
    });
    this.#own = own;
    this.#isIdle = compiled.length === 0 && [...own.values()].every((rules) => rules.length === 0);
    const expected = [...own].flatMap(([agentId, rules]) =>
      rules
        .filter(({ settings }) => settings.when.absentForMs !== undefined && isFor(settings, agentId))
        .map((rule) => ({ rule, agentId })),
    );
    this.memory.expect(expected, now);
    this.memory.resume((agentId) => this.rulesFor(agentId));
  }

  /** Whether there is no rule at all. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** The rules that hold for an AI agent, in order. */
  rulesFor(agentId: string): readonly CompiledRule[] {
    // What the lean agent has to say itself is not for the defaults to drop; but any record may bear its name, so what they take out is.
    if (agentId === NERVESYS_AGENT_ID) return this.#own.get(agentId) ?? this.#redacting;
    return this.#own.size === 0 ? this.#default : (this.#own.get(agentId) ?? this.#default);
  }

  /** `undefined`: no rule has anything to do with any of them. `now`: time of arrival, epoch ms. */
  judge(records: readonly EncodedRecord[], now: number): Work | undefined {
    let work: Work | undefined;
    let agentId: string | undefined;
    let rules: readonly CompiledRule[] = [];
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      if (record.agentId !== agentId) {
        agentId = record.agentId;
        rules = this.rulesFor(agentId);
      }
      if (rules.length === 0) {
        work?.kept.push(record);
        continue;
      }
      const touched = this.#judgeOne(record, rules, now, work);
      if (touched === undefined) work?.kept.push(record);
      else if (work === undefined) {
        work = touched;
        work.kept = records.slice(0, index).concat(work.kept);
      }
    }
    return work;
  }

  /**
   * The same for many or long records, a slice at a time: `breathe` is called between slices, and may let others have the event loop. Records
   * that are judged after other rules came are judged by those.
   */
  async judgeInSlices(
    records: readonly EncodedRecord[],
    now: number,
    breathe: () => Promise<void> | undefined,
  ): Promise<Judgement | undefined> {
    const work = new Work();
    let isTouched = false;
    try {
      for (let from = 0; from < records.length; ) {
        if (from > 0) await breathe();
        const slice = records.slice(from, sliceEnd(records, from));
        const judged = this.judge(slice, now);
        isTouched ||= judged !== undefined;
        work.add(judged ?? { kept: slice });
        from += slice.length;
      }
    } catch (error) {
      work.undo();
      throw error;
    }
    return isTouched ? work : undefined;
  }

  /** What the rules did with one record, added to `work`, or to a new one where there is none yet; `undefined`: nothing. */
  #judgeOne(
    record: EncodedRecord,
    rules: readonly CompiledRule[],
    now: number,
    given: Work | undefined,
  ): Work | undefined {
    const view = this.#view.of(record);
    let work = given;
    let alerting: RuleSettings[] | undefined;
    let isOrdinary = false;
    let isDropped = false;
    let isTouched = false;
    try {
      for (const rule of rules) {
        if (!rule.fits(view)) continue;
        const { when, effects } = rule.settings;
        if (when.absentForMs !== undefined) {
          const absence = this.memory.absence(rule, record.agentId);
          if (absence === undefined) continue;
          work ??= new Work();
          work.seen.push(absence);
          isTouched = true;
          continue;
        }
        let inWindow: number | undefined;
        if (when.rate !== undefined) {
          const window = this.memory.window(rule, record.agentId);
          work ??= new Work();
          work.counted.push([window, window.add(now)]);
          isTouched = true;
          inWindow = window.sum(now);
          if (inWindow <= when.rate.moreThan) continue;
        }
        isTouched = true;
        work ??= new Work();
        work.ruleHits.push(rule);
        this.onHit?.(rule, view, inWindow);
        if (effects.alert !== undefined) {
          alerting ??= [];
          alerting.push(rule.settings);
        }
        if (effects.ordinary === true) isOrdinary = true;
        if (rule.transform?.(view, work.transformed) === 'drop') {
          isDropped = true;
          break;
        }
      }
    } catch {
      this.counts.failed++;
    }
    if (!isTouched) return undefined;
    work ??= new Work();
    const outcome = this.#outcome(record, view, { alerting, isOrdinary, isDropped }, now);
    if (isDropped) work.dropped.push(outcome);
    else work.kept.push(outcome);
    for (const rule of alerting ?? []) work.hits.push({ rule, agentId: record.agentId, record: outcome });
    return work;
  }

  #outcome(
    record: EncodedRecord,
    view: RecordView,
    { alerting, isOrdinary, isDropped }: Said,
    now: number,
  ): EncodedRecord {
    let outcome = record;
    if (view.isChanged && !isDropped)
      outcome = encodeObject(
        {
          timestamp: record.timestamp,
          level: view.level,
          agent_id: record.agentId,
          action: view.action,
          message: view.message,
          context: view.context,
        },
        { server: this.#server, now, redaction: NOT_AGAIN },
      );
    if (alerting === undefined) return isOrdinary ? asJudged(outcome) : outcome;
    const verdict: RuleVerdict = {
      severity: alerting
        .map(({ effects }) => effects.alert!.severity)
        .reduce((worst, one) => (severityRank(one) > severityRank(worst) ? one : worst)),
      rules: alerting.map(({ name }) => name),
    };
    return withVerdict(outcome, verdict);
  }
}

/** What rules said of one record. */
interface Said {
  readonly alerting: readonly RuleSettings[] | undefined;
  readonly isOrdinary: boolean;
  readonly isDropped: boolean;
}

class Work implements Judgement {
  kept: EncodedRecord[] = [];
  readonly dropped: EncodedRecord[] = [];
  readonly hits: RuleHit[] = [];
  readonly ruleHits: CompiledRule[] = [];
  readonly seen: Absence[] = [];
  readonly counted: [RateWindow, number][] = [];
  readonly transformed: (() => void)[] = [];

  add({
    kept,
    dropped = [],
    hits = [],
    ruleHits = [],
    seen = [],
    counted = [],
    transformed = [],
  }: Partial<Work>): void {
    // One at a time: a hundred thousand are too many arguments.
    for (const record of kept ?? []) this.kept.push(record);
    for (const record of dropped) this.dropped.push(record);
    for (const hit of hits) this.hits.push(hit);
    for (const rule of ruleHits) this.ruleHits.push(rule);
    for (const absence of seen) this.seen.push(absence);
    for (const one of counted) this.counted.push(one);
    for (const takeBack of transformed) this.transformed.push(takeBack);
  }

  undo(): void {
    for (const [window, slot] of this.counted) window.takeBack(slot);
    for (const takeBack of this.transformed) takeBack();
  }
}

/** A rule of the defaults may name AI agents; an absence is waited for at those only. */
function isFor({ when }: RuleSettings, agentId: string): boolean {
  return when.agents === undefined || when.agents.some((name) => matchesName(name, agentId));
}
