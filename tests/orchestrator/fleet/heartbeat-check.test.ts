import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHeartbeat } from '../../../src/orchestrator/fleet/heartbeat-check.ts';

const BEAT = {
  agent_id: 'GROK',
  server: 'AIGARDEN01',
  timestamp: '2026-01-15T12:00:00.000Z',
  status: 'healthy',
  metrics: { cpu_percent: 1, ram_percent: 2, disk_percent: 3, buffer_size_mb: 4 },
  alerts: [],
  last_action: null,
  uptime_seconds: 5,
  last_seen_at: null,
  epoch: '0123456789abcdef',
  backlog_records: 0,
  oldest_unarchived_seconds: 0,
  last_archived_at: null,
  lost_records: 0,
  dropped_records: 0,
  config: { running: null, desired: null, error: null },
  agent_version: '1.2.3',
  clock_skew_ms: 0,
  level_counts: { DEBUG: 0, INFO: 1, WARN: 0, ERROR: 0, CRITICAL: 0 },
};
const DISK = { mount: '/var/log', percent: 50, free_bytes: 1e12 };
const PROCESS = { pid: 7, cpu_percent: 350.5, rss_mb: 81.2, restarts: 3, started_at: '2026-01-15T11:00:00.000Z' };

const check = (fields: object) => checkHeartbeat({ ...BEAT, ...fields }, 'AIGARDEN01');

test('a beat of any time is taken, also one that was rolled up, with swap, disks and its process', () => {
  const rolled = {
    timestamp: '2024-02-29T00:00:00.000Z',
    covers_seconds: 86_400,
    process: PROCESS,
    metrics: { ...BEAT.metrics, swap_percent: 12.5, disks: [DISK] },
  };

  assert.deepEqual(check(rolled), { beat: { ...BEAT, ...rolled } });
  assert.ok('beat' in check({}));
});

test('what is optional is bounded too, and the refusal names the field', () => {
  for (const [fields, named] of [
    [{ covers_seconds: -1 }, /covers_seconds/],
    [{ covers_seconds: 1e9 }, /covers_seconds/],
    [{ process: { ...PROCESS, pid: 0 } }, /process\/pid/],
    [{ process: { ...PROCESS, started_at: 'yesterday' } }, /process\/started_at/],
    [{ process: { ...PROCESS, restarts: 1.5 } }, /process\/restarts/],
    [{ metrics: { ...BEAT.metrics, swap_percent: 'full' } }, /metrics\/swap_percent/],
    [{ metrics: { ...BEAT.metrics, disks: Array(9).fill(DISK) } }, /metrics\/disks/],
    [{ metrics: { ...BEAT.metrics, disks: [{ ...DISK, mount: 'x'.repeat(201) }] } }, /metrics\/disks\/0\/mount/],
  ] as const) {
    const checked = check(fields);

    assert.ok('code' in checked, JSON.stringify(fields).slice(0, 80));
    assert.equal(checked.code, 'NSV_HEARTBEAT_INVALID');
    assert.match(checked.message, named);
  }
});
