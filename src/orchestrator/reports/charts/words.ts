import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Level } from '../../../contract/record.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { CHART_WORDS_EN } from './words-en.ts';
import { CHART_WORDS_HE } from './words-he.ts';

/** Every word on a chart and of what is said instead of it. A language that lacks one doesn't compile. */
export interface ChartWords {
  readonly titles: Readonly<Record<'availability' | 'levels' | 'vitals' | 'trend' | 'critical', string>>;
  readonly states: Readonly<Record<AgentState | 'unknown', string>>;
  readonly levels: Readonly<Record<Level, string>>;
  /** For a stretch of which nothing is known. */
  readonly notKnown: string;
  /** Of a row that draws all AI agents together. */
  readonly fleet: (agents: number) => string;
  /** Below the rows that are drawn. */
  readonly moreAgents: (agents: number) => string;
  /** How a critical alert stood at a time. */
  readonly alertStands: Readonly<Record<'unseen' | 'seen' | 'goes_on', string>>;
  readonly moreAlerts: (alerts: number) => string;
  readonly allRecords: string;
  readonly warningsAndWorse: string;
  readonly vitals: Readonly<Record<'cpu_percent' | 'ram_percent', string>>;
  readonly spread: Readonly<Record<'p50' | 'p95' | 'max', string>>;
  readonly trend: {
    readonly ai_cost_usd: string;
    readonly archive_cost: (currency: string) => string;
    readonly archived_bytes: string;
    readonly records: string;
    /** The days of this report among the days before. */
    readonly thisPeriod: string;
    readonly daysBefore: string;
  };
  /** A day as short as an axis needs it; month from 1. */
  readonly shortDay: (day: number, month: number) => string;
  readonly alt: {
    readonly availabilityNobody: string;
    readonly availability: (told: AvailabilityTold) => string;
    readonly levelsNothing: string;
    readonly levels: (told: {
      records: string;
      errors: string;
      busiest: string;
      slots: number;
      unknown: number;
    }) => string;
    readonly vitalsNothing: string;
    readonly vitals: (told: { cpu: string | undefined; ram: string | undefined }) => string;
    readonly critical: (told: { alerts: number; open: number }) => string;
    readonly trendNothing: (days: number) => string;
    readonly trend: (told: { what: string; days: number; unknown: number; most: string; mostOn: string }) => string;
  };
}

export interface AvailabilityTold {
  readonly agents: number;
  /** How many were down at some time. */
  readonly wereDown: number;
  /** Share of the time up, `99.3%`; undefined: not known. */
  readonly share: string | undefined;
  /** Down for longest, and for how many minutes in all. */
  readonly worst: { readonly name: string; readonly minutes: number } | undefined;
}

export const CHART_WORDS: Readonly<Record<ReportLanguage, ChartWords>> = { en: CHART_WORDS_EN, he: CHART_WORDS_HE };
