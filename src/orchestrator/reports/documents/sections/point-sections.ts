import type { AnyFacts, FactsGap, ReportFacts } from '../../../../contract/report-facts.ts';
import { clockTime, dayAndTime } from '../../words/formats.ts';
import { joinNames, neededHands } from '../../words/hands.ts';
import type { ReportWords } from '../../words/words.ts';
import type { PointsSection } from '../page.ts';

const GAPS_MAX = 6;

/** What waits for a person, each with what to do. */
export function handsSection(facts: ReportFacts, words: ReportWords): PointsSection {
  const hands = neededHands(facts, words);
  return {
    type: 'points',
    heading: words.headings.hands,
    isPressing: true,
    ...(hands.length === 0 ? { none: words.none.hands } : {}),
    points: hands.map(({ what, todo }) => ({ text: what, todo })),
  };
}

type GappyFacts = Pick<AnyFacts, 'gaps' | 'kind' | 'period'>;

/** What is missing in the facts; undefined where nothing is. */
export function gapsSection(facts: GappyFacts, words: ReportWords): PointsSection | undefined {
  if (facts.gaps.length === 0) return undefined;
  const told = facts.gaps.map((gap) => ({ text: sayGap(gap, facts, words) }));
  const more = told.length - GAPS_MAX;
  return {
    type: 'points',
    heading: words.headings.gaps,
    points: more > 0 ? [...told.slice(0, GAPS_MAX), { text: words.andMore(more) }] : told,
  };
}

function sayGap(gap: FactsGap, { kind, period }: GappyFacts, words: ReportWords): string {
  const time = (at: string) =>
    (kind === 'daily' || kind === 'critical') && Date.parse(at) < Date.parse(period.ends_at)
      ? clockTime(at, period.time_zone)
      : dayAndTime(at, period.time_zone, words);
  const count = gap.count ?? gap.servers?.length ?? 0;
  return words.gap[gap.kind]({
    when: gap.from === undefined || gap.to === undefined ? '' : words.alerts.fromTo(time(gap.from), time(gap.to)),
    servers: joinNames(gap.servers ?? [], count, words),
    count,
  });
}
