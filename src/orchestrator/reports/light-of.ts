import type { TrafficLight } from '../../contract/report-facts.ts';
import type { GatheredFacts } from './facts-source.ts';

/**
 * How a period was at a glance: as its worst AI agent. Grey where not enough is known of most of them: the others can't speak for all. Null: a
 * critical report has none.
 */
export function lightOf(facts: GatheredFacts): TrafficLight | null {
  if (facts.kind === 'critical') return null;
  const count = (light: TrafficLight) => facts.agents.filter((agent) => agent.light === light).length;
  const worst = (['red', 'yellow'] as const).find((light) => count(light) > 0);
  return worst ?? (count('green') > 0 && count('green') >= count('grey') ? 'green' : 'grey');
}
