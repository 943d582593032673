import type { AgentState } from '../../../contract/heartbeat.ts';
import type { FactsGapKind, LightReason, TrafficLight } from '../../../contract/report-facts.ts';
import type { ReportLanguage, SummaryKind } from '../../../contract/reports.ts';
import type { RevisionState, RolloutState } from '../../../contract/rollout.ts';
import type { Words as AlertWords } from '../../alerts/messages/words.ts';

/**
 * Every word of the documents, in one language: a language that lacks one doesn't compile. Names and signed numbers come in already
 * isolated, counts as numbers, so that a language can inflect by them; `n` formats a count its own way.
 */
export interface ReportWords {
  readonly language: ReportLanguage;
  readonly direction: 'ltr' | 'rtl';
  /** Of numbers and dates. */
  readonly locale: string;
  /** Kinds of alerts and severities, as people are told of them at once. */
  readonly alerts: AlertWords;
  readonly product: string;
  /** What the document is: `Daily brief`. */
  readonly document: Readonly<Record<SummaryKind, string>>;
  /** `Week 50 of 2025`. */
  readonly week: (week: number, year: string) => string;
  readonly fromTo: (from: string, to: string) => string;

  readonly duration: Readonly<Record<DurationUnit, (count: number) => string>>;
  readonly joinDurations: (greater: string, smaller: string) => string;
  readonly moment: string;
  /** In tables. */
  readonly shortDuration: Readonly<Record<DurationUnit, (count: string) => string>>;
  /** Behind a count of 10⁶, 10⁹ and 10¹². */
  readonly millions: readonly [million: string, billion: string, trillion: string];
  readonly bytes: readonly [b: string, kb: string, mb: string, gb: string, tb: string, pb: string];

  readonly light: Readonly<Record<TrafficLight, string>>;
  readonly lightReason: Readonly<Record<LightReason, string>>;
  readonly state: Readonly<Record<AgentState | 'unknown', string>>;
  readonly gap: Readonly<Record<FactsGapKind, GapWords>>;
  /** Of servers, where a list was cut: `and 3 more`. */
  readonly andMore: (count: number) => string;
  /** In place of a number that isn't known, and what it means. */
  readonly unknown: string;
  readonly unknownMeans: string;
  readonly undrawableMeans: (sign: string) => string;

  readonly numbers: Readonly<Record<KeyNumber, string>>;
  readonly compared: {
    readonly now: Readonly<Record<SummaryKind, string>>;
    readonly before: Readonly<Record<SummaryKind, string>>;
    readonly weekBefore: string;
    readonly habit: Readonly<Record<SummaryKind, (count: number) => string>>;
    /** In points of percent: `+0.3 pts`. */
    readonly points: (signed: string) => string;
    /** What the small figures mean. */
    readonly meaning: Readonly<Record<SummaryKind, string>>;
    /** Of rows of the comparison, by their labels. */
    readonly notKnown: (rows: string) => string;
  };

  readonly headings: Readonly<Record<Heading, string>>;
  readonly columns: Readonly<Record<Column, string>>;
  readonly none: Readonly<Record<'hands' | 'incidents' | 'templates' | 'notKnown' | 'changes' | 'agents', string>>;
  readonly agentsShown: (shown: number, others: number) => string;
  readonly othersAre: (count: number, light: string) => string;
  readonly othersGrid: string;
  readonly listCut: (shown: number, total: number) => string;
  readonly incident: {
    readonly on: (agent: string, server: string) => string;
    readonly server: (server: string) => string;
    readonly over: (after: string) => string;
    readonly stillOpen: string;
    readonly seenBy: (name: string) => string;
    readonly seen: string;
    readonly unseen: string;
    readonly times: (count: number) => string;
    readonly fromBefore: string;
  };
  readonly revisionState: Readonly<Record<RevisionState, string>>;
  readonly rolloutState: Readonly<Record<RolloutState, string>>;
  readonly refusedFor: (first: string, complaints: number) => string;
  readonly unnamedModel: string;
  readonly partialCost: string;
  readonly allTogether: string;
  readonly best: string;
  readonly worst: string;

  readonly hand: Readonly<Record<Hand, HandWords>>;
  readonly verdict: VerdictWords;
  /** `Version 2: data that arrived late is in it.` */
  readonly version: (version: number) => string;
  readonly made: (when: string, zone: string) => string;
  /** Of a page's number and the number of pages. */
  readonly page: readonly [before: string, between: string, after: string];
}

export type DurationUnit = 'second' | 'minute' | 'hour' | 'day';

export const KEY_NUMBERS = [
  'availability',
  'records',
  'error_rate',
  'alerts_opened',
  'lost_records',
  'archived_bytes',
  'archive_cost',
  'ai_tokens',
  'ai_cost_usd',
] as const;
export type KeyNumber = (typeof KEY_NUMBERS)[number];

export type Heading =
  | 'numbers'
  | 'hands'
  | 'agents'
  | 'charts'
  | 'days'
  | 'incidents'
  | 'templates'
  | 'changes'
  | 'work'
  | 'gaps';

export type Column =
  | 'light'
  | 'agent'
  | 'server'
  | 'availability'
  | 'down'
  | 'records'
  | 'errors'
  | 'why'
  | 'day'
  | 'alerts'
  | 'archived'
  | 'when'
  | 'severity'
  | 'what'
  | 'course'
  | 'line'
  | 'level'
  | 'count'
  | 'revision'
  | 'change'
  | 'by'
  | 'state'
  | 'model'
  | 'calls'
  | 'failedCalls'
  | 'inputTokens'
  | 'outputTokens'
  | 'toolCalls'
  | 'toolFailures'
  | 'cost'
  | 'number';

/** What is missing, and why or what follows from it. `when` is empty where it isn't told of a stretch of time. */
export type GapWords = (told: { readonly when: string; readonly servers: string; readonly count: number }) => string;

/** What somebody has to do something about. */
export const HANDS = [
  'nothing_heard',
  'critical_open',
  'down_at_end',
  'records_lost',
  'channel_failing',
  'backup_failed',
  'report_missing',
  'archive_refused',
  'archive_behind',
  'revision_refused',
  'rollout_halted',
] as const;
export type Hand = (typeof HANDS)[number];

export interface HandWords {
  /** `names` is a list of at most three, isolated; empty where it's of nobody. */
  readonly what: (count: number, names: string) => string;
  /** What to do about it. */
  readonly todo: string;
}

export interface VerdictWords {
  readonly headline: Readonly<Record<Mood, Readonly<Record<SummaryKind, string>>>>;
  /** In its place where the period isn't over. */
  readonly headlineSoFar: Readonly<Record<Mood, string>>;
  readonly allUp: (agents: number, kind: SummaryKind) => string;
  /** Some were late, degraded or out of service: it can't be said that all were up. */
  readonly noneDown: () => string;
  /** Not all of the time is known. */
  readonly noneKnownDown: () => string;
  /** Of one that was down once; `at` says when in words, `duration` is `14 minutes`. */
  readonly downOnce: (name: string, duration: string, at: string) => string;
  readonly downOften: (name: string, times: number, together: string, longest: string, at: string) => string;
  readonly severalDown: (agents: number, worst: string, longest: string, at: string) => string;
  /** Of one of which the outages aren't told one by one. */
  readonly downFor: (name: string, together: string) => string;
  readonly downAll: (name: string, kind: SummaryKind) => string;
  /** `at 03:10`, `on 10 December at 03:10`. */
  readonly atTime: (time: string) => string;
  readonly onDay: (day: string, time: string) => string;
  /** In place of a time, of what was so when the period began. */
  readonly atStart: Readonly<Record<SummaryKind, string>>;
  /** Of one that was down from then until the end; `at` is as `atTime` and `onDay` have it. */
  readonly toEnd: (at: string) => string;
  readonly nothingLost: string;
  /** Of some servers nothing was heard. */
  readonly noLossKnown: string;
  readonly lost: (records: number) => string;
  readonly lossUnknown: string;
  /** Two halves of one sentence. */
  readonly and: (first: string, second: string) => string;
  readonly alerts: (critical: number, open: number) => string;
  readonly openFromBefore: (open: number) => string;
  readonly warnings: (count: number) => string;
  readonly errorsAbove: (times: string) => string;
  readonly hands: (count: number) => string;
  readonly nobody: string;
  readonly incomplete: string;
  /** Until when it is told. */
  readonly unfinished: (time: string) => string;
}
/** How the period was as a whole. `unclear`: nothing bad is known of it, and of most of it nothing at all; `unknown`: of none of it anything. */
export type Mood = 'quiet' | 'troubled' | 'bad' | 'unclear' | 'unknown';
