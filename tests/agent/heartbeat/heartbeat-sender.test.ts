import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BufferStats, EncodedRecord } from '../../../src/agent/buffer/types.ts';
import { buildHeartbeats } from '../../../src/agent/heartbeat/build-heartbeats.ts';
import { HeartbeatSender } from '../../../src/agent/heartbeat/heartbeat-sender.ts';
import { MissedBeats } from '../../../src/agent/heartbeat/missed-beats.ts';
import { AgentRegistry } from '../../../src/agent/registry.ts';
import type { Heartbeat } from '../../../src/contract/heartbeat.ts';
import type { AgentId, Epoch, ServerName } from '../../../src/contract/ids.ts';
import type { Level } from '../../../src/contract/record.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { createLogger, silentLogger } from '../../../src/platform/logger.ts';
import { openTables } from '../../support/buffer-tables.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const GROK = 'GROK' as AgentId;
const STATS: BufferStats = {
  epoch: '0123456789abcdef' as Epoch,
  bytes: 500_000,
  limitBytes: 100_000_000,
  records: 7,
  openRecords: 7,
  batches: [],
  oldestAt: null,
  lastArchivedAt: null,
  lastSequence: 7,
  lostRecords: 0,
  droppedRecords: 0,
  rememberedKeys: 0,
  held: false,
};

function record(agentId: string, level: Level = 'INFO', action = ''): EncodedRecord {
  return { agentId: agentId as AgentId, level, action, timestamp: '2026-01-01T00:00:00.000Z', json: '' };
}

async function fixture(t: TestContext, options: { configured?: AgentId[]; farAheadMs?: number } = {}) {
  const clock = new FakeClock();
  const registry = new AgentRegistry({ clock, configured: options.configured ?? [] });
  const sent: (readonly Heartbeat[])[] = [];
  const log: string[] = [];
  let failure: Error | undefined;
  let onItsWay: (() => void) | undefined;
  let sender: HeartbeatSender | undefined;
  t.after(() => sender?.close());
  const { beats: shelf } = openTables(t, join(await tempDir(t), 'buffer.db'), clock);
  const missed = new MissedBeats({ shelf, server: SERVER, random: () => 0, logger: silentLogger });
  sender = new HeartbeatSender({
    missed,
    client: {
      async sendHeartbeats(heartbeats) {
        if (failure !== undefined) throw failure;
        sent.push(heartbeats);
        onItsWay?.();
        return {
          accepted: heartbeats.length,
          rejected: [],
          now: new Date(clock.now() + (options.farAheadMs ?? 0)).toISOString(),
        };
      },
    },
    registry,
    buffer: { stats: () => STATS },
    server: SERVER,
    intervalMs: () => 60_000,
    folder: '/',
    vitals: {
      read: async (bytes) => ({ cpu_percent: 1, ram_percent: 2, disk_percent: 3, buffer_size_mb: bytes / 1e6 }),
    },
    config: () => ({ running: 'abc', desired: 'abc', error: null }),
    clock,
    random: () => 0,
    logger: createLogger({ clock, write: (line) => void log.push(line) }),
  });
  const pass = (ms: number) => clock.advance(ms);
  const beatsFor = (request: readonly Heartbeat[] | undefined) => request?.map((beat) => beat.agent_id);
  return {
    clock,
    registry,
    sent,
    log,
    sender,
    missed,
    pass,
    beatsFor,
    fail: (error: Error | undefined) => {
      failure = error;
    },
    whileOnItsWay: (happens: (() => void) | undefined) => {
      onItsWay = happens;
    },
  };
}

test('the first beat goes at once, for the lean agent and every AI agent that gave a sign, then each minute', async (t) => {
  const { sender, registry, sent, pass, beatsFor } = await fixture(t, { configured: [GROK, 'SILENT' as AgentId] });
  registry.note([record('GROK')]);

  sender.start();
  await pass(1_000);
  assert.deepEqual(sent.map(beatsFor), [['nervesys', 'GROK']]);
  await pass(120_000);
  assert.equal(sent.length, 3);

  const [own, grok] = sent[0]!;
  assert.deepEqual([own!.status, grok!.status], ['healthy', 'healthy']);
  assert.deepEqual([grok!.backlog_records, grok!.metrics.buffer_size_mb, grok!.config.running], [7, 0.5, 'abc']);
});

test('the first sign of a configured AI agent is told within two seconds', async (t) => {
  const { sender, registry, sent, pass, beatsFor } = await fixture(t, { configured: [GROK] });
  sender.start();
  await pass(10_000);

  registry.note([record('GROK')]);
  await pass(2_000);

  assert.deepEqual(sent.map(beatsFor), [['nervesys'], ['GROK']]);
});

test('what changes while a beat is on its way is told by the next one at once, and not a minute later', async (t) => {
  const { sender, sent, pass, whileOnItsWay } = await fixture(t);
  whileOnItsWay(() => {
    whileOnItsWay(undefined);
    sender.beatNow();
  });

  sender.start();
  await pass(1_000);

  assert.equal(sent.length, 2);
  await pass(58_000);
  assert.equal(sent.length, 2);
});

test('a new AI agent and a changed word are told within two seconds, gathered, and only they', async (t) => {
  const { sender, registry, sent, pass, beatsFor } = await fixture(t);
  sender.start();
  await pass(10_000);

  registry.note([record('GROK', 'ERROR', 'plan')]);
  registry.note([record('GIMAI')]);
  registry.report('COPILOT' as AgentId, { status: 'degraded', detail: 'rate\u0000limited' });
  await pass(2_000);

  assert.deepEqual(sent.map(beatsFor), [['nervesys'], ['GROK', 'GIMAI', 'COPILOT']]);
  const [grok, , copilot] = sent[1]!;
  assert.deepEqual([grok!.last_action, grok!.level_counts.ERROR], ['plan', 1]);
  assert.deepEqual([copilot!.status, copilot!.alerts], ['degraded', ['rate limited']]);
  registry.note([record('GROK')]);
  await pass(3_000);
  assert.equal(sent.length, 2, 'a record alone is no news');
});

test('a flood of new names makes few requests', async (t) => {
  const { sender, registry, sent, pass } = await fixture(t);
  sender.start();
  await pass(2_000);

  for (let i = 0; i < 20; i++) {
    registry.note([record(`hostile-${i}`)]);
    await pass(250);
  }

  assert.ok(sent.length >= 3 && sent.length <= 6, `${sent.length} requests`);
});

test('while the orchestrator is away attempts bear no counts; it is said once; what they would have told is kept', async (t) => {
  const { sender, registry, sent, missed, pass, fail, log } = await fixture(t);
  sender.start();
  await pass(1_000);
  fail(new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'nobody there', { retryable: true }));

  for (let minute = 0; minute < 5; minute++) {
    registry.note([record('GROK'), record('GROK', 'WARN')]);
    await pass(60_000);
  }
  assert.equal(sent.length, 1);
  assert.equal(log.filter((line) => line.includes('heartbeats do not arrive')).length, 1);
  assert.ok(sender.trouble instanceof NervesysError);

  fail(undefined);
  await pass(31_000);
  assert.equal(sent.length, 2);
  assert.equal(sender.trouble, undefined);
  registry.note([record('GROK')]);
  await pass(60_000);
  const infosOf = (beats: readonly Heartbeat[]) =>
    beats.filter((beat) => beat.agent_id === 'GROK').reduce((sum, beat) => sum + beat.level_counts.INFO, 0);
  const kept = missed.next()!.beats;
  assert.deepEqual([...sent.map(infosOf), infosOf(kept)], [0, 0, 1, 5]);
});

test('a beat that was not answered is kept as it was, and one lost beat leaves nothing else', async (t) => {
  const { sender, registry, sent, missed, pass, fail } = await fixture(t);
  sender.start();
  await pass(1_000);
  registry.note([record('GROK')]);
  await pass(2_000);

  registry.note([record('GROK', 'ERROR')]);
  fail(new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'the answer was lost', { retryable: true }));
  await pass(58_000);
  fail(undefined);
  await pass(2_000);

  const [own, grok, ...rest] = missed.next()!.beats;
  assert.deepEqual(
    [own!.agent_id, grok!.agent_id, grok!.level_counts.ERROR, 'covers_seconds' in grok!, rest.length],
    ['nervesys', 'GROK', 1, false, 0],
  );
  assert.notEqual(grok!.timestamp, sent.at(-1)![0]!.timestamp);
  assert.equal(sent.at(-1)!.find((beat) => beat.agent_id === 'GROK')!.level_counts.ERROR, 0);
});

test('of several requests only those that did not arrive are kept', async (t) => {
  const { sender, registry, sent, missed, pass, fail } = await fixture(t);
  registry.note(Array.from({ length: 1_200 }, (_, i) => record(`A${i}`)));
  const push = sent.push.bind(sent);
  sent.push = (...beats) => {
    fail(new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'gone', { retryable: true }));
    return push(...beats);
  };
  sender.start();
  await pass(400);

  const kept = missed.next()!.beats;
  assert.deepEqual([sent[0]!.length, kept.length], [500, 701]);
  assert.equal(new Set([...sent[0]!, ...kept].map(({ agent_id }) => agent_id)).size, 1_201);
});

test('what was counted when the agent ends is told by the next one', async (t) => {
  const { sender, registry, missed, pass } = await fixture(t);
  sender.start();
  await pass(1_000);

  registry.note([record('GROK'), record('GROK', 'WARN')]);
  await sender.close();

  const grok = missed.next()!.beats.find((beat) => beat.agent_id === 'GROK')!;
  assert.deepEqual([grok.level_counts.INFO, grok.level_counts.WARN], [1, 1]);
});

test('a revoked server asks slowly and says so as an error; what the client throws never comes out', async (t) => {
  const { sender, sent, pass, fail, log } = await fixture(t);
  fail(new NervesysError('NSV_AGENT_REVOKED', 'revoked'));
  sender.start();
  await pass(200_000);
  assert.equal(log.filter((line) => line.includes('"level":"ERROR"') && line.includes('revoked')).length, 1);

  fail(new TypeError('a bug in the client'));
  await pass(110_000);
  fail(undefined);
  await pass(31_000);
  assert.ok(sent.length >= 1);
});

test('the clock skew is learned from the answer and told in the next beat', async (t) => {
  const { sender, sent, pass } = await fixture(t, { farAheadMs: 90_000 });
  sender.start();
  await pass(61_000);

  assert.equal(sender.clockSkewMs, -90_000);
  assert.deepEqual(
    sent.map((beats) => beats[0]!.clock_skew_ms),
    [0, -90_000],
  );
});

test('more AI agents than one request holds go in several', async (t) => {
  const { sender, registry, sent, pass } = await fixture(t);
  registry.note(Array.from({ length: 1_200 }, (_, i) => record(`A${i}`)));
  sender.start();
  await pass(1_000);

  assert.deepEqual(
    sent.map((beats) => beats.length),
    [500, 500, 201],
  );
});

test('beats are built from what is known: stopped has no uptime, an exit code is an alert, nothing hostile passes', () => {
  const base = {
    configured: false,
    detail: null,
    exitCode: null,
    pid: null,
    process: null,
    restarts: 0,
    lastAction: null,
    lastSeenAt: 1_000,
    startedAt: 1_000,
  };
  const [own, grok, copilot] = buildHeartbeats({
    server: SERVER,
    now: 61_999,
    agents: [
      { ...base, agentId: GROK, status: 'stopped', exitCode: 3, detail: 'crashed' },
      { ...base, agentId: 'COPILOT' as AgentId, status: 'healthy', lastAction: `a\n${'x'.repeat(200)}` },
      { ...base, agentId: 'nervesys' as AgentId, status: 'healthy' },
    ],
    self: { startedAt: 0, troubles: ['the buffer is full'] },
    counts: new Map(),
    vitals: { cpu_percent: 1, ram_percent: 2, disk_percent: 3, buffer_size_mb: 4 },
    stats: { ...STATS, oldestAt: 1_999, lastArchivedAt: 0 },
    config: { running: null, desired: null, error: null },
    clockSkewMs: 0,
  });

  assert.deepEqual([own!.agent_id, own!.status, own!.alerts], ['nervesys', 'degraded', ['the buffer is full']]);
  assert.deepEqual([grok!.uptime_seconds, grok!.alerts], [0, ['crashed', 'exited with code 3']]);
  assert.deepEqual(
    [copilot!.uptime_seconds, copilot!.last_action!.length, copilot!.last_action!.slice(0, 3)],
    [60, 100, 'a x'],
  );
  assert.deepEqual([grok!.oldest_unarchived_seconds, grok!.last_archived_at], [60, '1970-01-01T00:00:00.000Z']);
});
