import { TRIAGE_TIERS } from '../../contract/triage.ts';
import type { Metric } from '../../platform/metrics-text.ts';
import type { TriageFigures } from './triage.ts';

/** For `GET /metrics`. */
export function triageMetrics({ counts, alerts, templates, evicted, model }: TriageFigures): Metric[] {
  const metric = (
    name: string,
    type: Metric['type'],
    help: string,
    value: number,
    labels?: Readonly<Record<string, string>>,
  ): Metric => ({
    name: `nervesys_agent_triage_${name}`,
    type,
    help,
    value,
    ...(labels === undefined ? {} : { labels }),
  });
  const unjudged = 'Records that went on unjudged: the judges took too long, or failed.';
  return [
    metric('judged_total', 'counter', 'Records that were judged by the triage.', counts.judged),
    metric('unjudged_total', 'counter', unjudged, counts.late, { reason: 'slow' }),
    metric('unjudged_total', 'counter', unjudged, counts.failed, { reason: 'failed' }),
    metric(
      'unwatched_total',
      'counter',
      "Records that the detectors of AI agents' troubles did not look at: too many came at once.",
      counts.unwatched,
    ),
    ...TRIAGE_TIERS.filter((tier) => tier !== 'rule').map((tier) =>
      metric('alerts_total', 'counter', 'Records that people were to be told of, by who said so.', alerts[tier], {
        tier,
      }),
    ),
    metric('templates', 'gauge', 'Templates that are known.', templates),
    metric('templates_evicted_total', 'counter', 'Templates that were forgotten to make room for others.', evicted),
    ...model,
  ];
}
