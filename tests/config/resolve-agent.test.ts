import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentsOn, loadConfig, resolveAgent, sourcesOn } from '../../src/config/index.ts';
import { configFolder } from './folder.ts';

const FILES = {
  'agents/_defaults.yaml': 'role: Helper\ndescription: Any.\n',
  'agents/grok.yaml': 'role: Reviewer\nservers: [ONE]\nsources: [{ file: /var/log/grok.log, start_at: end }]\n',
  'agents/gimai.yaml': 'sources: [{ file: /var/log/gimai/*.log }]\n',
  'thresholds.yaml': 'agents: { GROK: { oldest_unarchived: { warning: 10m, for: 1m30s, hysteresis_percent: 20 } } }\n',
};

const LASTING = { for_seconds: 300, hysteresis_percent: 5, clear_after_seconds: 120 };

test('an AI agent is told who it is, what its limits are and at which revision', async (t) => {
  const { config } = await loadConfig(await configFolder(t, FILES));

  const answer = resolveAgent(config, 'GROK', 'ONE');

  assert.deepEqual(JSON.parse(JSON.stringify(answer)), {
    agent_id: 'GROK',
    server: 'ONE',
    known: true,
    assigned: true,
    role: 'Reviewer',
    description: 'Any.',
    silent_after_seconds: 600,
    thresholds: {
      cpu_percent: { warning: 85, critical: 97, ...LASTING },
      ram_percent: { warning: 85, critical: 95, ...LASTING },
      disk_percent: { warning: 80, critical: 92, ...LASTING },
      buffer_percent: { warning: 60, critical: 85, ...LASTING },
      errors_per_minute: { warning: 10, critical: 60, ...LASTING, for_seconds: 60 },
      oldest_unarchived_seconds: { warning: 600, critical: 21600, ...LASTING, for_seconds: 90, hysteresis_percent: 20 },
      lost_records: { warning: 1, critical: 1000, ...LASTING, for_seconds: 0 },
      clock_skew_seconds: { warning: 60, critical: 600, ...LASTING },
    },
    rules: [],
    sources: [{ file: '/var/log/grok.log', start_at: 'end' }],
    revision: config.revision,
  });
});

test('an AI agent without a file is told the defaults, whatever its name', async (t) => {
  const { config } = await loadConfig(await configFolder(t, FILES));

  for (const name of ['NEW', '__proto__', "'; drop table logs;--"]) {
    const answer = resolveAgent(config, name, 'ONE');
    assert.equal(answer.agent_id, name);
    assert.equal(answer.known, false);
    assert.equal(answer.assigned, true);
    assert.equal(answer.role, 'Helper');
    assert.deepEqual(answer.sources, []);
  }
});

test('sources are followed on the servers of their AI agent only', async (t) => {
  const { config } = await loadConfig(await configFolder(t, FILES));

  assert.deepEqual(sourcesOn(config, 'ONE'), [
    { agentId: 'GIMAI', file: '/var/log/gimai/*.log', startAt: 'beginning' },
    { agentId: 'GROK', file: '/var/log/grok.log', startAt: 'end' },
  ]);
  assert.deepEqual(
    agentsOn(config, 'TWO').map(({ agentId }) => agentId),
    ['GIMAI'],
  );
  assert.equal(resolveAgent(config, 'GROK', 'TWO').assigned, false);
});
