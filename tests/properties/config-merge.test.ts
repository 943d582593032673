/**
 * Goal: what an AI agent gets depends on what stands in the files and on nothing else. Method: random repositories of settings; their files in
 * another order, their keys in another order, and each AI agent's merged settings written out into its own file, must give the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import type { Config } from '../../src/config/index.ts';
import { checkConfigTexts, resolveAgent } from '../../src/config/index.ts';
import { writeDuration } from '../../src/platform/quantity.ts';
import { pick, type Random, seededRandom } from '../support/random.ts';

const REPOSITORIES = 300;
const NAMES = ['grok', 'deepseek', 'gimai', 'chatgpt', 'copilot'];
const SERVERS = ['AIGARDEN01', 'AIGARDEN02', 'AIGARDEN03'];

type Values = Record<string, unknown>;

const some = <T>(random: Random, list: readonly T[]): T[] => list.filter(() => random() < 0.5);

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function agentValues(random: Random): Values {
  const values: Values = {};
  if (random() < 0.6) values['role'] = pick(random, ['Reviewer', 'Painter', 'עוזר']);
  if (random() < 0.4) values['description'] = pick(random, ['One.', 'Two lines\nof text.']);
  if (random() < 0.5) values['silent_after'] = pick(random, ['5m', '1h30m', '45s']);
  const servers = some(random, SERVERS);
  if (servers.length > 0 && random() < 0.6) values['servers'] = servers;
  if (random() < 0.4)
    values['redaction'] = {
      ...(random() < 0.5 ? { enabled: random() < 0.5 } : {}),
      ...(random() < 0.5 ? { pii: some(random, ['email', 'phone', 'iban']) } : {}),
      ...(random() < 0.3 ? { patterns: [{ name: 'number', pattern: 'EMP-\\d{3}' }] } : {}),
    };
  if (random() < 0.4)
    values['triage'] = {
      ...(random() < 0.5 ? { severity: pick(random, ['warning', 'critical']) } : {}),
      detectors: {
        ...(random() < 0.5 ? { tool_loop: { times: 2 + Math.floor(random() * 20) } } : {}),
        ...(random() < 0.5 ? { gone_silent: { enabled: random() < 0.5, silent: '1h' } } : {}),
      },
    };
  return values;
}

function limits(random: Random): Values {
  const critical = 50 + Math.floor(random() * 50);
  return random() < 0.5 ? { cpu_percent: { warning: critical - 1, critical } } : { ram_percent: { critical: 96 } };
}

function repository(random: Random): Map<string, Values> {
  const files = new Map<string, Values>();
  const agents = some(random, NAMES);
  if (random() < 0.8) files.set('agents/_defaults.yaml', agentValues(random));
  for (const name of agents) files.set(`agents/${name}.yaml`, agentValues(random));
  const own = some(random, agents).map((name): [string, Values] => [name.toUpperCase(), limits(random)]);
  if (random() < 0.7) files.set('thresholds.yaml', { defaults: limits(random), agents: Object.fromEntries(own) });
  if (random() < 0.5)
    files.set('storage.yaml', { upload: { window: pick(random, ['5m', '10m', '1h']), jitter: '10s' } });
  return files;
}

/** The same values with the keys of each group in another order. */
function reordered(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(shuffled(random, Object.entries(value)).map(([key, one]) => [key, reordered(random, one)]));
}

async function load(files: Iterable<readonly [string, unknown]>): Promise<Config> {
  const texts = new Map([...files].map(([file, values]) => [file, stringify(values)]));
  const { config, complaints } = await checkConfigTexts(texts, { revision: 'same' });
  assert.deepEqual(complaints, []);
  return config!;
}

/** An AI agent's file that leaves nothing to the defaults. */
function writtenOut({
  role,
  description,
  servers,
  silentAfterMs,
  redaction,
  triage,
}: Config['agents'][number]): Values {
  return {
    role,
    ...(description === '' ? {} : { description }),
    ...(servers === undefined ? {} : { servers }),
    silent_after: writeDuration(silentAfterMs),
    redaction,
    triage: { enabled: triage.enabled, severity: triage.severity, detectors: writtenDetectors(triage.detectors) },
  };
}

/** By the names of settings files, with each threshold as it is written there. */
function writtenDetectors(detectors: Config['agents'][number]['triage']['detectors']): Values {
  const snake = (name: string) => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
  const threshold = (key: string, value: unknown): [string, unknown] =>
    key.endsWith('Ms') ? [key.slice(0, -2), writeDuration(value as number)] : [key.replace(/Min$/, ''), value];
  return Object.fromEntries(
    Object.entries(detectors).map(([name, settings]) => [
      snake(name),
      Object.fromEntries(Object.entries(settings).map(([key, value]) => threshold(key, value))),
    ]),
  );
}

test(`what an AI agent gets does not depend on the order of files or keys, and written out it stays the same (${REPOSITORIES} repositories)`, async () => {
  for (let seed = 1; seed <= REPOSITORIES; seed++) {
    const random = seededRandom(seed);
    const files = repository(random);
    const context = `seed ${seed}`;

    const config = await load(files);
    const again = await load(files);
    const otherwise = await load(
      shuffled(random, [...files]).map(([file, values]) => [file, reordered(random, values)]),
    );
    const explicit = await load([
      ...[...files].filter(([file]) => !/^agents\/[a-z]/.test(file)),
      ...config.agents.map((agent): [string, Values] => [
        `agents/${agent.agentId.toLowerCase()}.yaml`,
        writtenOut(agent),
      ]),
    ]);

    assert.deepEqual(again, config, context);
    assert.deepEqual(otherwise, config, context);
    assert.deepEqual(explicit, config, context);
    for (const name of NAMES)
      for (const server of SERVERS) {
        const told = resolveAgent(config, name.toUpperCase(), server);
        assert.deepEqual(resolveAgent(otherwise, name.toUpperCase(), server), told, context);
      }
  }
});
