import type { FactsPeriod, ReportFacts } from '../../../contract/report-facts.ts';
import { day, dayRange, month } from '../words/formats.ts';
import { hebrewDate } from '../words/hebrew-date.ts';
import type { ReportWords } from '../words/words.ts';

/** `Daily brief, Wednesday, 10 December 2025`. */
export function documentTitle(facts: ReportFacts, words: ReportWords): string {
  return `${words.document[facts.kind]}, ${dates(facts, words).date}`;
}

/** What the period is called, and beside it the same in days or in the Hebrew calendar. */
export function dates(
  { kind, period }: ReportFacts,
  words: ReportWords,
): { readonly date: string; readonly also: string } {
  const range = dayRange(period.first_day, period.last_day, words);
  const also = (own: readonly string[]) =>
    [...own, ...(words.language === 'he' ? [hebrewDates(period, words)] : [])].join(' · ');
  switch (kind) {
    case 'daily':
      return { date: day(period.first_day, 'full', words), also: also([]) };
    case 'weekly':
      return { date: words.week(Number(period.name.slice(6)), period.name.slice(0, 4)), also: also([range]) };
    case 'monthly':
      return { date: month(period.first_day, words), also: also([]) };
    default:
      return kind satisfies never;
  }
}

function hebrewDates({ first_day, last_day }: FactsPeriod, words: ReportWords): string {
  if (first_day === last_day) return hebrewDate(first_day);
  return words.fromTo(hebrewDate(first_day), hebrewDate(last_day));
}
