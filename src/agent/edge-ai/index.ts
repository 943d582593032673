export { CorrectionsSync } from './corrections-sync.ts';
export { triageMetrics } from './metrics.ts';
export { Triage } from './triage.ts';
export { TriageSink } from './triage-sink.ts';
