import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { checkConfigFolder, diffConfigs, explainAgent, loadConfig } from '../../src/config/index.ts';
import { parseDuration, parseSize, writeDuration, writeSize } from '../../src/platform/quantity.ts';
import { configFolder } from './folder.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../config');
const TWO = { 'agents/grok.yaml': 'silent_after: 5m\n', 'agents/gimai.yaml': 'role: Painter\n' };

test('a difference is one of effect: a default that changed counts for each that takes it, a line that says what holds anyway for none', async (t) => {
  const before = await loadConfig(await configFolder(t, TWO));
  const after = await loadConfig(
    await configFolder(t, {
      ...TWO,
      'agents/_defaults.yaml': 'silent_after: 12m # was 10m\n',
      'storage.yaml': 'upload: { window: 10m, jitter: 45s }\n',
      'orchestrator.yaml': '# nothing new\n',
    }),
  );

  const changes = diffConfigs(before.config, after.config);

  assert.deepEqual(changes, [
    { path: 'agent_defaults.silent_after', before: '10m', after: '12m' },
    { path: 'agents.GIMAI.silent_after', before: '10m', after: '12m' },
    { path: 'storage.upload.jitter', before: '30s', after: '45s' },
  ]);
  assert.deepEqual(diffConfigs(after.config, after.config), []);
});

test('an AI agent that came or went is one difference', async (t) => {
  const { config } = await loadConfig(await configFolder(t, TWO));
  const without = await loadConfig(await configFolder(t, { 'agents/grok.yaml': TWO['agents/grok.yaml'] }));

  assert.deepEqual(diffConfigs(config, without.config), [
    { path: 'agents.GIMAI', before: '"Painter"', after: undefined },
  ]);
  assert.deepEqual(diffConfigs(without.config, config), [
    { path: 'agents.GIMAI', before: undefined, after: '"Painter"' },
  ]);
});

test('a rule that comes in between is one difference, in the words of settings files; two that change places are told by their order', async (t) => {
  const rule = (name: string, then = 'tag: x') => `  - { name: ${name}, when: { level: WARN }, then: { ${then} } }\n`;
  const load = async (...rules: string[]) => {
    const file = { 'agents/grok.yaml': rules.length === 0 ? '' : `rules:\n${rules.join('')}` };
    return (await loadConfig(await configFolder(t, file))).config;
  };
  const two = await load(rule('a'), rule('b'));

  assert.deepEqual(diffConfigs(two, await load(rule('a'), rule('c', 'sample: 10%'), rule('b'))), [
    { path: 'agents.GROK.rules[c]', before: undefined, after: '{"when":{"level":"WARN"},"then":{"sample":"10%"}}' },
  ]);
  assert.deepEqual(diffConfigs(two, await load(rule('b'), rule('a'))), [
    { path: 'agents.GROK.rules (order)', before: 'a, b', after: 'b, a' },
  ]);
  assert.deepEqual(
    diffConfigs(two, await load()).map(({ path, after }) => [path, after]),
    [
      ['agents.GROK.rules[a]', undefined],
      ['agents.GROK.rules[b]', undefined],
    ],
  );
});

test('each setting of an AI agent is told with the place it comes from', async (t) => {
  const dir = await configFolder(t, {
    'agents/_defaults.yaml': 'role: Helper\nsilent_after: 3m\nlisten: { socket: /run/x.sock }\n',
    'agents/reviewer.yaml': 'agent_id: GROK\nrole: Reviewer\nredaction:\n  pii: [email]\n',
    'thresholds.yaml':
      'defaults: { cpu_percent: { warning: 50 } }\nagents:\n  GROK: { cpu_percent: { critical: 60, for: 90s } }\n',
    'storage.yaml': 'upload: { window: 5m }\n',
  });
  const { config, roots } = await checkConfigFolder(dir);

  const settings = explainAgent(config!, roots, 'GROK');

  const told = new Map(settings.map(({ path, value, from }) => [path, [value, from && `${from.file}:${from.line}`]]));
  const expected: Record<string, [string, string | undefined]> = {
    role: ['"Reviewer"', 'agents/reviewer.yaml:2'],
    silent_after: ['3m', 'agents/_defaults.yaml:2'],
    'redaction.pii': ['["email"]', 'agents/reviewer.yaml:4'],
    'redaction.enabled': ['true', undefined],
    'thresholds.cpu_percent.warning': ['50', 'thresholds.yaml:1'],
    'thresholds.cpu_percent.critical': ['60', 'thresholds.yaml:3'],
    'thresholds.cpu_percent.for': ['1m30s', 'thresholds.yaml:3'],
    'thresholds.ram_percent.warning': ['85', undefined],
    'thresholds.clock_skew.warning': ['1m', undefined],
    'thresholds.clock_skew.hysteresis_percent': ['5', undefined],
    'agent_listen.socket_path': ['"/run/x.sock"', 'agents/_defaults.yaml:3'],
    'agent_listen.socket_mode': ["'0600'", undefined],
    'storage.upload.window': ['5m', 'storage.yaml:1'],
  };
  for (const [path, row] of Object.entries(expected)) assert.deepEqual(told.get(path), row, path);
  const stranger = new Map(explainAgent(config!, roots, 'NOBODY').map(({ path, value }) => [path, value]));
  assert.equal(stranger.get('role'), '"Helper"', 'one without a file gets the defaults');
});

test('every setting of the example has a value that can be written back', async () => {
  const { config, roots } = await checkConfigFolder(EXAMPLE);

  for (const { agentId } of config!.agents)
    for (const { path, value } of explainAgent(config!, roots, agentId))
      assert.doesNotMatch(value, /undefined|NaN|\[object/, path);
});

test('durations and sizes are written so that they are read back the same', () => {
  for (const ms of [0, 1, 250, 1_500, 60_000, 61_001, 5_400_000, 86_400_000, 90_061_001, 604_800_000])
    assert.equal(parseDuration(writeDuration(ms)), ms, writeDuration(ms));
  for (const bytes of [0, 1, 1_000, 1_024, 1_500_000, 67_108_864, 100_000_000, 123_456_789, 2_500_000_000])
    assert.equal(parseSize(writeSize(bytes)), bytes, writeSize(bytes));
  assert.deepEqual(
    [writeDuration(5_400_000), writeSize(67_108_864), writeSize(100_000_000)],
    ['1h30m', '64MiB', '100MB'],
  );
});
