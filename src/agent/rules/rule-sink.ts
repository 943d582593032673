import type { Config } from '../../config/index.ts';
import type { AlertReport } from '../../contract/alert.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import { AlertTeller } from '../alert-teller.ts';
import type { AppendOptions, AppendResult, EncodedRecord, LinesBeforeQuery, RecordSink } from '../buffer/types.ts';
import { breathing, isLittle } from '../judging.ts';
import { TOLD_AGAIN_MS } from '../repeated-alerts.ts';
import { RuleAlerts } from './rule-alerts.ts';
import type { Judgement, RuleCounts, RuleEngine } from './rule-engine.ts';
import type { Absence } from './rule-memory.ts';

/** What the rules need of the buffer. */
export interface RuledBuffer extends RecordSink {
  meta(name: string): string | undefined;
  setMeta(name: string, value: string): void;
  linesBefore(query: LinesBeforeQuery): Promise<readonly ArchivedRecord[]>;
}

export type RuledConfig = Pick<Config, 'agentDefaults' | 'agents'>;

export interface RuleSinkOptions {
  readonly buffer: RuledBuffer;
  readonly server: ServerName;
  /** Of the configuration that runs. */
  readonly revision: () => string;
  readonly tell: (alert: AlertReport) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MEMORY_META = 'rules';
/** So much of what rules counted may be forgotten by a crash. */
const KEPT_AFTER_MS = 1_000;
/** Until keeping it is tried again, where there was no room. */
const KEEP_AGAIN_MS = 60_000;
/** Files are read on after a start, which brings what came while nobody looked; only then is something missing. */
const ABSENCE_GRACE_MS = 60_000;
const NOTHING_DUE_MS = 3_600_000;
const NO_COUNTS: RuleCounts = { hits: new Map(), failed: 0 };
/** Moved by more than this against what has passed, the host's clock was set. */
const CLOCK_SET_MS = 5_000;

/**
 * The buffer with the rules of the configuration before it: what they change is changed before the commit, and what they have to tell is
 * told after it.
 */
export class RuleSink implements RecordSink, AsyncDisposable {
  readonly #options: RuleSinkOptions;
  /** Absent as long as there was no rule: then none of what it takes is loaded. */
  #engine: RuleEngine | undefined;
  readonly #alerts: RuleAlerts;
  #startedAt: number;
  /** How far the wall clock is ahead of what never goes back. */
  #clockAheadMs: number;
  readonly #watch: Pace;
  /** When what was counted is to be kept. */
  #keepAt: number | undefined;
  #kept: string | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  readonly #teller: AlertTeller;
  #closed = false;

  constructor(options: RuleSinkOptions) {
    const { buffer, server, clock, revision } = options;
    this.#options = options;
    this.#kept = buffer.meta(MEMORY_META);
    this.#teller = new AlertTeller(options);
    this.#alerts = new RuleAlerts({ server, revision, tell: (alert, about) => this.#teller.tell(alert, about) });
    this.#startedAt = clock.now();
    this.#clockAheadMs = this.#startedAt - clock.monotonic();
    this.#watch = new Pace(clock, async () => this.#round());
  }

  start(): this {
    this.#watch.start();
    return this;
  }

  /**
   * Other rules from the next record on, once it resolves. Rejects with `NSV_CONFIG_INVALID` for one that this agent can't use, and changes nothing
   * then.
   */
  async setRules({ agentDefaults, agents }: RuledConfig): Promise<void> {
    if (this.#engine === undefined && [agentDefaults, ...agents].every(({ rules }) => rules.length === 0)) return;
    const { RuleEngine } = await import('./rule-engine.ts');
    const { server, clock } = this.#options;
    const engine = this.#engine ?? new RuleEngine(server, this.#kept);
    try {
      engine.use(agentDefaults.rules, agents, clock.now());
    } catch (error) {
      throw new NervesysError('NSV_CONFIG_INVALID', `use the rules of the configuration: ${describeError(error)}`, {
        hint: 'what ran runs on; is this agent older than the configuration?',
      });
    }
    this.#engine = engine;
    if (!engine.memory.isEmpty) this.#keepAt ??= this.#now() + KEPT_AFTER_MS; // since when it waits, too
    this.#watch.nudge();
  }

  get counts(): RuleCounts {
    return this.#engine?.counts ?? NO_COUNTS;
  }

  async append(records: readonly EncodedRecord[], given: AppendOptions = {}): Promise<AppendResult> {
    const { buffer, clock, revision } = this.#options;
    const options = { ...given, revision: revision() }; // it may be another one by the time they are stored
    const engine = this.#engine;
    if (engine === undefined || engine.isIdle) return buffer.append(records, options);
    const now = clock.now();
    const judgement = isLittle(records)
      ? engine.judge(records, now)
      : await engine.judgeInSlices(records, now, breathing(clock));
    if (judgement === undefined) return buffer.append(records, options);
    const { kept, dropped } = judgement;
    const answer = options.answerAfterRules?.(kept.length, dropped.length) ?? options.answer;
    try {
      const stored = { ...options, ...(answer === undefined ? {} : { answer }), dropped: dropped.length };
      const result = await buffer.append(kept, stored);
      if (result.repeatedAnswer !== undefined) judgement.undo();
      else this.#stored(engine, judgement);
      return { ...result, ruled: { kept, dropped } };
    } catch (error) {
      judgement.undo();
      throw error;
    }
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

  /** Tells what waits to be counted, and keeps what was counted. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#watch.close();
    this.#alerts.tellRest();
    await this.#teller.told;
    this.#keep();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #stored({ counts, memory }: RuleEngine, { hits, ruleHits, seen }: Judgement): void {
    const now = this.#now();
    for (const { name } of ruleHits) counts.hits.set(name, (counts.hits.get(name) ?? 0) + 1);
    // With other rules that came meanwhile it waits on under the same name.
    for (const { rule, agentId } of seen)
      Object.assign(memory.absence(rule, agentId) ?? {}, { lastAt: now, isTold: false });
    for (const hit of hits) this.#alerts.hit(hit, now);
    if (this.#keepAt === undefined && !memory.isEmpty) this.#keepAt = now + KEPT_AFTER_MS;
    let dueAt = Math.min(
      this.#keepAt ?? Number.POSITIVE_INFINITY,
      hits.length > 0 ? now + TOLD_AGAIN_MS : Number.POSITIVE_INFINITY,
    );
    for (const { rule } of seen) dueAt = Math.min(dueAt, now + rule.settings.when.absentForMs!);
    if (dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    this.#watch.nudge();
  }

  /** Tells what is due, and keeps what was counted. */
  #round(): number {
    const now = this.#now();
    let dueAt = now + NOTHING_DUE_MS;
    for (const absence of this.#engine?.memory.absences ?? []) {
      if (absence.isTold) continue;
      const absentAt = this.#absentAt(absence);
      if (absentAt > now) dueAt = Math.min(dueAt, absentAt);
      else {
        absence.isTold = true;
        this.#keepAt = now;
        this.#alerts.absent(absence, now);
      }
    }
    if (this.#keepAt !== undefined && this.#keepAt <= now) this.#keep();
    this.#dueAt = Math.min(dueAt, this.#keepAt ?? dueAt, this.#alerts.tellAgain(now) ?? dueAt);
    return Math.max(0, this.#dueAt - now);
  }

  /** The wall clock; where it was set, what waits goes with it. */
  #now(): number {
    const { clock } = this.#options;
    const now = clock.now();
    const aheadMs = now - clock.monotonic();
    const setMs = aheadMs - this.#clockAheadMs;
    if (Math.abs(setMs) < CLOCK_SET_MS) return now;
    this.#clockAheadMs = aheadMs;
    this.#engine?.memory.shift(setMs);
    this.#startedAt += setMs;
    this.#dueAt += setMs;
    if (this.#keepAt !== undefined) this.#keepAt += setMs;
    return now;
  }

  #absentAt({ rule, lastAt }: Absence): number {
    const absentForMs = rule.settings.when.absentForMs!;
    return Math.max(lastAt + absentForMs, this.#startedAt + Math.min(absentForMs, ABSENCE_GRACE_MS));
  }

  #keep(): void {
    const { buffer, clock, logger } = this.#options;
    this.#keepAt = undefined;
    const memory = this.#engine?.memory;
    if (memory === undefined || (memory.isEmpty && this.#kept === undefined)) return;
    const text = memory.text(clock.now());
    if (text === this.#kept) return;
    try {
      buffer.setMeta(MEMORY_META, text);
      this.#kept = text;
    } catch (error) {
      logger.warn('what the rules counted could not be kept; it is tried again', errorFields(error)); // a full disk
      this.#keepAt = clock.now() + KEEP_AGAIN_MS;
    }
  }
}
