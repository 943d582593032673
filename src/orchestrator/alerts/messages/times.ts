import type { DurationUnit, Words } from './words.ts';

const UNITS: readonly (readonly [unit: DurationUnit, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** A length of time as people say it, by its two greatest units: `1 hour 5 minutes`. Seconds are told of less than a minute only. */
export function durationInWords(ms: number, words: Words): string {
  const whole = Math.max(0, ms);
  const first = UNITS.findIndex(([, unitMs]) => whole >= unitMs);
  if (first < 0) return words.moment;
  const [unit, unitMs] = UNITS[first]!;
  const count = Math.floor(whole / unitMs);
  const greater = inUnit(count, unit, words);
  const next = UNITS[first + 1];
  const rest = next === undefined || next[0] === 'second' ? 0 : Math.floor((whole % unitMs) / next[1]);
  return rest === 0 ? greater : words.join(greater, inUnit(rest, next![0], words));
}

function inUnit(count: number, unit: DurationUnit, words: Words): string {
  if (count === 1) return words.one[unit];
  return new Intl.NumberFormat(words.locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** `14:05` of today, `26 Nov, 14:05` of another day; the zone is told where `withZone`. */
export function clockTime(
  at: number,
  { words, timeZone, now, withZone }: { words: Words; timeZone: string; now: number; withZone: boolean },
): string {
  const { locale } = words;
  const day = (instant: number) => new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(instant);
  const time = new Intl.DateTimeFormat(locale, {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(day(at) === day(now) ? {} : { day: 'numeric', month: 'short' }),
  }).format(at);
  return withZone ? `${time} ${zoneName(at, timeZone)}` : time;
}

/** `UTC`, `GMT+2`. */
function zoneName(at: number, timeZone: string): string {
  if (timeZone === 'UTC') return 'UTC';
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(at);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}

/** `1,234`, in the language's own way. */
export function wholeNumber(value: number, words: Words): string {
  return new Intl.NumberFormat(words.locale, { maximumFractionDigits: 1 }).format(value);
}
