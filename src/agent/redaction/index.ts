export { redactionMetrics } from './metrics.ts';
export { REDACTED_KEY, type RedactedRecord, type RedactionCounts, Redactor, Suspects } from './redactor.ts';
export { BUILT_IN_REDACTION, type Redaction, Redactors } from './redactors.ts';
