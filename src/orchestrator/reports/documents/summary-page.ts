import type { FactsPeriod, ReportFacts } from '../../../contract/report-facts.ts';
import { renderCharts } from '../charts/index.ts';
import { clockTime, day, dayRange, month, zone } from '../words/formats.ts';
import { hebrewDate } from '../words/hebrew-date.ts';
import { verdict } from '../words/verdict.ts';
import type { ReportWords } from '../words/words.ts';
import type { ChartsSection, Section, SummaryPage } from './page.ts';
import { agentsSection } from './sections/agents-section.ts';
import { changesSection, templatesSection } from './sections/changes-sections.ts';
import { daysSection } from './sections/days-section.ts';
import { incidentsSection } from './sections/incidents-section.ts';
import { keyNumbers } from './sections/key-numbers.ts';
import { gapsSection, handsSection } from './sections/point-sections.ts';
import { workSection } from './sections/work-section.ts';
import { hasUndrawable, UNDRAWABLE } from './typeset.ts';

/** The document of a day, week or month, from what somebody must act upon to what is nice to know. */
export function summaryPage(facts: ReportFacts, words: ReportWords): SummaryPage {
  const { headline, sentences } = verdict(facts, words);
  const { date, also } = dates(facts, words);
  const gaps = gapsSection(facts, words);
  const numbers = keyNumbers(facts, words);
  const sections: readonly Section[] = [
    handsSection(facts, words),
    agentsSection(facts, words),
    ...(facts.kind === 'daily' ? [] : [daysSection(facts, words)]),
    incidentsSection(facts, words),
    ...(gaps === undefined ? [] : [gaps]),
    ...(facts.ai_work === null ? [] : [workSection(facts.ai_work, words)]),
    chartsSection(facts, words),
    templatesSection(facts, words),
    changesSection(facts, words),
  ];
  return {
    lang: words.language,
    dir: words.direction,
    title: documentTitle(facts, words),
    masthead: { product: words.product, document: words.document[facts.kind], date, also },
    headline,
    verdict: sentences.join(' '),
    ...(facts.version > 1 ? { version: words.version(facts.version) } : {}),
    numbers,
    sections,
    notes: [
      ...(JSON.stringify([numbers, sections.map(withoutCharts)]).includes(`"${words.unknown}"`)
        ? [words.unknownMeans]
        : []),
      ...(hasUndrawable(sections) ? [words.undrawableMeans(UNDRAWABLE)] : []),
    ],
    footer: { text: `${words.product} · ${date} · ${madeAt(facts, words)}`, page: words.page },
  };
}

function chartsSection(facts: ReportFacts, words: ReportWords): ChartsSection {
  const { availability, levels, vitals, trend } = renderCharts(facts, words.language);
  return {
    type: 'charts',
    heading: words.headings.charts,
    charts: [availability, levels, vitals, trend].map(({ title, svg, alt }) => ({ title, svg, alt })),
  };
}

const withoutCharts = (section: Section) => (section.type === 'charts' ? null : section);

/** `Daily brief, Wednesday, 10 December 2025`. */
export function documentTitle(facts: ReportFacts, words: ReportWords): string {
  return `${words.document[facts.kind]}, ${dates(facts, words).date}`;
}

/** What the period is called, and beside it the same in days or in the Hebrew calendar. */
function dates({ kind, period }: ReportFacts, words: ReportWords): { readonly date: string; readonly also: string } {
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

function madeAt({ gathered_at, period: { time_zone } }: ReportFacts, words: ReportWords): string {
  const localDay = new Intl.DateTimeFormat('en-CA', { timeZone: time_zone }).format(Date.parse(gathered_at));
  return words.made(
    `${day(localDay, 'short', words)}, ${clockTime(gathered_at, time_zone)}`,
    zone(gathered_at, time_zone),
  );
}
