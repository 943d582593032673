import type { FactsGapKind, FactsTotals, LightReason, TrafficLight } from '../../contract/report-facts.ts';
import type { ReportDeliveryView, ReportFormat, ReportKind, ReportView } from '../../contract/reports.ts';
import { daysOfPeriod } from '../model/report-period.ts';
import type { TextKey, Words } from './words.ts';

export const KIND_WORDS: Readonly<Record<ReportKind, TextKey>> = {
  daily: 'reportDaily',
  weekly: 'reportWeekly',
  monthly: 'reportMonthly',
  critical: 'reportCritical',
};

export const FORMAT_NAMES: Readonly<Record<ReportFormat, string>> = { pdf: 'PDF', xlsx: 'Excel' };

export const LIGHT_WORDS: Readonly<Record<TrafficLight, TextKey>> = {
  green: 'lightGreen',
  yellow: 'lightYellow',
  red: 'lightRed',
  grey: 'lightGrey',
};

export const LIGHT_REASON_WORDS: Readonly<Record<LightReason, TextKey>> = {
  down: 'lightDown',
  critical_alert: 'lightCriticalAlert',
  lost_records: 'lightLost',
  degraded: 'lightDegraded',
  late: 'lightLate',
  errors_above_habit: 'lightErrors',
  critical_records: 'lightCriticalRecords',
  warning_alert: 'lightWarningAlert',
  unknown: 'lightUnknown',
};

export const GAP_WORDS: Readonly<Record<Exclude<FactsGapKind, 'archive_behind'>, TextKey>> = {
  nobody_heard: 'gapNobodyHeard',
  before_first_data: 'gapBeforeFirst',
  coarse_history: 'gapCoarse',
  templates_by_utc_day: 'gapTemplates',
  no_prices: 'gapPrices',
  unfinished: 'gapUnfinished',
};

/** How a number of the totals is written. */
export type Measure = 'count' | 'share' | 'seconds' | 'bytes' | 'money' | 'dollars';

/** In the order in which they are shown: what goes wrong first. */
export const TOTALS_SHOWN: readonly {
  readonly key: keyof FactsTotals;
  readonly label: TextKey;
  readonly measure: Measure;
}[] = [
  { key: 'availability', label: 'totalAvailability', measure: 'share' },
  { key: 'down_seconds', label: 'totalDown', measure: 'seconds' },
  { key: 'late_seconds', label: 'totalLate', measure: 'seconds' },
  { key: 'errors', label: 'totalErrors', measure: 'count' },
  { key: 'error_rate', label: 'totalErrorRate', measure: 'share' },
  { key: 'alerts_opened', label: 'totalAlerts', measure: 'count' },
  { key: 'alerts_critical', label: 'totalAlertsCritical', measure: 'count' },
  { key: 'lost_records', label: 'totalLost', measure: 'count' },
  { key: 'agents', label: 'totalAgents', measure: 'count' },
  { key: 'servers', label: 'totalServers', measure: 'count' },
  { key: 'records', label: 'totalRecords', measure: 'count' },
  { key: 'archived_bytes', label: 'totalArchived', measure: 'bytes' },
  { key: 'archive_cost', label: 'totalArchiveCost', measure: 'money' },
  { key: 'ai_calls', label: 'totalAiCalls', measure: 'count' },
  { key: 'ai_tokens', label: 'totalAiTokens', measure: 'count' },
  { key: 'ai_cost_usd', label: 'totalAiCost', measure: 'dollars' },
];

/** "Wednesday, 10 December 2025", "Week 50 of 2025, 8 – 14 Dec", "December 2025". */
export function sayPeriod(words: Words, kind: ReportKind, period: string): string {
  const [first, last] = daysOfPeriod(kind, period).map((day) => new Date(`${day}T12:00:00Z`)) as [Date, Date];
  if (Number.isNaN(first.getTime())) return period;
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(words.language === 'en' ? 'en-GB' : words.language, { ...options, timeZone: 'UTC' });
  switch (kind) {
    case 'daily':
    case 'critical':
      return format({ dateStyle: 'full' }).format(first);
    case 'weekly':
      return words.say('reportWeekOf', {
        week: String(Number(period.slice(6))),
        year: period.slice(0, 4),
        days: format({ day: 'numeric', month: 'short' }).formatRange(first, last),
      });
    case 'monthly':
      return format({ month: 'long', year: 'numeric' }).format(first);
    default:
      return kind satisfies never;
  }
}

/** "Version 2: something arrived late". */
export function sayVersion(words: Words, version: number): string {
  const number = words.number(version);
  return version > 1
    ? words.say('reportVersionLate', { version: number })
    : words.say('reportVersion', { version: number });
}

/** Figures that read left to right in any language; `undefined` where the number isn't known. */
export function sayMeasure(
  words: Words,
  value: number | null,
  measure: Measure,
  currency: string | null,
): string | undefined {
  if (value === null) return undefined;
  switch (measure) {
    case 'count':
      return words.number(value);
    case 'share':
      return sayShare(words, value);
    case 'seconds':
      return words.duration(value);
    case 'bytes':
      return sayBytes(words, value);
    case 'money':
      return currency === null ? undefined : sayMoney(value, currency);
    case 'dollars':
      return sayMoney(value, 'USD');
    default:
      return measure satisfies never;
  }
}

/** What isn't quite all is never rounded up to all, what isn't quite nothing never to nothing: as the documents write it. */
export function sayShare(words: Words, share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${words.number(percent)}%`;
  const digits = percent < 1 || percent > 99 ? 2 : 1;
  const step = 10 ** -digits;
  const held = Math.min(100 - step, Math.max(step, percent));
  return `${words.number(held, digits)}%`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** By powers of ten. */
export function sayBytes(words: Words, bytes: number): string {
  const power = bytes < 1_000 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const scaled = bytes / 1_000 ** power;
  return `${words.number(scaled, power === 0 || scaled >= 100 ? 0 : 1)} ${BYTE_UNITS[power]}`;
}

/** `$5.50`, and `$0.012`: two digits that say something of what is only some cents. The sign stands before the number in any language. */
export function sayMoney(amount: number, currency: string): string {
  const isSmall = amount !== 0 && Math.abs(amount) < 0.1;
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: /^[A-Z]{3}$/.test(currency) ? currency : 'USD',
    ...(isSmall ? { maximumSignificantDigits: 2 } : {}),
    ...(amount >= 10_000 ? { maximumFractionDigits: 0 } : {}),
  }).format(amount);
}

/** It was not tried yet, or is being tried at this moment. */
export function isOnItsWay({ state, attempts, error }: ReportDeliveryView): boolean {
  return state === 'waiting' && (attempts === 0 || error === null);
}

/** How it fares on its shelves, in one line. */
export function sayShelves(words: Words, { deliveries, version }: ReportView): string {
  if (deliveries.length === 0) return '';
  const namesOf = (wanted: (one: ReportDeliveryView) => boolean) =>
    [...new Set(deliveries.filter(wanted).map(({ shelf }) => shelf))].join(', ');
  const failed = namesOf(({ state }) => state === 'failed');
  if (failed !== '') return words.say('shelvesFailed', { shelves: failed });
  const waiting = namesOf((one) => one.state === 'waiting' || one.version !== version);
  if (waiting !== '') return words.say('shelvesWaiting', { shelves: waiting });
  return words.say('shelvesAll');
}
