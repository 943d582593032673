import type { EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { RuleEngine } from '../../../src/agent/rules/rule-engine.ts';
import { encodeObject } from '../../../src/agent/sources/record-encoder.ts';
import { type Config, checkConfigTexts, formatComplaint } from '../../../src/config/index.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import type { ArchivedRecord } from '../../../src/contract/record.ts';

export const SERVER = 'AIGARDEN01' as ServerName;
export const NOON = Date.parse('2026-01-15T12:00:00.000Z');

/** A configuration with these rules, as YAML, for all AI agents, and those of GROK's own file. */
export async function configWith(rules: string, own?: string): Promise<Config> {
  const { config, complaints } = await checkConfigTexts(
    new Map([
      ['agents/_defaults.yaml', `rules:\n${rules}`],
      ...(own === undefined ? [] : [['agents/grok.yaml', own] as const]),
    ]),
  );
  if (config === undefined) throw new Error(complaints.map(formatComplaint).join('\n'));
  return config;
}

export async function engineWith(rules: string, own?: string): Promise<RuleEngine> {
  const { agentDefaults, agents } = await configWith(rules, own);
  const engine = new RuleEngine(SERVER);
  engine.use(agentDefaults.rules, agents, NOON);
  return engine;
}

export function record(fields: Readonly<Record<string, unknown>>): EncodedRecord {
  return encodeObject({ agent_id: 'GROK', message: 'a line', ...fields }, { server: SERVER, now: NOON });
}

/** What becomes of a record: as it would be archived, and the rules that made an alert of it; `undefined`: dropped. */
export function outcome(
  engine: RuleEngine,
  fields: Readonly<Record<string, unknown>>,
  now = NOON,
): Omit<ArchivedRecord, 'id'> | undefined {
  const one = record(fields);
  const judgement = engine.judge([one], now);
  const kept = judgement === undefined ? one : judgement.kept[0];
  return kept === undefined ? undefined : JSON.parse(`{${kept.json}`);
}

/** The names of the rules that hit a record. */
export function hitsOf(engine: RuleEngine, fields: Readonly<Record<string, unknown>>, now = NOON): string[] {
  return engine.judge([record(fields)], now)?.ruleHits.map(({ name }) => name) ?? [];
}
