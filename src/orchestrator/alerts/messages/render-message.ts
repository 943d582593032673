import { type AlertSeverity, severityRank } from '../../../contract/alert.ts';
import { isAlertKind } from '../../../contract/alert-kinds.ts';
import { cleanLine, cleanText, cutText, hasRightToLeft, isolate } from '../../../platform/safe-text.ts';
import type { Notification, NotifiedAlert } from '../notification.ts';
import { ORCHESTRATOR_ALERTS_SERVER } from '../raise.ts';
import { en } from './en.ts';
import { he } from './he.ts';
import { clockTime, durationInWords, wholeNumber } from './times.ts';
import type { Language, Words } from './words.ts';

/** What is told, in words: harmless, bounded texts of one line each, which a channel lays out and escapes in its own way. */
export interface RenderedMessage {
  readonly language: Language;
  readonly direction: 'ltr' | 'rtl';
  readonly severity: AlertSeverity;
  /** An emoji for how bad it is; `headline` doesn't have it. */
  readonly mark: string;
  /** Tells it all alone, on the lock screen of a phone. */
  readonly headline: string;
  /** `mark` and `headline`. */
  readonly subject: string;
  /** One more sentence: how bad, since when. */
  readonly summary: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** The troubles of a group, one a line; none where there is but one. */
  readonly items: readonly string[];
  /** How many troubles there are in all. */
  readonly total: number;
  readonly linesTitle: string;
  /** The last lines before it, oldest first. */
  readonly lines: readonly string[];
  /** The page that shows it; absent where its address is none. */
  readonly link: { readonly text: string; readonly url: string } | undefined;
  readonly footer: string;
}

export interface RenderOptions {
  readonly lang: Language;
  readonly timeZone: string;
  /** Epoch ms. */
  readonly now: number;
}

const WORDS: Readonly<Record<Language, Words>> = { en, he };
const MARKS: Readonly<Record<AlertSeverity, string>> = { info: '🔵', warning: '🟠', critical: '🔴' };

const NAME_MAX = 80;
const TITLE_MAX = 200;
const HEADLINE_MAX = 240;
const FACT_MAX = 300;
const LINE_MAX = 300;
const LINES_MAX = 10;
const NAMES_IN_HEADLINE = 3;

/** What a person is told of `notification`. Pure: the same always gives the same. */
export function renderMessage(notification: Notification, options: RenderOptions): RenderedMessage {
  const words = WORDS[options.lang];
  const { event, severity, alerts, total } = notification;
  const time = timesOf(notification, options, words);
  const mark =
    event === 'resolved' ? '✅' : event === 'acknowledged' ? '👀' : event === 'test' ? '🔔' : MARKS[severity];
  const what = event === 'test' ? words.test : whatHappened(notification, words);
  const headline = cutText([beginning(notification, time.age, words), what].filter(Boolean).join(': '), HEADLINE_MAX);
  const single = event !== 'test' && total <= 1 ? alerts[0] : undefined;
  const items = single !== undefined || event === 'test' ? [] : alerts.map((one) => item(one, alerts, words));
  return {
    language: options.lang,
    direction: words.direction,
    severity,
    mark,
    headline,
    subject: `${mark} ${headline}`,
    summary: event === 'test' ? words.testSummary : `${words.severity[severity]}, ${time.span}.`,
    facts: event === 'test' ? [] : factsOf(notification, single, time.span, words),
    items,
    total,
    linesTitle: words.lastLines,
    lines: linesOf(alerts),
    link: linkOf(notification.link, words),
    footer: words.footer,
  };
}

/** The troubles of a group, each behind `bullet`, and last how many `items` leaves out: `and 37 more`. */
export function listItems({ language, items, total }: RenderedMessage, bullet = ''): readonly string[] {
  const words = WORDS[language];
  const listed = items.map((item) => `${bullet}${item}`);
  return items.length === 0 || items.length >= total
    ? listed
    : [...listed, words.andMore(wholeNumber(total - items.length, words))];
}

/** How long it has been going on, and when, in words. */
function timesOf(notification: Notification, { timeZone, now }: RenderOptions, words: Words) {
  const at = Date.parse(notification.at);
  const firsts = notification.alerts.map((one) => Date.parse(one.first_at)).filter((one) => !Number.isNaN(one));
  const first = Math.min(at, ...firsts);
  const age = durationInWords(at - first, words);
  const clock = (instant: number, withZone: boolean) =>
    own(clockTime(instant, { words, timeZone, now, withZone }), words);
  const span =
    notification.event === 'resolved'
      ? words.fromTo(clock(first, false), clock(at, true))
      : words.since(clock(first, true), age);
  return { age, span };
}

/** What has become of it; nothing where it is told for the first time. */
function beginning({ event, alerts }: Notification, age: string, words: Words): string | undefined {
  switch (event) {
    case 'opened':
    case 'test':
      return undefined;
    case 'escalated':
      return words.escalated(age);
    case 'reminded':
      return words.reminded(age);
    case 'resolved':
      return words.resolved(age);
    case 'acknowledged': {
      const by = alerts.find((one) => one.acknowledged_by !== null)?.acknowledged_by ?? null;
      return words.acknowledged(by === null ? null : name(by, words));
    }
    default:
      return event satisfies never;
  }
}

function whatHappened({ alerts, total }: Notification, words: Words): string {
  const [first] = alerts;
  if (first === undefined) return words.manyAlerts(wholeNumber(total, words));
  if (total <= 1) return `${where(first, words)} – ${what(first, words)}`;
  const count = wholeNumber(total, words);
  if (!isAlertKind(first.kind) || alerts.some((one) => one.kind !== first.kind))
    return `${words.manyAlerts(count)}, ${words.among} ${where(first, words)} – ${what(first, words)}`;
  const names = [...new Set(alerts.map((one) => one.agent_id ?? one.server))];
  const shown = names.slice(0, NAMES_IN_HEADLINE).map((one) => name(one, words));
  const left = total - shown.length;
  const more = left > 0 && names.length >= shown.length ? ` ${words.andMore(wholeNumber(left, words))}` : '';
  return `${words.kinds[first.kind].many(count)}: ${shown.join(', ')}${more}`;
}

function item(alert: NotifiedAlert, all: readonly NotifiedAlert[], words: Words): string {
  const place = where(alert, words);
  return isAlertKind(alert.kind) && all.every((one) => one.kind === alert.kind) && measured(alert, words) === undefined
    ? place
    : `${place} – ${what(alert, words)}`;
}

function where({ agent_id: agent, server }: NotifiedAlert, words: Words): string {
  if (agent !== null) return words.agentOn(name(agent, words), name(server, words));
  return server === ORCHESTRATOR_ALERTS_SERVER ? words.ourselves : words.server(name(server, words));
}

function what(alert: NotifiedAlert, words: Words): string {
  if (!isAlertKind(alert.kind)) return own(cleanText(alert.title, TITLE_MAX) || cleanText(alert.kind, NAME_MAX), words);
  const value = measured(alert, words);
  const said = words.kinds[alert.kind].what;
  return value === undefined ? said : `${said} (${value.value})`;
}

/** `detail.value` and `detail.limit` of a threshold, with their unit. */
function measured({ kind, detail }: NotifiedAlert, words: Words) {
  const { value, limit } = detail;
  if (!kind.startsWith('threshold.') || typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const show = (number: number): string => {
    if (kind.endsWith('_percent')) return own(`${wholeNumber(number, words)}%`, words);
    if (kind === 'threshold.oldest_unarchived') return durationInWords(number * 1_000, words);
    if (kind === 'threshold.clock_skew') return durationInWords(Math.abs(number), words);
    return wholeNumber(number, words);
  };
  return { value: show(value), limit: typeof limit === 'number' && Number.isFinite(limit) ? show(limit) : undefined };
}

function factsOf(notification: Notification, single: NotifiedAlert | undefined, span: string, words: Words) {
  const { labels } = words;
  const facts: { label: string; value: string }[] = [
    { label: labels.severity, value: words.severity[notification.severity] },
    { label: labels.when, value: span },
  ];
  if (single === undefined) return facts;
  facts.splice(1, 0, { label: labels.where, value: where(single, words) });
  const value = measured(single, words);
  if (value?.limit !== undefined) facts.push({ label: labels.value, value: words.limit(value.value, value.limit) });
  if (single.count > 1) facts.push({ label: labels.times, value: words.times(wholeNumber(single.count, words)) });
  const title = cleanText(single.title, FACT_MAX);
  if (isAlertKind(single.kind) && title !== '') facts.push({ label: labels.said, value: own(title, words) });
  const { rule } = single.detail;
  if (typeof rule === 'string') facts.push({ label: labels.rule, value: name(rule, words) });
  if (single.acknowledged_by !== null)
    facts.push({ label: labels.acknowledgedBy, value: name(single.acknowledged_by, words) });
  return facts;
}

/** Of the worst and newest alert that has any. */
function linesOf(alerts: readonly NotifiedAlert[]): readonly string[] {
  const worst = [...alerts].sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
  const lines = worst.find((one) => one.lines.length > 0)?.lines ?? [];
  return lines
    .slice(-LINES_MAX)
    .map((line) => cleanLine(line, LINE_MAX))
    .filter((line) => line !== '');
}

function linkOf(link: string, words: Words): RenderedMessage['link'] {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href.length > LINK_MAX) return undefined;
  return { text: words.open, url: url.href };
}

const LINK_MAX = 1_000;

function name(text: string, words: Words): string {
  return own(cleanText(text, NAME_MAX) || '?', words);
}

/** Text that may run the other way than the sentence it stands in. */
function own(text: string, words: Words): string {
  return words.direction === 'rtl' || hasRightToLeft(text) ? isolate(text) : text;
}
