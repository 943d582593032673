import type { ReportFacts } from '../../../contract/report-facts.ts';
import { clockTime, dayAndTime } from './formats.ts';
import { neededHands } from './hands.ts';
import { moodOf } from './mood.ts';
import { sayOutages, unfinishedSince } from './outages.ts';
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
  const isOver = unfinishedSince(facts) === undefined;
  const headline = isOver ? words.verdict.headline[mood][facts.kind] : words.verdict.headlineSoFar[mood];
  if (mood === 'unknown') return { mood, headline, sentences: [sentence(words.verdict.nobody, words)] };
  const told = [
    words.verdict.and(sayFleet(facts, words), sayLosses(facts, words)),
    ...sayAlerts(facts, words),
    sayErrors(facts, words),
    sayHands(facts, words),
    isIncomplete(facts) ? words.verdict.incomplete : undefined,
    sayUnfinished(facts, words),
  ];
  return { mood, headline, sentences: told.flatMap((text) => (text === undefined ? [] : [sentence(text, words)])) };
}

function sayFleet(facts: ReportFacts, words: ReportWords): string {
  const outages = sayOutages(facts, words);
  if (outages !== undefined) return outages;
  const isUpThroughout = facts.agents.every(
    ({ seconds, light_reasons }) =>
      !light_reasons.includes('degraded') &&
      Object.entries(seconds).every(([state, count]) => count === 0 || state === 'up' || state === 'degraded'),
  );
  if (facts.agents.some(({ seconds }) => (seconds.unknown ?? 0) > 0)) return words.verdict.noneKnownDown();
  return isUpThroughout && unfinishedSince(facts) === undefined
    ? words.verdict.allUp(facts.agents.length, facts.kind)
    : words.verdict.noneDown();
}

function sayLosses({ totals: { lost_records }, servers }: ReportFacts, { verdict: said }: ReportWords): string {
  if (lost_records === null) return said.lossUnknown;
  if (lost_records > 0) return said.lost(lost_records);
  return servers.some((server) => server.lost_records === null) ? said.noLossKnown : said.nothingLost;
}

function sayAlerts({ alerts, totals }: ReportFacts, { verdict: said }: ReportWords): readonly string[] {
  const critical = alerts.list.filter(({ severity }) => severity === 'critical');
  const isOpen = ({ resolved_at }: ReportFacts['alerts']['list'][number]) => resolved_at === null;
  const own = critical.filter(({ from_before }) => !from_before);
  const openBefore = critical.filter((alert) => alert.from_before && isOpen(alert)).length;
  const opened = totals.alerts_critical ?? 0;
  // The others that became critical in this period opened before it. Which of those they are isn't told: rather open ones than none.
  const risenOpen = Math.min(openBefore, Math.max(0, opened - own.length));
  if (opened === 0 && openBefore === 0)
    return alerts.by_severity.warning > 0 ? [said.warnings(alerts.by_severity.warning)] : [];
  return [
    ...(opened > 0 ? [said.alerts(opened, Math.min(opened, own.filter(isOpen).length + risenOpen))] : []),
    ...(openBefore > risenOpen ? [said.openFromBefore(openBefore - risenOpen)] : []),
  ];
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
  return gaps.some(({ kind }) => kind === 'nobody_heard' || kind === 'before_first_data');
}

function sayUnfinished(facts: ReportFacts, words: ReportWords): string | undefined {
  const { kind, period } = facts;
  const until = unfinishedSince(facts);
  if (until === undefined) return undefined;
  const time = kind === 'daily' ? clockTime(until, period.time_zone) : dayAndTime(until, period.time_zone, words);
  return words.verdict.unfinished(time);
}

/** With a capital letter where the language has them (a name keeps its own first letter), and a full stop. */
function sentence(text: string, { locale }: ReportWords): string {
  const first = text.charAt(0);
  return `${first.toLocaleUpperCase(locale)}${text.slice(1)}.`;
}
