import type { RedactionCounts } from './redactor.ts';

/** For `GET /metrics` of the local API. */
export function redactionMetrics({ records, failed }: RedactionCounts) {
  return [
    {
      name: 'nervesys_agent_redacted_records_total',
      type: 'counter' as const,
      help: 'Records in which something was replaced before they were stored.',
      value: records,
    },
    {
      name: 'nervesys_agent_redaction_failures_total',
      type: 'counter' as const,
      help: 'Records whose text was withheld because the redactor failed.',
      value: failed,
    },
  ];
}
