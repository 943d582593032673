import type { FactsTotals, ReportFacts } from '../../../../contract/report-facts.ts';
import { bytes, change, compact, money, percent, points, signedCount } from '../../words/formats.ts';
import { unfinishedSince } from '../../words/outages.ts';
import type { KeyNumber, ReportWords } from '../../words/words.ts';
import type { NumbersRow, NumbersTable } from '../page.ts';

/** Those that everybody has; the others are shown where somebody tells them. */
const ALWAYS: readonly KeyNumber[] = [
  'availability',
  'records',
  'error_rate',
  'alerts_opened',
  'lost_records',
  'archived_bytes',
  'archive_cost',
];

const SHARES: ReadonlySet<KeyNumber> = new Set(['availability', 'error_rate']);

/** The key numbers, each against the period before, the week before and the habit. */
export function keyNumbers(facts: ReportFacts, words: ReportWords): NumbersTable {
  const { totals, compared, kind, archive } = facts;
  const keys: readonly KeyNumber[] = facts.ai_work === null ? ALWAYS : [...ALWAYS, 'ai_cost_usd'];
  const show = (key: KeyNumber, of: FactsTotals | null) =>
    of === null ? words.unknown : shown(key, of, archive.currency, words);
  // Amounts of a part of a period are less than those of a whole one, which says nothing; shares of both are alike.
  const isPart = unfinishedSince(facts) !== undefined;
  const rowOf = (label: string, then: FactsTotals | null): NumbersRow => ({
    label,
    isMain: false,
    cells: keys.map((key) => {
      const isTold = then !== null && (!isPart || SHARES.has(key));
      const against = isTold ? changed(key, totals, then, words) : undefined;
      return { value: show(key, then), ...(against === undefined ? {} : { change: against }) };
    }),
  });
  const rows: readonly (readonly [label: string, then: FactsTotals | null])[] = [
    [words.compared.before[kind], compared.before],
    ...(kind === 'daily' ? [[words.compared.weekBefore, compared.week_before] as const] : []),
    [words.compared.habit[kind](compared.habit_of), compared.habit],
  ];
  const known = rows.filter(([, then]) => then !== null);
  const unknown = rows.filter(([, then]) => then === null).map(([label]) => label);
  return {
    heading: words.headings.numbers,
    corner: words.columns.number,
    columns: keys.map((key) => words.numbers[key]),
    rows: [
      { label: words.compared.now[kind], isMain: true, cells: keys.map((key) => ({ value: show(key, totals) })) },
      ...known.map(([label, then]) => rowOf(label, then)),
    ],
    note: [
      ...(known.length === 0 ? [] : [words.compared.meaning[kind]]),
      ...(unknown.length === 0 ? [] : [words.compared.notKnown(unknown.join(', '))]),
    ].join(' '),
  };
}

function shown(key: KeyNumber, of: FactsTotals, currency: string | null, words: ReportWords): string {
  switch (key) {
    case 'availability':
    case 'error_rate':
      return percent(of[key], words);
    case 'archived_bytes':
      return bytes(of[key], words);
    case 'archive_cost':
      return money(of[key], currency, words);
    case 'ai_cost_usd':
      return money(of[key], 'USD', words);
    case 'records':
    case 'alerts_opened':
    case 'lost_records':
    case 'ai_tokens':
      return compact(of[key], words);
    default:
      return key satisfies never;
  }
}

/** Shares differ by points, large amounts by a share; of a handful, a share would sound like more than it is. */
function changed(key: KeyNumber, now: FactsTotals, then: FactsTotals, words: ReportWords): string | undefined {
  switch (key) {
    case 'availability':
    case 'error_rate':
      return points(now[key], then[key], words);
    case 'alerts_opened':
    case 'lost_records':
      return signedCount(now[key], then[key], words);
    case 'records':
    case 'archived_bytes':
    case 'archive_cost':
    case 'ai_tokens':
    case 'ai_cost_usd':
      return change(now[key], then[key], words);
    default:
      return key satisfies never;
  }
}
