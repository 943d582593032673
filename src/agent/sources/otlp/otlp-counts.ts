import type { Metric } from '../../../platform/metrics-text.ts';
import type { Signal } from './read-request.ts';

export type OtlpOutcome = 'kept' | 'passed_over' | 'rejected';
/** What became of the items that came by OTLP. */
export type OtlpCounts = Readonly<Record<Signal, Record<OtlpOutcome, number>>>;

export function otlpCounts(): OtlpCounts {
  const none = () => ({ kept: 0, passed_over: 0, rejected: 0 });
  return { logs: none(), traces: none(), metrics: none() };
}

/** For `GET /metrics`. */
export function otlpMetrics(counts: OtlpCounts): Metric[] {
  return Object.entries(counts).flatMap(([signal, outcomes]) =>
    Object.entries(outcomes).map(([outcome, value]) => ({
      name: 'nervesys_agent_otlp_items_total',
      type: 'counter' as const,
      help: 'Log records, spans and data points that came by OTLP.',
      value,
      labels: { signal, outcome },
    })),
  );
}
