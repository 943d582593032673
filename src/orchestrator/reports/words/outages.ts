import type { AgentFacts, ReportFacts } from '../../../contract/report-facts.ts';
import { clockTime, day, duration, name } from './formats.ts';
import type { ReportWords } from './words.ts';

/** Who was down, in one sentence without its full stop; undefined where nobody was. */
export function sayOutages(facts: ReportFacts, words: ReportWords): string | undefined {
  const down = facts.agents.filter((agent) => downSeconds(agent) > 0);
  const worst = down.reduce<AgentFacts | undefined>(
    (most, agent) => (most === undefined || downSeconds(agent) > downSeconds(most) ? agent : most),
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
  if (longest === undefined) return verdict.downFor(name(worst.agent_id), together);
  const at = sayWhen(longest.from, facts, words);
  return worst.outages <= 1
    ? verdict.downOnce(name(worst.agent_id), together, at)
    : verdict.downOften(name(worst.agent_id), worst.outages, together, duration(longest.seconds, words), at);
}

export function downSeconds({ seconds }: AgentFacts): number {
  return seconds.down ?? 0;
}

/** The longest time it was down; undefined where the spans don't tell (it was down all the time, or was before). */
export function longestOutage({ spans }: AgentFacts): { readonly from: string; readonly seconds: number } | undefined {
  return (spans ?? [])
    .filter(({ state }) => state === 'down')
    .map(({ from, to }) => ({ from, seconds: (Date.parse(to) - Date.parse(from)) / 1_000 }))
    .reduce<{ from: string; seconds: number } | undefined>(
      (most, one) => (most === undefined || one.seconds > most.seconds ? one : most),
      undefined,
    );
}

function sayWhen(at: string | undefined, { kind, period }: ReportFacts, words: ReportWords): string {
  if (at === undefined) return '';
  const time = clockTime(at, period.time_zone);
  if (kind === 'daily') return words.verdict.atTime(time);
  const local = new Intl.DateTimeFormat('en-CA', { timeZone: period.time_zone }).format(Date.parse(at));
  return words.verdict.onDay(day(local, 'plain', words), time);
}
