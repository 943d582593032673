import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MissedBeats } from '../../../src/agent/heartbeat/missed-beats.ts';
import { foldBeats } from '../../../src/agent/heartbeat/rolled-beats.ts';
import type { Heartbeat } from '../../../src/contract/heartbeat.ts';
import type { AgentId, Epoch, ServerName } from '../../../src/contract/ids.ts';
import { emptyLevelCounts } from '../../../src/contract/record.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { openTables } from '../../support/buffer-tables.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { seededRandom } from '../../support/random.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const NOON = Date.parse('2026-01-15T12:00:00.000Z');

function beat(agentId: string, at: number, fields: Partial<Heartbeat> = {}): Heartbeat {
  return {
    agent_id: agentId as AgentId,
    server: SERVER,
    timestamp: new Date(at).toISOString(),
    status: 'healthy',
    metrics: { cpu_percent: 10, ram_percent: 20, disk_percent: 30, buffer_size_mb: 1.5 },
    alerts: [],
    last_action: 'code_review',
    uptime_seconds: Math.round((at - NOON) / 1000) + 86_400,
    last_seen_at: new Date(at - 1_234).toISOString(),
    epoch: '0123456789abcdef' as Epoch,
    backlog_records: 12_345,
    oldest_unarchived_seconds: 600,
    last_archived_at: new Date(NOON).toISOString(),
    lost_records: 0,
    dropped_records: 0,
    config: { running: '0123456789abcdef', desired: '0123456789abcdef', error: null },
    agent_version: '1.2.3',
    clock_skew_ms: 3,
    level_counts: { ...emptyLevelCounts(), INFO: 1 },
    ...fields,
  };
}

async function open(t: TestContext, limitBytes = 100_000_000) {
  const path = join(await tempDir(t), 'buffer.db');
  const clock = new FakeClock(NOON);
  const reopen = () => {
    const { beats: shelf, store, close } = openTables(t, path, clock, { limitBytes });
    store.statement('PRAGMA synchronous = OFF').run(); // a week of them is not waited for
    return {
      shelf,
      store,
      close,
      missed: new MissedBeats({ shelf, server: SERVER, random: seededRandom(11), logger: silentLogger }),
    };
  };
  return { ...reopen(), reopen };
}

/** Takes all that waits, as the orchestrator gets it. */
function drain(missed: MissedBeats): Heartbeat[] {
  const beats: Heartbeat[] = [];
  for (let chunk = missed.next(); chunk !== undefined; chunk = missed.next()) {
    beats.push(...chunk.beats);
    missed.arrived(chunk);
  }
  return beats;
}

const infos = (beats: readonly Heartbeat[]) => beats.reduce((sum, one) => sum + one.level_counts.INFO, 0);

test('two times in one: means by their length, the worst word with its reasons, all counts', () => {
  const process = { pid: 7, restarts: 0, started_at: '2026-01-15T11:00:00.000Z' };
  const earlier = beat('GROK', NOON, {
    status: 'critical',
    alerts: ['it crashed'],
    metrics: { cpu_percent: 90, ram_percent: 20, disk_percent: 30, buffer_size_mb: 1, swap_percent: 8 },
    process: { ...process, cpu_percent: 200, rss_mb: 100 },
    covers_seconds: 30,
  });
  const later = beat('GROK', NOON + 90_000, {
    metrics: { cpu_percent: 10, ram_percent: 20, disk_percent: 30, buffer_size_mb: 1, swap_percent: 0 },
    process: { ...process, pid: 8, restarts: 1, cpu_percent: 0, rss_mb: 100 },
    level_counts: { ...emptyLevelCounts(), ERROR: 2 },
    covers_seconds: 90,
  });

  const { status, alerts, metrics, level_counts, covers_seconds, process: folded } = foldBeats(earlier, later);

  assert.deepEqual([status, alerts, covers_seconds], ['critical', ['it crashed'], 120]);
  assert.deepEqual([metrics.cpu_percent, metrics.swap_percent], [30, 2]);
  assert.deepEqual([level_counts.INFO, level_counts.ERROR], [1, 2]);
  assert.deepEqual([folded?.pid, folded?.restarts, folded?.cpu_percent], [8, 1, 50]);
});

test('samples become one beat an AI agent and five minutes, at instants that no live beat bears', async (t) => {
  const { missed } = await open(t);

  for (let at = NOON; at < NOON + 900_000; at += 20_000) missed.sample([beat('GROK', at), beat('GIMAI', at)], at, 20);
  missed.end();
  const beats = drain(missed);

  const grok = beats.filter(({ agent_id }) => agent_id === 'GROK');
  assert.deepEqual(
    grok.map(({ timestamp, covers_seconds, level_counts }) => [timestamp, covers_seconds, level_counts.INFO]),
    [
      ['2026-01-15T12:04:59.999Z', 300, 15],
      ['2026-01-15T12:09:59.999Z', 300, 15],
      ['2026-01-15T12:14:39.999Z', 300, 15],
    ],
  );
  assert.equal(beats.length, 6);
});

test('what may have arrived is repeated as it was, byte by byte, over a restart too', async (t) => {
  const first = await open(t);
  const attempted = [beat('GROK', NOON + 17), beat('GIMAI', NOON + 17, { status: 'degraded', alerts: ['slow'] })];

  first.missed.note(attempted);
  const before = first.missed.next()!.beats;
  await first.close();
  const { missed } = first.reopen();

  assert.deepEqual(before, attempted);
  assert.deepEqual(missed.next()!.beats, attempted);
});

test('a server that was given another name tells what it missed under its new one', async (t) => {
  const { shelf, missed } = await open(t);
  missed.note([beat('GROK', NOON)]);

  const renamed = new MissedBeats({ shelf, server: 'B' as ServerName, random: () => 0, logger: silentLogger });

  assert.equal(renamed.next()!.beats[0]!.server, 'B');
});

test('a week of 20 AI agents takes less than 2 MB, without a hole', async (t) => {
  const { missed, shelf } = await open(t);
  const random = seededRandom(7);
  const agents = Array.from({ length: 21 }, (_, i) => `AGENT-${i}`);

  for (let at = NOON; at < NOON + 7 * 86_400_000; at += 300_000) {
    const metrics = {
      cpu_percent: Math.round(random() * 1_000) / 10,
      ram_percent: 20 + Math.round(random() * 100) / 10,
      disk_percent: 30.1,
      buffer_size_mb: Math.round(random() * 90_000) / 1_000,
    };
    const counts = () => ({
      ...emptyLevelCounts(),
      INFO: Math.floor(random() * 5_000),
      WARN: Math.floor(random() * 9),
    });
    missed.sample(
      agents.map((agentId) => beat(agentId, at, { metrics, level_counts: counts() })),
      at,
      300,
    );
  }
  missed.end();
  const bytes = shelf.rows.reduce((sum, row) => sum + row.bytes, 0);

  t.diagnostic(`${bytes} bytes, ${Math.round(bytes / shelf.rows.length)} a row`);
  assert.ok(shelf.excessBytes <= 0, `${shelf.excessBytes} bytes too many`);
  assert.equal(shelf.rows.length, 2_016);
});

test('past the bound the oldest become an hour, then a day; no count is lost, and what may have been sent stays', async (t) => {
  const { missed, shelf } = await open(t, 1_000_000);
  const agents = Array.from({ length: 10 }, (_, i) => `A${i}`);
  missed.note([beat('GROK', NOON - 60_000)]);
  const attempted = missed.next()!.rows;
  const random = seededRandom(3);
  const metrics = () => ({
    cpu_percent: random() * 100,
    ram_percent: random(),
    disk_percent: random(),
    buffer_size_mb: random(),
  });

  for (let at = NOON; at < NOON + 3 * 86_400_000; at += 300_000)
    missed.sample(
      agents.map((agentId) => beat(agentId, at, { metrics: metrics() })),
      at,
      300,
    );
  missed.end();
  const { rows } = shelf;
  const headBefore = missed.next()!.rows;
  const beats = drain(missed);

  assert.ok(rows.length > 3 && rows.length < 864, `${rows.length} rows`);
  assert.ok(attempted.every((n) => headBefore.includes(n)));
  assert.equal(infos(beats), 1 + 864 * 10);
  assert.ok(beats.some(({ covers_seconds = 0 }) => covers_seconds > 3_600));
  assert.equal(new Set(beats.map(({ agent_id, timestamp }) => `${agent_id} ${timestamp}`)).size, beats.length);
});

test('a clock that is set back gives no instant a second time', async (t) => {
  const { missed } = await open(t);
  const beats: Heartbeat[] = [];

  for (const _ of [1, 2, 3]) {
    missed.sample([beat('GROK', NOON)], NOON, 60);
    missed.sample([beat('GROK', NOON + 300_000)], NOON + 300_000, 300);
    missed.end();
    beats.push(...drain(missed));
  }

  assert.equal(infos(beats), 6);
  assert.equal(new Set(beats.map(({ timestamp }) => timestamp)).size, 6);
});

test('while the disk has no room the time goes on, and no count is lost', async (t) => {
  const { missed, shelf } = await open(t);
  const keep = shelf.keep.bind(shelf);
  shelf.keep = () => false;

  missed.note([beat('GROK', NOON + 5)]);
  for (let at = NOON + 10_000; at < NOON + 900_000; at += 60_000) missed.sample([beat('GROK', at)], at, 60);
  shelf.keep = keep;
  missed.sample([beat('GROK', NOON + 900_000)], NOON + 900_000, 60);
  missed.end();

  assert.equal(infos(drain(missed)), 1 + 15 + 1);
});

test('a row that the disk has spoiled holds nothing up', async (t) => {
  const { missed, shelf, store } = await open(t);
  missed.note([beat('GROK', NOON)]);
  missed.note([beat('GROK', NOON + 1)]);
  store.statement('UPDATE beats SET body = ? WHERE n = 1').run(Buffer.from('nonsense'));

  const beats = drain(missed);

  assert.deepEqual([beats.length, shelf.rows.length], [1, 0]);
});
