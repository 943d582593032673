import type { AgentFacts, ReportFacts } from '../../../contract/report-facts.ts';
import { clockTime, day, duration, name } from './formats.ts';
import type { ReportWords } from './words.ts';

/** Who was down, in one sentence without its full stop; undefined where nobody was. */
export function sayOutages(facts: ReportFacts, words: ReportWords): string | undefined {
  const down = facts.agents.filter((agent) => downSeconds(agent) > 0);
  const worst = down.reduce<AgentFacts | undefined>(
    (most, agent) => (most === undefined || longestSeconds(agent) > longestSeconds(most) ? agent : most),
    undefined,
  );
  if (worst === undefined) return undefined;
  const { verdict } = words;
  const longest = longestOutage(worst);
  const together = duration(downSeconds(worst), words);
  if (down.length > 1) {
    const length = longest === undefined ? together : duration(longest.seconds, words);
    return verdict.severalDown(down.length, name(worst.agent_id), length, sayWhen(longest?.from, facts, words));
  }
  if (longest === undefined) {
    const isAll = Object.entries(worst.seconds).every(([state, seconds]) => seconds === 0 || state === 'down');
    if (isAll && unfinishedSince(facts) === undefined) return verdict.downAll(name(worst.agent_id), facts.kind);
    return verdict.downFor(name(worst.agent_id), together);
  }
  const at = sayWhen(longest.from, facts, words);
  const isToEnd = worst.state === 'down' && longest.to === facts.period.ends_at;
  return worst.outages <= 1
    ? verdict.downOnce(name(worst.agent_id), together, isToEnd ? verdict.toEnd(at) : at)
    : verdict.downOften(name(worst.agent_id), worst.outages, together, duration(longest.seconds, words), at);
}

export function downSeconds({ seconds }: AgentFacts): number {
  return seconds.down ?? 0;
}

/** Of its times down the longest; of one whose spans don't tell, all of them. */
function longestSeconds(agent: AgentFacts): number {
  return longestOutage(agent)?.seconds ?? downSeconds(agent);
}

interface Outage {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
}

/** The longest time it was down; undefined where the spans don't tell (it was down all the time). */
export function longestOutage({ spans }: AgentFacts): Outage | undefined {
  return (spans ?? [])
    .filter(({ state }) => state === 'down')
    .map(({ from, to }) => ({ from, to, seconds: (Date.parse(to) - Date.parse(from)) / 1_000 }))
    .reduce<Outage | undefined>(
      (most, one) => (most === undefined || one.seconds > most.seconds ? one : most),
      undefined,
    );
}

function sayWhen(at: string | undefined, { kind, period }: ReportFacts, words: ReportWords): string {
  if (at === undefined) return '';
  if (at === period.starts_at) return words.verdict.atStart[kind]; // since when is told by the report before
  const time = clockTime(at, period.time_zone);
  if (kind === 'daily') return words.verdict.atTime(time);
  const local = new Intl.DateTimeFormat('en-CA', { timeZone: period.time_zone }).format(Date.parse(at));
  return words.verdict.onDay(day(local, 'plain', words), time);
}

/** Until when facts of a period that wasn't over are told. */
export function unfinishedSince({ gaps }: ReportFacts): string | undefined {
  return gaps.find(({ kind }) => kind === 'unfinished')?.from;
}
