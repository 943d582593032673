import { splitAge } from '../model/orchestrator-clock.ts';
import { en } from './en.ts';
import { he } from './he.ts';

/** A message whose form depends on a count; `other` is always there. */
export type PluralForms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;
type MessageKey = keyof typeof en;
/** What each language must have: the keys of English, plural forms where English has them. */
export type Messages = { readonly [Key in MessageKey]: (typeof en)[Key] extends string ? string : PluralForms };
export type TextKey = { [Key in MessageKey]: Messages[Key] extends string ? Key : never }[MessageKey];
export type PluralKey = Exclude<MessageKey, TextKey>;

export const LANGUAGES = ['en', 'he'] as const;
export type Language = (typeof LANGUAGES)[number];
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', he: 'עברית' };
export const MESSAGES: Readonly<Record<Language, Messages>> = { en, he };

/** A language's words, and its way to write numbers and times. */
export interface Words {
  readonly language: Language;
  readonly direction: 'ltr' | 'rtl';
  /** A message, its `{name}`s replaced. */
  say(key: TextKey, values?: Readonly<Record<string, string>>): string;
  /** A message in the form for `count`, which also replaces `{count}`; `values` replace the rest. */
  count(key: PluralKey, count: number, values?: Readonly<Record<string, string>>): string;
  number(value: number, fractionDigits?: number): string;
  /** `value` counts percent: 12.3 → "12.3%". */
  percent(value: number): string;
  megabytes(value: number): string;
  /** "12 s ago". */
  ago(ageMs: number): string;
  /** The two largest units: "3 days 4 hr". */
  duration(seconds: number): string;
  /** Day and time of an ISO instant, in the reader's zone or the one that is named; the text itself when it is none. */
  moment(iso: string, timeZone?: string): string;
  /** Hour, minute and second of an ISO instant, in the reader's zone, as log lines show them. */
  clockTime(iso: string): string;
  /** Hour and minute of epoch ms, as chart axes show them. */
  timeOfDay(at: number): string;
}

/** The reader's choice, or what the browser asks for, or English. */
export function chooseLanguage(remembered: string | null, preferred: readonly string[]): Language {
  for (const tag of [remembered ?? '', ...preferred]) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'en') return 'en';
    if (base === 'he' || base === 'iw') return 'he'; // `iw` is how old systems still say Hebrew
  }
  return 'en';
}

/** Formatters are dear to make, so they are made once a language. Lacking numbers are written as "–". */
export function createWords(language: Language): Words {
  const messages = MESSAGES[language];
  const plural = new Intl.PluralRules(language);
  const formats = [0, 1, 2].map(
    (digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  const units = new Map(
    (['day', 'hour', 'minute', 'second'] as const).map((unit) => [
      unit,
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: unit === 'day' ? 'long' : 'short' }),
    ]),
  );
  const zoned = new Map<string | undefined, Intl.DateTimeFormat>();
  const moments = (timeZone: string | undefined) => {
    const format = zoned.get(timeZone) ?? momentsIn(language, timeZone);
    zoned.set(timeZone, format);
    return format;
  };
  const times = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const clockTimes = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' });

  const number = (value: number, fractionDigits = 0): string =>
    Number.isFinite(value) ? formats[Math.min(fractionDigits, 2)]!.format(value) : messages.none;
  const count = (key: PluralKey, value: number, values: Readonly<Record<string, string>> = {}): string => {
    const forms: PluralForms = messages[key];
    return fill(forms[plural.select(value)] ?? forms.other, { ...values, count: number(value) });
  };

  return {
    language,
    direction: language === 'he' ? 'rtl' : 'ltr',
    say: (key, values) => (values === undefined ? messages[key] : fill(messages[key], values)),
    count,
    number,
    percent: (value) => (Number.isFinite(value) ? `${number(value, value < 99.95 ? 1 : 0)}%` : messages.none),
    megabytes: (value) => (Number.isFinite(value) ? `${number(value, value < 10 ? 2 : 1)} MB` : messages.none),
    ago(ageMs) {
      if (!Number.isFinite(ageMs)) return messages.none;
      const age = splitAge(ageMs);
      switch (age.unit) {
        case 'seconds':
          return count('agoSeconds', age.count);
        case 'minutes':
          return count('agoMinutes', age.count);
        case 'hours':
          return count('agoHours', age.count);
        case 'days':
          return count('agoDays', age.count);
        default:
          return age.unit satisfies never;
      }
    },
    duration(seconds) {
      if (!Number.isFinite(seconds)) return messages.none;
      const parts = largestUnits(Math.max(0, Math.floor(seconds)));
      return parts.map(({ unit, value }) => units.get(unit)!.format(value)).join(' ');
    },
    moment: (iso, timeZone) => (Number.isNaN(Date.parse(iso)) ? iso : moments(timeZone).format(new Date(iso))),
    clockTime: (iso) => (Number.isNaN(Date.parse(iso)) ? iso : clockTimes.format(new Date(iso))),
    timeOfDay: (at) => times.format(new Date(at)),
  };
}

/** In the reader's own zone where this browser doesn't know the one that is named. */
function momentsIn(language: Language, timeZone: string | undefined): Intl.DateTimeFormat {
  const style = { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' } as const;
  try {
    return new Intl.DateTimeFormat(language, { ...style, timeZone });
  } catch {
    return new Intl.DateTimeFormat(language, style);
  }
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function largestUnits(seconds: number): { unit: 'day' | 'hour' | 'minute' | 'second'; value: number }[] {
  const all = [
    { unit: 'day', value: Math.floor(seconds / 86_400) },
    { unit: 'hour', value: Math.floor(seconds / 3600) % 24 },
    { unit: 'minute', value: Math.floor(seconds / 60) % 60 },
    { unit: 'second', value: seconds % 60 },
  ] as const;
  const first = all.findIndex(({ value }) => value > 0);
  if (first === -1) return [{ unit: 'second', value: 0 }];
  return all.slice(first, first + 2).filter(({ value }) => value > 0);
}
