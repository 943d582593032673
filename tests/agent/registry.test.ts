import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EncodedRecord } from '../../src/agent/buffer/types.ts';
import { AgentRegistry } from '../../src/agent/registry.ts';
import type { AgentId } from '../../src/contract/ids.ts';
import type { Level } from '../../src/contract/record.ts';

const GROK = 'GROK' as AgentId;
const COPILOT = 'COPILOT' as AgentId;

function record(agentId: string, level: Level = 'INFO', action = ''): EncodedRecord {
  return { agentId: agentId as AgentId, level, action, timestamp: '2026-01-01T00:00:00.000Z', json: '' };
}

function fixture(options: { configured?: AgentId[]; agentsMax?: number } = {}) {
  const time = { now: 1_000_000 };
  const processes = new Map<number, string>();
  const changes: string[] = [];
  const registry = new AgentRegistry({
    clock: { now: () => time.now },
    probe: (pid) => processes.get(pid),
    ...options,
  });
  registry.onChange((agentId) => changes.push(agentId));
  return { time, processes, changes, registry };
}

test('a configured AI agent is known before its first sign, and has not been seen', () => {
  const { registry } = fixture({ configured: [GROK] });

  const agent = registry.get(GROK)!;

  assert.equal(agent.configured, true);
  assert.equal(agent.status, 'healthy');
  assert.equal(agent.lastSeenAt, null);
  assert.equal(agent.startedAt, null);
});

test('records make an AI agent known: last action, last seen, counts; the newcomer is told once', () => {
  const { registry, time, changes } = fixture();

  registry.note([record('GROK', 'INFO', 'plan'), record('GROK', 'ERROR', ''), record('COPILOT', 'WARN', 'review')]);
  time.now += 5;
  registry.note([record('GROK', 'INFO', '')]);

  assert.deepEqual(changes, ['GROK', 'COPILOT']);
  assert.equal(registry.get(GROK)!.lastAction, 'plan');
  assert.equal(registry.get(GROK)!.lastSeenAt, 1_000_005);
  assert.equal(registry.get(GROK)!.startedAt, 1_000_000);
  assert.deepEqual(registry.takeCounts().get(GROK), { DEBUG: 0, INFO: 2, WARN: 0, ERROR: 1, CRITICAL: 0 });
  assert.deepEqual(registry.totals, { DEBUG: 0, INFO: 2, WARN: 1, ERROR: 1, CRITICAL: 0 });
});

test('counts are taken once, and given back when the beat was not delivered', () => {
  const { registry } = fixture();
  registry.note([record('GROK'), record('GROK')]);

  const taken = registry.takeCounts();
  assert.equal(registry.takeCounts().get(GROK)!.INFO, 0);
  registry.note([record('GROK')]);
  registry.giveBackCounts(taken);

  assert.equal(registry.takeCounts().get(GROK)!.INFO, 3);
});

test("the AI agent's own word is kept until it gives another, and only changes are told", () => {
  const { registry, changes } = fixture();

  registry.report(GROK, { status: 'degraded', detail: 'rate limited', lastAction: 'wait' });
  changes.length = 0;
  registry.report(GROK, { status: 'degraded', detail: 'rate limited' });
  registry.note([record('GROK')]);

  assert.deepEqual(changes, []);
  assert.equal(registry.get(GROK)!.status, 'degraded');
  assert.equal(registry.get(GROK)!.lastAction, 'wait');
  registry.report(GROK, { status: 'healthy' });
  assert.deepEqual(changes, ['GROK']);
});

test('records on their way do not revive a stopped AI agent; later ones do, with a new start', () => {
  const { registry, time } = fixture();
  registry.report(GROK, { status: 'stopped', exitCode: 3, detail: 'exit code 3' });

  time.now += 2_000;
  registry.note([record('GROK')]);
  assert.equal(registry.get(GROK)!.status, 'stopped');
  assert.equal(registry.get(GROK)!.exitCode, 3);

  time.now += 60_000;
  registry.note([record('GROK')]);
  assert.equal(registry.get(GROK)!.status, 'healthy');
  assert.equal(registry.get(GROK)!.startedAt, time.now);
});

test('a living process is a sign of life; one that is gone, or whose number another process has now, has stopped', () => {
  const { registry, time, processes, changes } = fixture();
  processes.set(41, 'born at 1').set(42, 'born at 2');
  registry.report(GROK, { status: 'healthy', pid: 41 });
  registry.report(COPILOT, { status: 'healthy', pid: 42 });
  changes.length = 0;

  time.now += 60_000;
  registry.probeProcesses();
  assert.equal(registry.get(GROK)!.lastSeenAt, time.now);
  assert.deepEqual(changes, []);

  processes.delete(41);
  processes.set(42, 'born at 99');
  registry.probeProcesses();
  assert.equal(registry.get(GROK)!.status, 'stopped');
  assert.equal(registry.get(GROK)!.detail, 'its process 41 is gone');
  assert.equal(registry.get(COPILOT)!.status, 'stopped');
  assert.deepEqual(changes, ['GROK', 'COPILOT']);
});

test('a flood of names is bounded; configured and reporting AI agents stay, the long silent make room', () => {
  const { registry, time } = fixture({ configured: [GROK], agentsMax: 100 });
  registry.report(COPILOT, { status: 'healthy' });

  for (let i = 0; i < 5_000; i++) registry.note([record(`hostile-${i}`)]);
  assert.equal(registry.size, 100);
  assert.equal(registry.untracked, 5_000 - 98);

  time.now += 3_600_001;
  registry.note([record('DEEPSEEK')]);
  assert.ok(registry.get('DEEPSEEK' as AgentId));
  assert.ok(registry.get(GROK));
  assert.ok(registry.get(COPILOT));
  assert.equal(registry.size, 3);
});

test('a name that no heartbeat could carry is not tracked, but its records are counted', () => {
  const { registry } = fixture();

  registry.note([record('bad\u0000name'), record("'; drop table logs;--")]);

  assert.deepEqual(
    registry.list().map((agent) => agent.agentId),
    ["'; drop table logs;--"],
  );
  assert.equal(registry.totals.INFO, 2);
});

test('a new configuration replaces the list of configured AI agents', () => {
  const { registry } = fixture({ configured: [GROK] });

  registry.configure([COPILOT]);

  assert.deepEqual(
    registry.list().map((agent) => [agent.agentId, agent.configured]),
    [
      ['COPILOT', true],
      ['GROK', false],
    ],
  );
});

test('what was known of the AI agents is known again after a restart', () => {
  const before = fixture({ configured: [GROK] });
  before.processes.set(77, 'started at noon');
  before.registry.note([record('DEEPSEEK', 'INFO', 'plan')]);
  before.registry.report(COPILOT, { status: 'degraded', detail: 'slow', pid: 77 });
  const remembered = JSON.parse(JSON.stringify(before.registry.snapshot()));
  const after = fixture({ configured: [GROK] });

  after.registry.restore(remembered);
  after.registry.probeProcesses(); // its process went away while we did

  const [grok, deepseek, copilot] = ['GROK', 'DEEPSEEK', 'COPILOT'].map((id) => after.registry.get(id as AgentId)!);
  assert.equal(grok!.lastSeenAt, null);
  assert.deepEqual([deepseek!.lastAction, deepseek!.lastSeenAt], ['plan', 1_000_000]);
  assert.deepEqual([copilot!.status, copilot!.detail], ['stopped', 'its process 77 is gone']);
});
