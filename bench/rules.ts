/**
 * What rules cost on one core: 50 rules of the kinds that people write, held against the common workload, beside encoding the same records
 * without any. Tells records a second, encoding included, and the ratio to the floor (the encoding alone).
 *
 *   node bench/rules.ts [--records 200000] [--rules 50] [--json]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redactors } from '../src/agent/redaction/index.ts';
import { RuleEngine } from '../src/agent/rules/rule-engine.ts';
import { encodeNdjson } from '../src/agent/sources/record-encoder.ts';
import { checkConfigTexts } from '../src/config/index.ts';
import type { ServerName } from '../src/contract/ids.ts';
import { REDACTION_DEFAULT } from '../src/contract/redaction.ts';
import { typicalRules } from './bench-config.ts';
import { cutBodies } from './bodies.ts';
import { cpuPerRecord } from './figures.ts';
import { generateLogs } from './gen-logs.ts';

const ROUNDS = 5;
const SERVER = 'BENCH01' as ServerName;
const GATE = 100_000;

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '200000' },
    rules: { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
  },
});
const records = Number(values.records);
const folder = mkdtempSync(join(tmpdir(), 'nervesys-rules-'));
try {
  const path = join(folder, 'logs.ndjson');
  generateLogs(path, records);
  const bodies = cutBodies(readFileSync(path), 500);
  const redaction = new Redactors({ ...REDACTION_DEFAULT, enabled: false }, []);
  const engine = await engineWith(Number(values.rules));
  let [hits, dropped] = [0, 0];
  const encode = (judge: boolean) => {
    [hits, dropped] = [0, 0];
    for (const body of bodies) {
      const encoded = encodeNdjson(body, { server: SERVER, now: 0, redaction });
      const judgement = judge ? engine.judge(encoded.records, Date.now()) : undefined;
      hits += judgement?.ruleHits.length ?? 0;
      dropped += judgement?.dropped.length ?? 0;
    }
  };
  const floor = cpuPerRecord(records, ROUNDS, () => encode(false));
  const ruled = cpuPerRecord(records, ROUNDS, () => encode(true));
  const result = {
    bench: 'rules',
    machine: `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
    rules: Number(values.rules),
    hitsPerRecord: Number((hits / records).toFixed(3)),
    droppedShare: Number((dropped / records).toFixed(3)),
    encodeUs: Number(floor.toFixed(3)),
    withRulesUs: Number(ruled.toFixed(3)),
    recordsPerSecond: Math.round(1e6 / ruled),
    ratioToFloor: Number((ruled / floor).toFixed(2)),
    gate: GATE,
    reached: 1e6 / ruled >= GATE,
  };
  if (values.json) console.log(JSON.stringify(result));
  else for (const [name, figure] of Object.entries(result)) console.log(`${name.padEnd(18)} ${figure}`);
  if (!result.reached) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function engineWith(count: number): Promise<RuleEngine> {
  const { config, complaints } = await checkConfigTexts(new Map([['agents/_defaults.yaml', typicalRules(count)]]));
  if (config === undefined) throw new Error(JSON.stringify(complaints));
  const engine = new RuleEngine(SERVER);
  engine.use(config.agentDefaults.rules, [], Date.now());
  return engine;
}
