import type { FactsPeriod } from '../../../contract/report-facts.ts';
import type { ReportKind } from '../../../contract/reports.ts';
import { cleanText, isolate } from '../../../platform/safe-text.ts';
import type { DurationUnit, ReportWords } from './words.ts';

const LEFT_TO_RIGHT_ISOLATE = '\u2066';
const POP_ISOLATE = '\u2069';
const NO_BREAK = '\u00a0';
const NAME_LENGTH_MAX = 60;

const UNITS: readonly (readonly [unit: DurationUnit, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** A name or text from outside: one harmless line, of its own direction within the sentence around it. */
export function name(text: string, lengthMax = NAME_LENGTH_MAX): string {
  return isolate(cleanText(text, lengthMax));
}

/** A number with its sign or unit, which stays in one piece and in its order within right-to-left words. */
function ltr(text: string): string {
  return `${LEFT_TO_RIGHT_ISOLATE}${text}${POP_ISOLATE}`;
}

/** `118,204`; null is the sign for what isn't known. */
export function whole(value: number | null, words: ReportWords): string {
  return value === null ? words.unknown : decimals(value, 0, words);
}

function decimals(value: number, digits: number, { locale }: ReportWords): string {
  const text = new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? ltr(`−${text}`) : text;
}

/** `99.81%` of a share of 0–1. What isn't quite all is never rounded up to all, what isn't quite nothing never to nothing. */
export function percent(share: number | null, words: ReportWords): string {
  if (share === null) return words.unknown;
  const hundredths = share * 100;
  if (hundredths === 0 || hundredths === 100) return ltr(`${hundredths}%`);
  const digits = hundredths < 1 || hundredths > 99 ? 2 : 1;
  const step = 10 ** -digits;
  const held = Math.min(100 - step, Math.max(step, hundredths));
  return ltr(`${decimals(held, digits, words)}%`);
}

/** `12.6 MB`, by powers of ten. */
export function bytes(value: number | null, words: ReportWords): string {
  if (value === null) return words.unknown;
  const power = value < 1_000 ? 0 : Math.min(words.bytes.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1_000 ** power;
  return ltr(`${decimals(scaled, power === 0 || scaled >= 100 ? 0 : 1, words)}${NO_BREAK}${words.bytes[power]}`);
}

/** `11.5 M`: for counts that would not fit. */
export function compact(value: number | null, words: ReportWords): string {
  if (value === null) return words.unknown;
  return value < 1_000_000 ? decimals(value, 0, words) : ltr(inMillions(value, words));
}

function inMillions(value: number, words: ReportWords): string {
  const power = Math.min(4, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1_000 ** power;
  const digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${decimals(scaled, digits, words)}${NO_BREAK}${words.millions[power - 2]}`;
}

/** `$5.50`, `$12,346`, `$1.23M`; `$0.012`: two significant digits of what is only some cents. */
export function money(value: number | null, currency: string | null, words: ReportWords): string {
  if (value === null || currency === null) return words.unknown;
  const small = value !== 0 && Math.abs(value) < 0.1;
  const text = new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: /^[A-Z]{3}$/.test(currency) ? currency : 'USD',
    ...(small ? { maximumSignificantDigits: 2 } : {}),
    ...(value >= 10_000 ? { maximumFractionDigits: 0 } : {}),
    ...(value >= 100_000 ? { notation: 'compact', maximumSignificantDigits: 3 } : {}),
  }).format(value);
  return ltr(text);
}

/** Against another number, as a share of it: `+6.4%`. Undefined where either isn't known, the other is nothing, or they read alike. */
export function change(now: number | null, then: number | null, words: ReportWords): string | undefined {
  if (now === null || then === null || then === 0) return undefined;
  const share = ((now - then) / then) * 100;
  if (sign(share, 1) === '') return undefined;
  if (share > 999) return ltr('>+999%');
  return ltr(`${sign(share, 1)}${decimals(Math.abs(share), Math.abs(share) < 10 ? 1 : 0, words)}%`);
}

/** Of two shares the difference, in points of percent: `+0.30 pp`. */
export function points(now: number | null, then: number | null, words: ReportWords): string | undefined {
  if (now === null || then === null) return undefined;
  const difference = (now - then) * 100;
  if (sign(difference, 2) === '') return undefined;
  return words.compared.points(ltr(`${sign(difference, 2)}${decimals(Math.abs(difference), 2, words)}`));
}

/** Of two small counts the difference: `+2`. */
export function signedCount(now: number | null, then: number | null, words: ReportWords): string | undefined {
  if (now === null || then === null || now === then) return undefined;
  const difference = Math.abs(now - then);
  const text = difference < 1_000_000 ? decimals(difference, 0, words) : inMillions(difference, words);
  return ltr(`${sign(now - then, 0)}${text}`);
}

/** `8–14 December 2025`, `29 December 2025 – 4 January 2026`. */
export function dayRange(first: string, last: string, { locale }: ReportWords): string {
  const format = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  // Spaces of other widths are not in our fonts.
  return format.formatRange(noon(first), noon(last)).replace(/[\u2000-\u200a\u202f]/g, ' ');
}

/** None where the number would read as nothing. */
function sign(value: number, digits: number): string {
  const half = 0.5 * 10 ** -digits;
  return value >= half ? '+' : value <= -half ? '−' : '';
}

/** `1 hour and 5 minutes`: by its two greatest units. */
export function duration(seconds: number, words: ReportWords): string {
  const [greater, smaller] = parts(seconds);
  if (greater === undefined) return words.moment;
  const first = words.duration[greater.unit](greater.count);
  return smaller === undefined ? first : words.joinDurations(first, words.duration[smaller.unit](smaller.count));
}

/** `1 h 5 min`, for tables. */
export function shortDuration(seconds: number | null, words: ReportWords): string {
  if (seconds === null) return words.unknown;
  const told = parts(seconds).flatMap((part) =>
    part === undefined
      ? []
      : [words.shortDuration[part.unit](decimals(part.count, 0, words)).replaceAll(' ', NO_BREAK)],
  );
  return told.length === 0 ? '0' : told.join(NO_BREAK);
}

interface Part {
  readonly unit: DurationUnit;
  readonly count: number;
}

function parts(seconds: number): readonly [Part?, Part?] {
  const rounded = Math.round(seconds);
  const first = UNITS.findIndex(([, unitSeconds]) => rounded >= unitSeconds);
  if (first < 0) return [];
  const [unit, unitSeconds] = UNITS[first]!;
  const greater: Part = { unit, count: Math.floor(rounded / unitSeconds) };
  const next = UNITS[first + 1];
  // Seconds beside hours say nothing; beside minutes they would be more than anybody measured.
  if (next === undefined || next[0] === 'second') return [greater];
  const count = Math.floor((rounded % unitSeconds) / next[1]);
  return count === 0 ? [greater] : [greater, { unit: next[0], count }];
}

/** `03:10`. */
export function clockTime(at: string, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
    Date.parse(at),
  );
}

/** `10 Dec, 03:10`. */
export function dayAndTime(at: string, timeZone: string, words: ReportWords): string {
  return `${formatDay(Date.parse(at), { day: 'numeric', month: 'short' }, timeZone, words)}, ${clockTime(at, timeZone)}`;
}

/** When something was, in a document of this period: of a day's own hours the time alone says it. */
export function whenIn(
  { kind, period }: { readonly kind: ReportKind; readonly period: FactsPeriod },
  at: string,
  words: ReportWords,
): string {
  const isOwn = Date.parse(at) >= Date.parse(period.starts_at) && Date.parse(at) < Date.parse(period.ends_at);
  return (kind === 'daily' || kind === 'critical') && isOwn
    ? clockTime(at, period.time_zone)
    : dayAndTime(at, period.time_zone, words);
}

/** A local day `2025-12-10` as `Wednesday, 10 December 2025`, or shorter. */
export function day(localDay: string, style: 'full' | 'plain' | 'short' | 'weekday', words: ReportWords): string {
  const options: Intl.DateTimeFormatOptions = {
    full: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const,
    plain: { day: 'numeric', month: 'long' } as const,
    short: { day: 'numeric', month: 'short' } as const,
    weekday: { weekday: 'short', day: 'numeric', month: 'short' } as const,
  }[style];
  return formatDay(noon(localDay), options, 'UTC', words);
}

export function month(localDay: string, words: ReportWords): string {
  return formatDay(noon(localDay), { month: 'long', year: 'numeric' }, 'UTC', words);
}

const noon = (localDay: string) => Date.parse(`${localDay}T12:00:00Z`);

function formatDay(at: number, options: Intl.DateTimeFormatOptions, timeZone: string, { locale }: ReportWords): string {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(at);
}

/** `Asia/Jerusalem, UTC+2`, by the offset at an instant. */
export function zone(at: string, timeZone: string): string {
  const found = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'shortOffset' })
    .formatToParts(Date.parse(at))
    .find(({ type }) => type === 'timeZoneName')?.value;
  const offset = found?.replace('GMT', 'UTC') ?? '';
  return ltr(timeZone === 'UTC' || offset === '' ? timeZone : `${timeZone}, ${offset}`);
}
