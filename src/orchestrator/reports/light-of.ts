import type { TrafficLight } from '../../contract/report-facts.ts';
import type { GatheredFacts } from './facts-source.ts';

/** How a period was at a glance: as its worst AI agent; grey where not enough is known of any. Null: a critical report has none. */
export function lightOf(facts: GatheredFacts): TrafficLight | null {
  if (facts.kind === 'critical') return null;
  const lights = new Set(facts.agents.map(({ light }) => light));
  return (['red', 'yellow', 'green'] as const).find((light) => lights.has(light)) ?? 'grey';
}
