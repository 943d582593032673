export { CorrectionsSync } from './corrections-sync.ts';
export type { TriageExplanation } from './explanation.ts';
export { triageMetrics } from './metrics.ts';
export { MODEL_ANSWERS_BYTES_MAX, type ModelHost, modelOpener } from './open-model.ts';
export { Triage } from './triage.ts';
export { TriageSink } from './triage-sink.ts';
