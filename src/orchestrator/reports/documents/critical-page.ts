import { isAlertKind } from '../../../contract/alert-kinds.ts';
import {
  CRITICAL_ALERTS_MAX,
  type CriticalAlertFacts,
  type CriticalFacts,
  type FactsPeriod,
} from '../../../contract/report-facts.ts';
import { cleanLine, isolate } from '../../../platform/safe-text.ts';
import { toldUntil } from '../charts/critical-chart.ts';
import { renderCriticalChart } from '../charts/index.ts';
import {
  type CriticalDelivery,
  type CriticalEvent,
  type CriticalWords,
  criticalWords,
} from '../words/critical-words.ts';
import { clockTime, day, dayAndTime, duration, name, zone } from '../words/formats.ts';
import { hebrewDate } from '../words/hebrew-date.ts';
import type { ReportWords } from '../words/words.ts';
import type { PointsSection, Sign, SummaryPage } from './page.ts';
import { gapsSection } from './sections/point-sections.ts';
import { hasUndrawable, UNDRAWABLE } from './typeset.ts';

/** Of a line, some rows of the page; all of it is in the archive. The one that raised the alert may be longer than those before it. */
const LINE_LENGTH_MAX = 240;
const CAUSE_LENGTH_MAX = 600;
const TITLE_LENGTH_MAX = 200;
const SHORT_TITLE_LENGTH_MAX = 120;
const TEXT_LENGTH_MAX = 240;
const NAME_LENGTH_MAX = 80;
/** With fewer, the alerts themselves are at a glance. */
const CHART_FROM = 3;
/** So many are told with everything that is known of them, those that aren't over first; a line says the rest. */
export const DETAILS_MAX = 20;
/** Of what is told of them, as JSON: with it the file stays within half a megabyte, whatever stands in the lines. */
const DETAILS_LENGTH_MAX = 80_000;
const EVENTS_MAX = 12;
const DELIVERIES_MAX = 10;
const SIGNS: Readonly<Record<CriticalAlertFacts['state'], Sign>> = {
  open: 'red',
  acknowledged: 'yellow',
  resolved: 'green',
};
const URGENCY: Readonly<Record<CriticalAlertFacts['state'], number>> = { open: 0, acknowledged: 1, resolved: 2 };
const FIRST_LETTER = /\p{L}/u;
const RIGHT_TO_LEFT_LETTER = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;

/** What the report of critical alerts shows, every text of it ready: `critical.typ` lays it out. */
export interface CriticalPage extends Pick<SummaryPage, 'lang' | 'dir' | 'title' | 'masthead' | 'headline' | 'notes'> {
  readonly verdict: string;
  readonly version?: string;
  readonly chart?: { readonly title: string; readonly svg: string; readonly alt: string };
  readonly alerts: readonly CriticalAlertPage[];
  /** In short. */
  readonly others?: { readonly heading: string; readonly rows: readonly ShortRow[] };
  readonly more?: string;
  readonly gaps?: PointsSection;
  readonly footer: SummaryPage['footer'];
}

export interface CriticalAlertPage {
  readonly number: string;
  readonly sign: Sign;
  readonly title: string;
  readonly labels: readonly { readonly label: string; readonly value: string; readonly isCode?: boolean }[];
  readonly timeline: { readonly heading: string; readonly rows: readonly EventRow[] };
  readonly lines: {
    readonly heading: string;
    readonly cause: string;
    readonly rows: readonly LineRow[];
    readonly none?: string;
  };
  readonly told: { readonly heading: string; readonly rows: readonly ToldRow[]; readonly none?: string };
}
interface ShortRow {
  readonly sign: Sign;
  readonly text: string;
  readonly state: string;
}
interface EventRow {
  /** Of the time beside it, in pt. */
  readonly width: number;
  readonly time: string;
  readonly what: string;
  readonly note?: string;
}
interface LineRow {
  readonly time: string;
  readonly level: string;
  readonly text: string;
  /** Of its first letter: a Hebrew line reads from the right though the list around it doesn't. */
  readonly dir: 'ltr' | 'rtl';
  readonly isCause: boolean;
}
interface ToldRow {
  readonly sign: Sign;
  readonly time: string;
  readonly what: string;
  readonly error?: string;
}

/** The critical alerts of a day, one after the other, with the day as a whole above them where there are several. */
export function criticalPage(facts: CriticalFacts, words: ReportWords): CriticalPage {
  const own = criticalWords(words.language);
  const { alerts, open, period, total } = facts;
  const shown = alerts.slice(0, CRITICAL_ALERTS_MAX);
  const date = day(period.first_day, 'full', words);
  const gaps = gapsSection(facts, words);
  const numbered = shown.map((alert, n) => ({ alert, number: n + 1 }));
  const pages = detailedPages(numbered, facts, words, own);
  const others = numbered
    .filter(({ number }) => !pages.some((page) => page.number === String(number)))
    .map(({ alert, number }) => ({
      sign: SIGNS[alert.state],
      text: `${number}\u00a0\u00a0${timeOf(alert.first_at, period, words)} · ${whereOf(alert, words)}: ${name(alert.title, SHORT_TITLE_LENGTH_MAX)}`,
      state: stateOf(alert, facts, words, own),
    }));
  const more = total - shown.length;
  return {
    lang: words.language,
    dir: words.direction,
    title: `${own.document}, ${date}`,
    masthead: {
      product: words.product,
      document: own.document,
      date,
      also: words.language === 'he' ? hebrewDate(period.first_day) : '',
    },
    headline: own.headline({ total, open }),
    verdict: total === 0 ? own.none : own.stands(standing(facts)),
    ...(facts.version > 1 ? { version: words.version(facts.version) } : {}),
    ...(shown.length >= CHART_FROM ? { chart: renderCriticalChart(facts, words.language) } : {}),
    alerts: pages,
    ...(others.length === 0 ? {} : { others: { heading: own.others, rows: others } }),
    ...(more > 0 ? { more: own.andMore(more) } : {}),
    ...(gaps === undefined ? {} : { gaps }),
    notes: hasUndrawable([pages, others, gaps]) ? [words.undrawableMeans(UNDRAWABLE)] : [],
    footer: { text: `${words.product} · ${date} · ${madeAt(facts, words)}`, page: words.page },
  };
}

/** In a few sentences what a mail says of it: how they stand, and the first three by name. */
export function criticalSummary(facts: CriticalFacts, words: ReportWords): string {
  const own = criticalWords(words.language);
  const first = facts.alerts
    .slice(0, 3)
    .map((alert) => own.inShort(whereOf(alert, words), whatOf(alert, words), stateOf(alert, facts, words, own)));
  return [`${own.headline(facts)}.`, ...first].join(' ');
}

/** Of all alerts, though not all may be listed: what isn't listed and not over counts as unseen, for nobody is known to be at it. */
function standing({ alerts, open, total }: CriticalFacts) {
  const seen = Math.min(open, alerts.filter(({ state }) => state === 'acknowledged').length);
  return { unseen: open - seen, seen, over: total - open };
}

/** As many as there is room for, those that aren't over first; at least one. Told in the order of time. */
function detailedPages(
  numbered: readonly { readonly alert: CriticalAlertFacts; readonly number: number }[],
  facts: CriticalFacts,
  words: ReportWords,
  own: CriticalWords,
): readonly CriticalAlertPage[] {
  let length = 0;
  return numbered
    .toSorted((a, b) => URGENCY[a.alert.state] - URGENCY[b.alert.state])
    .slice(0, DETAILS_MAX)
    .map(({ alert, number }) => alertPage(alert, number, facts, words, own))
    .filter((page, n) => {
      length += JSON.stringify(page).length;
      return n === 0 || length <= DETAILS_LENGTH_MAX;
    })
    .toSorted((a, b) => Number(a.number) - Number(b.number));
}

function alertPage(
  alert: CriticalAlertFacts,
  number: number,
  facts: CriticalFacts,
  words: ReportWords,
  own: CriticalWords,
): CriticalAlertPage {
  const { period } = facts;
  const time = (at: string) => timeOf(at, period, words);
  const { labels } = own;
  const optional = (label: string, value: string | null, isCode = false) =>
    value === null || value === ''
      ? []
      : [{ label, value: isCode ? name(value, NAME_LENGTH_MAX) : name(value, TEXT_LENGTH_MAX), isCode }];
  return {
    number: String(number),
    sign: SIGNS[alert.state],
    title: name(alert.title, TITLE_LENGTH_MAX),
    labels: [
      { label: labels.where, value: whereOf(alert, words) },
      ...(isAlertKind(alert.kind) ? [{ label: labels.kind, value: words.alerts.kinds[alert.kind].what }] : []),
      { label: words.columns.severity, value: words.alerts.severity[alert.severity] },
      { label: labels.since, value: time(alert.first_at) },
      { label: labels.state, value: stateOf(alert, facts, words, own) },
      { label: labels.seen, value: seenOf(alert, words, own) },
      ...(alert.count > 1 ? [{ label: labels.count, value: own.times(alert.count) }] : []),
      ...optional(labels.reason, alert.reason),
      ...optional(labels.rule, alert.rule, true),
      ...optional(labels.revision, alert.revision, true),
    ],
    timeline: {
      heading: own.timeline,
      rows: alert.timeline.slice(0, EVENTS_MAX).map(({ at, event, by, note, severity }) => ({
        time: time(at),
        width: isOfPeriod(at, period) ? 30 : 66,
        what: isEvent(event, own)
          ? own.events[event]({ by: personOf(by), severity: own.severityWas[severity] })
          : name(event, NAME_LENGTH_MAX),
        ...(note === null || note === '' ? {} : { note: name(note, TEXT_LENGTH_MAX) }),
      })),
    },
    lines: {
      heading: own.lines,
      cause: own.cause,
      ...(alert.lines.length === 0 ? { none: own.noLines } : {}),
      rows: alert.lines.map(({ at, level, text, is_cause }) => {
        const line = cleanLine(text, is_cause ? CAUSE_LENGTH_MAX : LINE_LENGTH_MAX);
        return {
          time: at === null ? '' : clockTime(at, period.time_zone),
          level: level === null ? '' : cleanLine(level, 12),
          text: line,
          dir: directionOf(line),
          isCause: is_cause,
        };
      }),
    },
    told: {
      heading: own.told,
      ...(alert.deliveries.length === 0 ? { none: own.toldNobody } : {}),
      rows: alert.deliveries.slice(0, DELIVERIES_MAX).map(({ channel, state, at, error }) => ({
        sign: state === 'told' ? 'green' : state === 'failed' ? 'red' : 'grey',
        time: at === null ? '' : time(at),
        what: isDelivery(state, own)
          ? own.deliveries[state](name(channel, NAME_LENGTH_MAX))
          : `${name(channel, NAME_LENGTH_MAX)}: ${name(state, NAME_LENGTH_MAX)}`,
        ...(error === null || error === '' ? {} : { error: name(error, TEXT_LENGTH_MAX) }),
      })),
    },
  };
}

/** A report of an alert of this system itself has no server. */
function whereOf({ agent_id, server }: CriticalAlertFacts, { alerts }: ReportWords): string {
  if (agent_id !== null) return alerts.agentOn(name(agent_id), name(server, 40));
  return server === '' ? alerts.ourselves : alerts.server(name(server));
}

/** As it was raised in English; a mail in another language says what kind of trouble it is in its own. */
function whatOf({ kind, title }: CriticalAlertFacts, { language, alerts }: ReportWords): string {
  return language === 'en' || !isAlertKind(kind) ? name(title, TITLE_LENGTH_MAX) : alerts.kinds[kind].what;
}

function stateOf(alert: CriticalAlertFacts, facts: CriticalFacts, words: ReportWords, own: CriticalWords): string {
  const since = Date.parse(alert.first_at);
  const end = alert.resolved_at === null ? toldUntil(facts) : Date.parse(alert.resolved_at);
  const age = duration(Math.max(0, (end - since) / 1_000), words);
  switch (alert.state) {
    case 'open':
      return own.states.open(age);
    case 'acknowledged':
      return own.states.acknowledged(personOf(alert.acknowledged_by), age);
    case 'resolved':
      return own.states.resolved(age);
    default:
      return alert.state satisfies never;
  }
}

function seenOf(alert: CriticalAlertFacts, words: ReportWords, own: CriticalWords): string {
  if (alert.acknowledged_at === null) return alert.resolved_at === null ? own.nobodyYet : own.nobodyWas;
  const seconds = (Date.parse(alert.acknowledged_at) - Date.parse(alert.first_at)) / 1_000;
  return own.seenAfter(personOf(alert.acknowledged_by), duration(Math.max(0, seconds), words));
}

const personOf = (by: string | null) => (by === null || by === '' ? undefined : name(by, 40));

/** Of the report's day by the clock alone. */
function timeOf(at: string, period: FactsPeriod, words: ReportWords): string {
  return isOfPeriod(at, period) ? clockTime(at, period.time_zone) : dayAndTime(at, period.time_zone, words);
}

function isOfPeriod(at: string, { starts_at, ends_at }: FactsPeriod): boolean {
  return Date.parse(at) >= Date.parse(starts_at) && Date.parse(at) < Date.parse(ends_at);
}

function directionOf(line: string): 'ltr' | 'rtl' {
  const first = FIRST_LETTER.exec(line)?.[0];
  return first !== undefined && RIGHT_TO_LEFT_LETTER.test(first) ? 'rtl' : 'ltr';
}

function madeAt({ gathered_at, period: { time_zone } }: CriticalFacts, words: ReportWords): string {
  const when = isolate(dayAndTime(gathered_at, time_zone, words));
  return words.made(when, zone(gathered_at, time_zone));
}

function isEvent(event: string, { events }: CriticalWords): event is CriticalEvent {
  return Object.hasOwn(events, event);
}

function isDelivery(state: string, { deliveries }: CriticalWords): state is CriticalDelivery {
  return Object.hasOwn(deliveries, state);
}
