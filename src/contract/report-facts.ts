import type { AlertSeverity } from './alert.ts';
import type { AgentState } from './heartbeat.ts';
import type { LevelCounts } from './record.ts';
import type { ReportKind, SummaryKind } from './reports.ts';
import type { TemplateId } from './triage.ts';

/**
 * The one set of facts of a period, from which the PDF, the workbook, the page and the API all take their numbers. Stored as JSON and
 * versioned: what arrives late makes a new version, and no version ever changes.
 *
 * Three rules hold throughout. What isn't known is `null` (and `gaps` says why), never 0. Everything is told as it stood at the end of
 * the period, so that gathering again without new data gives the same facts. Lists are bounded; where a list was cut, a total beside it
 * counts all. Instants are ISO 8601 UTC with ms; days are local days of the period's zone.
 */
export interface ReportFacts {
  /** Of this structure; another number when a reader of the older one could be misled. */
  readonly form: 1;
  readonly kind: SummaryKind;
  readonly period: FactsPeriod;
  /** 1, 2, …: of the facts of this period. */
  readonly version: number;
  readonly gathered_at: string;
  /** What is missing in these facts, for the reader. */
  readonly gaps: readonly FactsGap[];
  /** The hours of a day (23, 24 or 25 of them), the days of a week or month; what is told by slot has one entry for each. */
  readonly slots: readonly FactsSlot[];
  readonly totals: FactsTotals;
  /** What `totals` has, of the period before (the day before), a week before (daily only), and as a habit. */
  readonly compared: FactsCompared;
  /** The `TREND_DAYS` days that end with this period's last, oldest first. */
  readonly trend: readonly TrendDay[];
  /** By trouble, the worst first (`agentTrouble`), then by name. All of them. */
  readonly agents: readonly AgentFacts[];
  readonly servers: readonly ServerFacts[];
  /** Of the whole fleet, one entry a slot. */
  readonly by_slot: readonly SlotFacts[];
  readonly templates: TemplateFacts;
  readonly alerts: AlertsFacts;
  readonly archive: ArchiveFacts;
  readonly losses: readonly LossFacts[];
  readonly revisions: readonly RevisionFacts[];
  /** Null: nobody tells any, so there is nothing to show. */
  readonly ai_work: AiWorkFacts | null;
}

export interface FactsPeriod {
  /** `2025-12-10`, `2025-W50` (ISO week), `2025-12`. */
  readonly name: string;
  /** First and last local day. */
  readonly first_day: string;
  readonly last_day: string;
  readonly time_zone: string;
  readonly starts_at: string;
  /** The instant after its last. */
  readonly ends_at: string;
  readonly seconds: number;
}

export interface FactsSlot {
  readonly starts_at: string;
  readonly ends_at: string;
  /** Local: `03:00` (of a repeated hour both have the same), `2025-12-10`. */
  readonly label: string;
}

export const FACTS_GAPS = [
  /** No beat of anybody in this time: the orchestrator was away, or the network. */
  'nobody_heard',
  /** The period begins before anything is known: a new installation, or what is kept no longer. */
  'before_first_data',
  /** Vitals and records are from roll-ups coarser than five minutes, for the finer ones are gone. */
  'coarse_history',
  /** Templates were counted by UTC day, not by the local one. */
  'templates_by_utc_day',
  /** Servers told of batches that aren't in the archive yet. */
  'archive_behind',
  /** `storage.yaml` has no prices, so there is no cost. */
  'no_prices',
  /** The period isn't over. */
  'unfinished',
] as const;
export type FactsGapKind = (typeof FACTS_GAPS)[number];

export interface FactsGap {
  readonly kind: FactsGapKind;
  /** Where it is a stretch of time. */
  readonly from?: string;
  readonly to?: string;
  /** Where it is of some servers: the first `GAP_SERVERS_MAX`, and how many in all. */
  readonly servers?: readonly string[];
  readonly count?: number;
}
export const GAP_SERVERS_MAX = 20;

/** The numbers that are compared from period to period. */
export interface FactsTotals {
  readonly servers: number | null;
  readonly agents: number | null;
  /** Share of the time in which AI agents could be judged and were up or degraded, 0–1; retired and revoked time isn't counted. */
  readonly availability: number | null;
  readonly down_seconds: number | null;
  readonly late_seconds: number | null;
  readonly records: number | null;
  /** ERROR and CRITICAL. */
  readonly errors: number | null;
  /** `errors / records`; null where there are no records. */
  readonly error_rate: number | null;
  readonly dropped_records: number | null;
  readonly lost_records: number | null;
  readonly alerts_opened: number | null;
  readonly alerts_critical: number | null;
  readonly archived_bytes: number | null;
  readonly text_bytes: number | null;
  readonly objects: number | null;
  /** Of the archive, over the period, in `archive.currency`. */
  readonly archive_cost: number | null;
  readonly ai_calls: number | null;
  readonly ai_tokens: number | null;
  /** In US dollars. */
  readonly ai_cost_usd: number | null;
}

export interface FactsCompared {
  /** The day, week or month before. Null: nothing is known of it. */
  readonly before: FactsTotals | null;
  /** The same weekday a week before; daily only. */
  readonly week_before: FactsTotals | null;
  /** The median of the `HABIT_DAYS` days before (of the 8 weeks, 6 months before), of each number by itself. */
  readonly habit: FactsTotals | null;
  /** From how many periods the habit is. */
  readonly habit_of: number;
}
export const HABIT_DAYS = 28;
export const TREND_DAYS = 14;

export interface TrendDay extends FactsTotals {
  readonly day: string;
}

/** Over the period: of 5-minute means the median and the 95th percentile, and the most of any beat. Percents 0–100. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface VitalsFacts {
  readonly cpu_percent: Spread | null;
  readonly ram_percent: Spread | null;
  readonly disk_percent: Spread | null;
  readonly buffer_size_mb: Spread | null;
}

/** A time in one state. `unknown`: nothing was known of it. */
export interface StateSpan {
  readonly from: string;
  readonly to: string;
  readonly state: AgentState | 'unknown';
  /** In English, as it was judged. */
  readonly reason: string;
}
/** Of one AI agent, in the order of time; longest ones of trouble are kept, neighbours are drawn together. */
export const STATE_SPANS_MAX = 60;

/** `red`: down for long, critical alerts or losses; `yellow`: degraded, late, errors beyond habit; `grey`: not enough is known. */
export type TrafficLight = 'green' | 'yellow' | 'red' | 'grey';

/** Why a light isn't green, the worst first. */
export const LIGHT_REASONS = [
  'down',
  'critical_alert',
  'lost_records',
  'degraded',
  'late',
  'errors_above_habit',
  'critical_records',
  'warning_alert',
  'unknown',
] as const;
export type LightReason = (typeof LIGHT_REASONS)[number];

export interface AgentFacts {
  readonly agent_id: string;
  readonly server: string;
  readonly light: TrafficLight;
  readonly light_reasons: readonly LightReason[];
  /** At the end of the period; null: not known. */
  readonly state: AgentState | null;
  /** Seconds of the period in each state that occurs; `unknown` for what is not known. */
  readonly seconds: Readonly<Partial<Record<AgentState | 'unknown', number>>>;
  /** As in `FactsTotals`. */
  readonly availability: number | null;
  /** Times it went down. */
  readonly outages: number;
  readonly longest_outage_seconds: number;
  /** Null: it was in one state all the time, which `state` says. Bounded by `STATE_SPANS_MAX`. */
  readonly spans: readonly StateSpan[] | null;
  readonly level_counts: LevelCounts | null;
  readonly records: number | null;
  readonly errors: number | null;
  readonly error_rate: number | null;
  /** Its median of `HABIT_DAYS` days; null: not known. */
  readonly error_rate_habit: number | null;
  readonly vitals: VitalsFacts;
  readonly alerts_opened: number;
  readonly alerts_critical: number;
  /** One entry a slot; null: nothing was heard of it then. Null in all: there are more than `AGENTS_BY_SLOT_MAX` AI agents, and this isn't one of the worst. */
  readonly by_slot: readonly (AgentSlot | null)[] | null;
}
export const AGENTS_BY_SLOT_MAX = 2_000;

export interface AgentSlot {
  readonly records: number;
  readonly errors: number;
  readonly cpu_percent: number | null;
  readonly ram_percent: number | null;
  readonly disk_percent: number | null;
}

export interface ServerFacts {
  readonly server: string;
  /** At the end of the period. */
  readonly state: AgentState | null;
  readonly agents: number;
  readonly seconds: AgentFacts['seconds'];
  readonly availability: number | null;
  readonly vitals: VitalsFacts;
  readonly lost_records: number | null;
  readonly dropped_records: number | null;
  readonly backlog_records_most: number | null;
  readonly oldest_unarchived_seconds_most: number | null;
  readonly archived_bytes: number | null;
  readonly objects: number | null;
}

export interface SlotFacts {
  /** Null: nothing was heard of anybody. */
  readonly level_counts: LevelCounts | null;
  /** Over servers: of their means the median and the 95th percentile, and the most of any. */
  readonly vitals: Omit<VitalsFacts, 'buffer_size_mb'>;
  /** Share of AI agents' time in each state in this slot. */
  readonly seconds: Readonly<Partial<Record<AgentState | 'unknown', number>>>;
  readonly archived_bytes: number | null;
}

export interface TemplateFact {
  readonly template: TemplateId;
  readonly text: string;
  readonly lines: number;
  readonly level_counts: LevelCounts;
  /** Those with most lines first, at most 5, and how many there are. */
  readonly agents: readonly string[];
  readonly agents_total: number;
  readonly is_alert: boolean;
  readonly first_seen_at: string;
  /** Lines in the period before; null: not known. */
  readonly lines_before: number | null;
}
export interface TemplateFacts {
  /** By lines, at most `TEMPLATES_TOP_MAX`. */
  readonly top: readonly TemplateFact[];
  /** With ERROR or CRITICAL lines, by those. */
  readonly errors: readonly TemplateFact[];
  /** First seen in this period, with lines of WARN or worse first. */
  readonly new: readonly TemplateFact[];
  readonly total: number | null;
  readonly new_total: number | null;
}
export const TEMPLATES_TOP_MAX = 50;

export interface AlertFact {
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly kind: string;
  readonly title: string;
  readonly server: string;
  readonly agent_id: string | null;
  readonly count: number;
  readonly first_at: string;
  readonly last_at: string;
  /** Within the period; null: not by its end. */
  readonly acknowledged_at: string | null;
  readonly acknowledged_by: string | null;
  readonly resolved_at: string | null;
  /** Null with `resolved_at`: by itself. */
  readonly resolved_by: string | null;
  /** Opened before this period, and still open in it. */
  readonly from_before: boolean;
}
export interface AlertsFacts {
  readonly opened: number;
  readonly resolved: number;
  /** Not over at the end of the period. */
  readonly open_at_end: number;
  readonly by_severity: Readonly<Record<AlertSeverity, number>>;
  readonly by_kind: readonly { readonly kind: string; readonly count: number }[];
  /** Of those opened in the period; null: there was none. */
  readonly acknowledge_seconds_median: number | null;
  readonly resolve_seconds_median: number | null;
  /** The worst first, then by time; at most `ALERTS_LISTED_MAX`, and how many there are. */
  readonly list: readonly AlertFact[];
  readonly total: number;
}
export const ALERTS_LISTED_MAX = 500;

export interface ArchiveFacts {
  readonly objects: number | null;
  readonly records: number | null;
  /** As stored, and as text before compression. */
  readonly bytes: number | null;
  readonly text_bytes: number | null;
  /** `text_bytes / bytes`; null where there is nothing. */
  readonly compression: number | null;
  /** Everything that stood there at the end of the period. */
  readonly standing_bytes: number | null;
  readonly standing_objects: number | null;
  /** Three letters, `USD`; null with the costs: there are no prices. */
  readonly currency: string | null;
  /** Of keeping what stood there over this period, and of writing its objects. */
  readonly cost: number | null;
  /** What keeping what stood there costs in 30 days. */
  readonly cost_month: number | null;
  /** Batches that were announced and aren't confirmed. */
  readonly waiting_batches: number | null;
  /** The largest any server's buffer got. */
  readonly buffer_peak: { readonly server: string; readonly mb: number; readonly at: string } | null;
  /** By bytes, at most 20; none where some of these logs are past their retention, for then it isn't known whose they were. */
  readonly by_server: readonly {
    readonly server: string;
    readonly bytes: number;
    readonly text_bytes: number;
    readonly objects: number;
  }[];
}

/** Records that were given up, with their receipts in the archive. */
export interface LossFacts {
  readonly server: string;
  readonly lost_records: number;
}

export interface RevisionFacts {
  readonly revision: string;
  readonly found_at: string;
  readonly state: string;
  /** Null: not from Git. */
  readonly commit: { readonly subject: string; readonly author: string; readonly at: string | null } | null;
  readonly rollout: {
    readonly state: string;
    readonly started_at: string;
    readonly ended_at: string | null;
    readonly reason: string | null;
  } | null;
  /** Of a refused one: how many complaints, and the first. */
  readonly refused: { readonly complaints: number; readonly first: string } | null;
}
export const REVISIONS_MAX = 50;

/** What AI agents did with models, where their records tell (OpenTelemetry's `gen_ai.*`, and the SDKs' own usage fields). */
export interface AiWorkFacts {
  readonly calls: number;
  readonly failed_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
  /** In US dollars: as told, else by `reports.model_prices`; null: neither is known for any. */
  readonly cost_usd: number | null;
  /** Some of the work has no cost: `cost_usd` is a part of the whole. */
  readonly cost_is_partial: boolean;
  /** By cost, then tokens; at most `AI_WORK_MAX`, and how many there are. */
  readonly by_agent_model: readonly AiWorkFact[];
  readonly total: number;
  /** Tokens by slot. */
  readonly tokens_by_slot: readonly number[];
}
export interface AiWorkFact {
  readonly agent_id: string;
  /** Null: it isn't said. */
  readonly model: string | null;
  readonly calls: number;
  readonly failed_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly tool_calls: number;
  readonly tool_failures: number;
  readonly cost_usd: number | null;
}
export const AI_WORK_MAX = 200;

/** Facts of `Alerts/Critical_<day>.pdf`: the critical alerts of one local day. */
export interface CriticalFacts {
  readonly form: 1;
  readonly kind: Extract<ReportKind, 'critical'>;
  readonly period: FactsPeriod;
  readonly version: number;
  readonly gathered_at: string;
  readonly gaps: readonly FactsGap[];
  /** Opened, or made critical, on this day, in the order of time; at most `CRITICAL_ALERTS_MAX`, and how many there are. */
  readonly alerts: readonly CriticalAlertFacts[];
  readonly total: number;
  readonly open: number;
}
export const CRITICAL_ALERTS_MAX = 100;

export interface CriticalAlertFacts extends AlertFact {
  readonly state: 'open' | 'acknowledged' | 'resolved';
  /** Why, in English, as the agent or orchestrator told it; null: it told none. */
  readonly reason: string | null;
  readonly rule: string | null;
  readonly revision: string | null;
  /** Of the same AI agent, before the line that raised it, oldest first; then that line itself. At most 21. */
  readonly lines: readonly {
    readonly at: string | null;
    readonly level: string | null;
    readonly text: string;
    readonly is_cause: boolean;
  }[];
  readonly timeline: readonly {
    readonly at: string;
    readonly event: string;
    readonly severity: AlertSeverity;
    readonly by: string | null;
    readonly note: string | null;
  }[];
  readonly deliveries: readonly {
    readonly channel: string;
    readonly state: string;
    readonly at: string | null;
    readonly error: string | null;
  }[];
}

export type AnyFacts = ReportFacts | CriticalFacts;
