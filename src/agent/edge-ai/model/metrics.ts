import type { Metric } from '../../../platform/metrics-text.ts';
import type { ModelCounts, ModelState } from './model-tier.ts';

/** For `GET /metrics`. */
export function modelMetrics(counts: ModelCounts, { waiting, memoryBytes, state }: ModelState): Metric[] {
  const counter = (name: string, help: string, value: number, labels?: Readonly<Record<string, string>>): Metric => ({
    name: `nervesys_agent_model_${name}`,
    type: 'counter',
    help,
    value,
    ...(labels === undefined ? {} : { labels }),
  });
  return [
    counter('questions_total', 'Questions put to the language model, failed ones included.', counts.asked),
    ...(['critical', 'ordinary'] as const).map((verdict) =>
      counter('answers_total', 'Answers of the language model.', counts[verdict], { verdict }),
    ),
    counter('remembered_total', 'Questions that were answered from what the model said before.', counts.remembered),
    ...[...counts.failed].map(([code, value]) =>
      counter('failures_total', 'Questions that the language model did not answer usably.', value, { code }),
    ),
    counter('abandoned_total', 'Questions that failed too often to be asked again.', counts.abandoned),
    counter('dropped_total', 'Questions that had to make room for others.', counts.dropped),
    counter('pauses_total', 'How often the language model was left alone for an hour after failures.', counts.pauses),
    counter('starts_total', "How often the language model's process was started.", counts.starts),
    {
      name: 'nervesys_agent_model_waiting',
      type: 'gauge',
      help: 'Questions that wait for the language model.',
      value: waiting,
    },
    {
      name: 'nervesys_agent_model_paused',
      type: 'gauge',
      help: '1 while the language model is left alone after failures.',
      value: state === 'paused' ? 1 : 0,
    },
    {
      name: 'nervesys_agent_model_memory_bytes',
      type: 'gauge',
      help: "Resident memory of the language model's process; 0 while there is none.",
      value: memoryBytes ?? 0,
    },
  ];
}
