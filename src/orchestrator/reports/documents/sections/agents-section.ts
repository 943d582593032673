import type { AgentFacts, ReportFacts, TrafficLight } from '../../../../contract/report-facts.ts';
import { compact, name, percent, shortDuration } from '../../words/formats.ts';
import { downSeconds } from '../../words/outages.ts';
import type { ReportWords } from '../../words/words.ts';
import type { Cell, OthersGrid, TableSection } from '../page.ts';

/** So many have a row of their own, the worst first (the facts' order); of the others there is a sign each. */
const ROWS_MAX = 25;
/** From so many on, rows stand closer. */
const DENSE_FROM = 12;
/** More signs than this say no more, and would fill pages. */
const SIGNS_MAX = 2_500;
const WORST_FIRST: readonly TrafficLight[] = ['red', 'yellow', 'grey', 'green'];

/** The traffic lights: how each AI agent did. */
export function agentsSection({ agents }: ReportFacts, words: ReportWords): TableSection {
  const { columns } = words;
  const others = agents.slice(ROWS_MAX);
  return {
    type: 'table',
    heading: words.headings.agents,
    ...(agents.length === 0 ? { none: words.none.agents } : {}),
    columns: [
      { head: columns.light, look: 'sign' },
      { head: columns.agent, look: 'strong', share: 3 },
      { head: columns.server, look: 'faint', share: 2 },
      { head: columns.availability, look: 'number' },
      { head: columns.down, look: 'number' },
      { head: columns.records, look: 'number' },
      { head: columns.errors, look: 'number' },
      { head: columns.why, look: 'text', share: 4 },
    ],
    rows: agents.slice(0, ROWS_MAX).map((agent) => rowOf(agent, words)),
    isDense: agents.length > DENSE_FROM,
    ...(others.length === 0 ? {} : { others: gridOf(others, words) }),
  };
}

function rowOf(agent: AgentFacts, words: ReportWords): readonly Cell[] {
  return [
    { sign: agent.light, text: words.light[agent.light] },
    name(agent.agent_id),
    name(agent.server, 30),
    percent(agent.availability, words),
    // Where nothing was known of it, "not down" isn't known either.
    agent.availability === null ? words.unknown : shortDuration(downSeconds(agent), words),
    compact(agent.records, words),
    compact(agent.errors, words),
    agent.light_reasons.map((reason) => words.lightReason[reason]).join(', '),
  ];
}

function gridOf(others: readonly AgentFacts[], words: ReportWords): OthersGrid {
  let left = SIGNS_MAX;
  const groups = WORST_FIRST.map((light) => {
    const count = others.filter((agent) => agent.light === light).length;
    const drawn = Math.min(left, count);
    left -= drawn;
    return { sign: light, label: words.othersAre(count, words.light[light]), count: drawn, all: count };
  }).filter(({ all }) => all > 0);
  return {
    intro: words.agentsShown(ROWS_MAX, others.length),
    alt: `${words.othersGrid}: ${groups.map(({ label }) => label).join(', ')}`,
    groups: groups.map(({ sign, label, count }) => ({ sign, label, count })),
  };
}
