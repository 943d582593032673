export { ruleMetrics } from './metrics.ts';
export { RuleEngine } from './rule-engine.ts';
export { RuleSink } from './rule-sink.ts';
