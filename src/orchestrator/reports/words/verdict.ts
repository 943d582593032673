import type { ReportFacts } from '../../../contract/report-facts.ts';
import { neededHands } from './hands.ts';
import { moodOf } from './mood.ts';
import { sayOutages } from './outages.ts';
import type { Mood, ReportWords } from './words.ts';

export interface Verdict {
  readonly mood: Mood;
  /** `A quiet day.` */
  readonly headline: string;
  /** Whole sentences, the weightiest first. */
  readonly sentences: readonly string[];
}

/** Errors are worth a sentence from this multiple of the habit on, and from so many. */
const ERRORS_FACTOR = 2;
const ERRORS_MIN = 20;

/** Pure: the period in a few sentences that a manager reads first. What isn't known is called so, and never taken for good. */
export function verdict(facts: ReportFacts, words: ReportWords): Verdict {
  const mood = moodOf(facts);
  const headline = words.verdict.headline[mood][facts.kind];
  if (mood === 'unknown') return { mood, headline, sentences: [sentence(words.verdict.nobody, words)] };
  const told = [
    words.verdict.and(sayFleet(facts, words), sayLosses(facts, words)),
    sayAlerts(facts, words),
    sayErrors(facts, words),
    sayHands(facts, words),
    isIncomplete(facts) ? words.verdict.incomplete : undefined,
  ];
  return { mood, headline, sentences: told.flatMap((text) => (text === undefined ? [] : [sentence(text, words)])) };
}

function sayFleet(facts: ReportFacts, words: ReportWords): string {
  const outages = sayOutages(facts, words);
  if (outages !== undefined) return outages;
  const isUpThroughout = facts.agents.every(({ seconds }) =>
    Object.entries(seconds).every(([state, count]) => count === 0 || state === 'up' || state === 'degraded'),
  );
  return isUpThroughout ? words.verdict.allUp(facts.agents.length, facts.kind) : words.verdict.noneDown();
}

function sayLosses({ totals: { lost_records } }: ReportFacts, { verdict: said }: ReportWords): string {
  if (lost_records === null) return said.lossUnknown;
  return lost_records === 0 ? said.nothingLost : said.lost(lost_records);
}

function sayAlerts({ alerts, totals }: ReportFacts, { verdict: said }: ReportWords): string | undefined {
  const critical = alerts.list.filter(({ severity }) => severity === 'critical');
  const openOf = (isFromBefore: boolean) =>
    critical.filter(({ from_before, resolved_at }) => from_before === isFromBefore && resolved_at === null).length;
  const opened = totals.alerts_critical ?? 0;
  if (opened > 0) return said.alerts(opened, Math.min(opened, openOf(false)));
  if (openOf(true) > 0) return said.openFromBefore(openOf(true));
  return alerts.by_severity.warning > 0 ? said.warnings(alerts.by_severity.warning) : undefined;
}

function sayErrors({ totals, compared: { habit } }: ReportFacts, words: ReportWords): string | undefined {
  if (totals.error_rate === null || (totals.errors ?? 0) < ERRORS_MIN) return undefined;
  const usual = habit?.error_rate ?? 0;
  if (usual === 0 || totals.error_rate < usual * ERRORS_FACTOR) return undefined;
  const times = Math.round(totals.error_rate / usual);
  return words.verdict.errorsAbove(new Intl.NumberFormat(words.locale).format(times));
}

function sayHands(facts: ReportFacts, words: ReportWords): string | undefined {
  const { length } = neededHands(facts, words);
  return length === 0 ? undefined : words.verdict.hands(length);
}

function isIncomplete({ gaps }: ReportFacts): boolean {
  return gaps.some(({ kind }) => kind === 'nobody_heard' || kind === 'before_first_data' || kind === 'unfinished');
}

/** With a capital letter where the language has them (a name keeps its own first letter), and a full stop. */
function sentence(text: string, { locale }: ReportWords): string {
  const first = text.charAt(0);
  return `${first.toLocaleUpperCase(locale)}${text.slice(1)}.`;
}
