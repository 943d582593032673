export { ruleMetrics } from './metrics.ts';
export { RuleSink } from './rule-sink.ts';
