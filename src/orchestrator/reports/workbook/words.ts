import type { FactsTotals } from '../../../contract/report-facts.ts';
import type { ReportWords } from '../words/index.ts';
import type { CellType } from './cell-types.ts';

export const SHEETS = [
  'summary',
  'agents',
  'hours',
  'levels',
  'templates',
  'alerts',
  'archive',
  'work',
  'definitions',
] as const;
export type SheetKey = (typeof SHEETS)[number];

/** What a column or a number is called, and what it means: a definition stands in the workbook for each. */
export interface Defined {
  readonly name: string;
  readonly means: string;
}

/** Every word of the workbook that the documents don't have already, in one language: a language that lacks one doesn't compile. */
export interface WorkbookWords {
  readonly report: ReportWords;
  /** At most 31 characters, none of `[]:*?/\`. */
  readonly sheets: Readonly<Record<SheetKey, string>>;
  /** Where what a sheet shows comes from. */
  readonly sources: Readonly<Record<SheetKey, string>>;
  readonly units: Readonly<Record<CellType, string>>;
  readonly totals: Readonly<Record<keyof FactsTotals, Defined>>;
  readonly columns: Readonly<Record<ColumnKey, Defined>>;
  /** Behind the name of a column of instants: in which zone they are. */
  readonly inZone: (name: string, zone: string) => string;
  readonly subject: string;
  readonly yes: string;
  readonly no: string;
  readonly byItself: string;
  readonly period: Readonly<
    Record<'name' | 'zone' | 'from' | 'to' | 'version' | 'gathered' | 'lights' | 'agentCount', string>
  >;
  readonly number: string;
  readonly change: string;
  /** Behind a difference of two percentages. */
  readonly points: string;
  readonly headings: Readonly<Record<'charts' | 'trend' | 'changes' | 'gaps', string>>;
  readonly nothingToDraw: string;
  readonly day: string;
  readonly charts: Readonly<
    Record<
      | 'levels'
      | 'states'
      | 'vitals'
      | 'recordsTrend'
      | 'errorsTrend'
      | 'archiveTrend'
      | 'hour'
      | 'day'
      | 'records'
      | 'share'
      | 'percent'
      | 'errorRate'
      | 'bytes',
      string
    >
  >;
  readonly definitions: Readonly<Record<'sheet' | 'name' | 'means' | 'unit' | 'source', string>>;
  readonly general: {
    readonly name: string;
    readonly unknown: Defined;
    readonly version: Defined;
    readonly zone: (zone: string) => Defined;
    readonly habit: Defined;
    readonly gap: string;
    readonly noGap: string;
    readonly cut: Defined;
  };
  /** Of a printed page: `Page 2 of 4`, with Excel's own codes for the numbers. */
  readonly page: (page: string, pages: string) => string;
}

export const COLUMNS = [
  'light',
  'agent',
  'server',
  'state',
  'why',
  'availability',
  'up',
  'degraded',
  'late',
  'down',
  'unknownTime',
  'outOfService',
  'outages',
  'longestOutage',
  'records',
  'debug',
  'info',
  'warn',
  'error',
  'critical',
  'errors',
  'errorRate',
  'errorRateHabit',
  'cpuMedian',
  'cpu95',
  'cpuMost',
  'ramMedian',
  'ram95',
  'ramMost',
  'diskMost',
  'bufferMost',
  'alerts',
  'criticalAlerts',
  'from',
  'fromUtc',
  'slot',
  'cpu',
  'ram',
  'disk',
  'archivedBytes',
  'aiTokens',
  'line',
  'lines',
  'linesBefore',
  'onAgents',
  'agentsTotal',
  'isAlert',
  'isNew',
  'firstSeen',
  'template',
  'opened',
  'severity',
  'what',
  'kind',
  'times',
  'last',
  'acknowledged',
  'acknowledgedBy',
  'toAcknowledge',
  'resolved',
  'resolvedBy',
  'toResolve',
  'fromBefore',
  'told',
  'objects',
  'archivedRecords',
  'bytes',
  'textBytes',
  'compression',
  'standingBytes',
  'standingObjects',
  'cost',
  'costMonth',
  'waitingBatches',
  'bufferPeak',
  'bufferPeakServer',
  'bufferPeakAt',
  'agentCount',
  'lost',
  'dropped',
  'backlogMost',
  'oldestMost',
  'model',
  'calls',
  'failedCalls',
  'inputTokens',
  'outputTokens',
  'toolCalls',
  'toolFailures',
  'workCost',
  'found',
  'revision',
  'revisionState',
  'subject',
  'author',
] as const;
export type ColumnKey = (typeof COLUMNS)[number];
