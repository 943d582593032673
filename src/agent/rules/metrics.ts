import type { Metric } from '../../platform/metrics-text.ts';
import type { RuleCounts } from './rule-engine.ts';

/** For `GET /metrics`. */
export function ruleMetrics({ hits, failed }: RuleCounts, droppedRecords: number): Metric[] {
  return [
    ...[...hits].map(([rule, value]) => ({
      name: 'nervesys_agent_rule_hits_total',
      type: 'counter' as const,
      help: 'Records that a rule of the configuration has hit.',
      value,
      labels: { rule },
    })),
    {
      name: 'nervesys_agent_rules_dropped_records',
      type: 'gauge',
      help: 'Records that rules have dropped since this buffer began.',
      value: droppedRecords,
    },
    {
      name: 'nervesys_agent_rules_failed_total',
      type: 'counter',
      help: 'Records on which a rule failed; they went on without it.',
      value: failed,
    },
  ];
}
