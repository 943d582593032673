import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryPoint } from '../../src/contract/fleet.ts';
import { chartStart, extendHistory, pointOf, toColumns } from '../../src/dashboard/model/history.ts';
import { makeAgent, makeServer } from './fixture-server.ts';

const point = (at: number, cpu: number | null = 10): HistoryPoint => ({
  at,
  cpu_percent: cpu,
  ram_percent: 20,
  disk_percent: 30,
  buffer_size_mb: 1,
});

test('a beat adds a point and pushes out what is older than an hour', () => {
  const points = extendHistory([point(0), point(60), point(3600)], point(3660));

  assert.deepEqual(
    points.map(({ at }) => at),
    [60, 3600, 3660],
  );
});

test('an event without a new beat adds nothing and keeps the identity', () => {
  const points = [point(0), point(60)];

  assert.equal(extendHistory(points, point(60, 99)), points);
});

test("a point stands at the orchestrator's time of receipt", () => {
  const agent = makeAgent({
    agent_id: 'GROK',
    timestamp: '2020-01-01T00:00:00.000Z',
    received_at: '2025-12-10T19:45:00.900Z',
  });

  assert.equal(pointOf(agent).at, Date.parse('2025-12-10T19:45:00.000Z') / 1000);
  assert.equal(pointOf(agent).cpu_percent, agent.metrics.cpu_percent);
});

test('silence is a hole in the line, a single lost beat is not', () => {
  const columns = toColumns([point(0), point(60), point(180), point(900)]);

  assert.deepEqual(columns.at, [0, 60, 180, 181, 900]);
  assert.deepEqual(columns.cpu, [10, 10, 10, null, 10]);
});

test('points that are further apart by nature leave no holes', () => {
  assert.deepEqual(toColumns([point(0), point(300), point(600), point(900)]).at, [0, 300, 600, 900]);
});

test('charts show the hour, or the life of a younger fleet, and at least five minutes', () => {
  const now = 100_000;
  const joined = (secondsAgo: number) =>
    makeServer('AIGARDEN01', { enrolled_at: new Date((now - secondsAgo) * 1000).toISOString() });

  assert.equal(chartStart([joined(86_400)], now), now - 3600);
  assert.equal(chartStart([joined(60), joined(1200)], now), now - 1200);
  assert.equal(chartStart([joined(60)], now), now - 300);
  assert.equal(chartStart([], now), now - 300);
});
