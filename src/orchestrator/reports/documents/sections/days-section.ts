import type { ReportFacts, SlotFacts } from '../../../../contract/report-facts.ts';
import { bytes, compact, day, percent } from '../../words/formats.ts';
import type { ReportWords } from '../../words/words.ts';
import type { TableSection } from '../page.ts';

interface DayNumbers {
  readonly day: string;
  readonly availability: number | null;
  readonly records: number | null;
  readonly errors: number | null;
  readonly archived: number | null;
}

/** Of a week or month: each day's numbers, with the best and the worst marked. */
export function daysSection({ slots, by_slot }: ReportFacts, words: ReportWords): TableSection {
  const days = slots.map(({ label }, index) => numbersOf(label, by_slot[index]));
  const [best, worst] = extremes(days);
  const { columns } = words;
  return {
    type: 'table',
    heading: words.headings.days,
    columns: [
      { head: columns.day, look: 'strong' },
      { head: '', look: 'faint', share: 1 },
      { head: columns.availability, look: 'number', share: 1 },
      { head: columns.records, look: 'number', share: 1 },
      { head: columns.errors, look: 'number', share: 1 },
      { head: words.numbers.error_rate, look: 'number', share: 1 },
      { head: columns.archived, look: 'number', share: 1 },
    ],
    rows: days.map((one) => [
      day(one.day, 'weekday', words),
      one === best
        ? { sign: 'green' as const, text: words.best }
        : one === worst
          ? { sign: 'red' as const, text: words.worst }
          : '',
      percent(one.availability, words),
      compact(one.records, words),
      compact(one.errors, words),
      percent(errorRate(one), words),
      bytes(one.archived, words),
    ]),
    isDense: days.length > 10,
  };
}

function numbersOf(label: string, slot: SlotFacts | undefined): DayNumbers {
  const { up = 0, degraded = 0, late = 0, down = 0 } = slot?.seconds ?? {};
  const judged = up + degraded + late + down;
  const counts = slot?.level_counts ?? null;
  return {
    day: label,
    availability: judged === 0 ? null : (up + degraded) / judged,
    records: counts === null ? null : Object.values(counts).reduce((sum, count) => sum + count, 0),
    errors: counts === null ? null : counts.ERROR + counts.CRITICAL,
    archived: slot?.archived_bytes ?? null,
  };
}

function errorRate({ records, errors }: DayNumbers): number | null {
  return records === null || errors === null || records === 0 ? null : errors / records;
}

/** By availability, then by the share of errors; none where all days are alike, or only one is known. */
function extremes(days: readonly DayNumbers[]): readonly [DayNumbers?, DayNumbers?] {
  const known = days
    .filter(({ availability, records }) => availability !== null && records !== null)
    .toSorted((a, b) => b.availability! - a.availability! || (errorRate(a) ?? 0) - (errorRate(b) ?? 0));
  const [best, worst] = [known[0], known.at(-1)];
  if (best === undefined || worst === undefined || best === worst) return [];
  const isAlike = best.availability === worst.availability && errorRate(best) === errorRate(worst);
  return isAlike ? [] : [best, worst];
}
