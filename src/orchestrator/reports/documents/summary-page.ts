import type { ReportFacts } from '../../../contract/report-facts.ts';
import { renderCharts } from '../charts/index.ts';
import { clockTime, day, zone } from '../words/formats.ts';
import { verdict } from '../words/verdict.ts';
import type { ReportWords } from '../words/words.ts';
import { dates, documentTitle } from './document-title.ts';
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

function madeAt({ gathered_at, period: { time_zone } }: ReportFacts, words: ReportWords): string {
  const localDay = new Intl.DateTimeFormat('en-CA', { timeZone: time_zone }).format(Date.parse(gathered_at));
  return words.made(
    `${day(localDay, 'short', words)}, ${clockTime(gathered_at, time_zone)}`,
    zone(gathered_at, time_zone),
  );
}
