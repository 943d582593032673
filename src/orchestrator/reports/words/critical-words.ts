import type { AlertSeverity } from '../../../contract/alert.ts';
import type { ReportLanguage } from '../../../contract/reports.ts';
import { CRITICAL_WORDS_EN } from './critical-words-en.ts';
import { CRITICAL_WORDS_HE } from './critical-words-he.ts';

/** What the report of critical alerts says beside `ReportWords`. Names, times and durations come in ready and isolated. */
export interface CriticalWords {
  readonly document: string;
  readonly headline: (told: { total: number; open: number }) => string;
  /** One sentence, of those counts that aren't zero. */
  readonly stands: (told: { unseen: number; seen: number; over: number }) => string;
  /** Of one alert, for whoever reads no more than a mail's text. */
  readonly inShort: (where: string, what: string, state: string) => string;
  readonly states: {
    readonly open: (age: string) => string;
    readonly acknowledged: (by: string | undefined, age: string) => string;
    readonly resolved: (after: string) => string;
  };
  readonly labels: Readonly<Record<CriticalLabel, string>>;
  readonly seenAfter: (by: string | undefined, after: string) => string;
  readonly nobodyYet: string;
  readonly nobodyWas: string;
  readonly times: (count: number) => string;
  readonly timeline: string;
  readonly events: Readonly<Record<CriticalEvent, (told: { by: string | undefined; severity: string }) => string>>;
  readonly lines: string;
  readonly noLines: string;
  /** Beside the line that raised the alert. */
  readonly cause: string;
  readonly told: string;
  readonly toldNobody: string;
  readonly deliveries: Readonly<Record<CriticalDelivery, (channel: string) => string>>;
  /** Of those that are told in a line each. */
  readonly others: string;
  readonly andMore: (count: number) => string;
  readonly severityWas: Readonly<Record<AlertSeverity, string>>;
  readonly none: string;
}

export type CriticalLabel = 'where' | 'since' | 'state' | 'seen' | 'reason' | 'rule' | 'revision' | 'count' | 'kind';
export type CriticalEvent = 'opened' | 'reopened' | 'worsened' | 'eased' | 'acknowledged' | 'resolved';
export type CriticalDelivery = 'told' | 'waiting' | 'failed' | 'moot';

const LANGUAGES: Readonly<Record<ReportLanguage, CriticalWords>> = { en: CRITICAL_WORDS_EN, he: CRITICAL_WORDS_HE };

export function criticalWords(lang: ReportLanguage): CriticalWords {
  return LANGUAGES[lang];
}
