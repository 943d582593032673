import type { AlertSeverity } from '../../../contract/alert.ts';
import type { AlertKind } from '../../../contract/alert-kinds.ts';

export type Language = 'en' | 'he';

/**
 * Everything that people are told, in one language. Names and values come in already isolated where that language needs it; a sentence
 * begins with a word of its own, so that its direction is right where isolates are not known.
 */
export interface Words {
  readonly language: Language;
  readonly direction: 'ltr' | 'rtl';
  /** Of numbers and dates. */
  readonly locale: string;
  readonly kinds: Readonly<Record<AlertKind, KindWords>>;
  readonly severity: Readonly<Record<AlertSeverity, string>>;
  /** Where it is: an AI agent on a server, a server, or this system itself. */
  readonly agentOn: (agent: string, server: string) => string;
  readonly server: (server: string) => string;
  readonly ourselves: string;
  /** Several troubles of different kinds. */
  readonly manyAlerts: (count: string) => string;
  readonly andMore: (count: string) => string;
  readonly among: string;
  /** The beginning of what is told after the opening. */
  readonly escalated: (age: string) => string;
  readonly reminded: (age: string) => string;
  readonly acknowledged: (by: string | null) => string;
  readonly resolved: (age: string) => string;
  readonly test: string;
  readonly testSummary: string;
  readonly since: (time: string, age: string) => string;
  readonly fromTo: (from: string, to: string) => string;
  readonly limit: (value: string, limit: string) => string;
  readonly times: (count: string) => string;
  readonly labels: Readonly<
    Record<'severity' | 'where' | 'when' | 'value' | 'times' | 'said' | 'rule' | 'acknowledgedBy', string>
  >;
  readonly lastLines: string;
  readonly open: string;
  readonly footer: string;
  /** Less than a second apart. */
  readonly moment: string;
  /** `1 hour 5 minutes`, from its two parts. */
  readonly join: (greater: string, smaller: string) => string;
  /** One of a unit, where the language says it without the number. */
  readonly one: Readonly<Record<DurationUnit, string>>;
}

export type DurationUnit = 'second' | 'minute' | 'hour' | 'day';

export interface KindWords {
  /** After where it is: `GROK on AIGARDEN01 – silent`. */
  readonly what: string;
  /** Of several: `40 servers are silent`. */
  readonly many: (count: string) => string;
}
