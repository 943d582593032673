import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HistoryAnswer } from '../../../src/contract/fleet.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { rollUpOnce } from '../../../src/orchestrator/database/queries/roll-up-status.ts';
import {
  chooseResolution,
  DAY_MS,
  DEFAULT_HISTORY,
  POINTS_MAX,
} from '../../../src/orchestrator/history/resolutions.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { tellBeats } from '../../support/beats.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function rollAll(database: Database, now: number): Promise<void> {
  for (let steps = 0; steps < 2_000; steps++) {
    const outcome = await rollUpOnce(database, { now, intervalMs: MINUTE, keep: DEFAULT_HISTORY });
    if (outcome === 'done') return;
    if (outcome === 'unsettled') await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a span is shown from what gives few enough points and is kept that long', () => {
  const shown = (minutes: number, keep = DEFAULT_HISTORY, intervalMs = MINUTE) =>
    chooseResolution(minutes * MINUTE, intervalMs, keep)?.name ?? 'beat';

  assert.deepEqual(
    [60, 1_440, 1_500, 1_501, 7_500, 7_501, 60 * 1_440, 63 * 1_440, 366 * 1_440, 3_660 * 1_440].map((m) => shown(m)),
    ['beat', 'beat', 'beat', '5m', '5m', '1h', '1h', '1d', '1d', '1d'],
  );
  assert.equal(shown(1_440, DEFAULT_HISTORY, 5_000), '5m', 'beats each 5 s make more points');
  assert.equal(shown(1_440, { ...DEFAULT_HISTORY, beatsMs: DAY_MS / 2 }), '5m', 'beats are not kept that long');
});

test('each span of time is answered from the fitting resolution, up to the newest beat, in few points', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  // Late in an hour and a day, as far as the roll-ups are concerned: nothing of today or of this hour is rolled up.
  const now = systemClock.now();
  const beats = (from: number, to: number, stepMs: number, cpu: number) =>
    Array.from({ length: Math.floor((to - from) / stepMs) }, (_, index) => ({ at: from + index * stepMs, cpu }));
  await database.query(
    'UPDATE status_rollup SET hours_until = $1, days_until = $1, bound_at = NULL, rolled_at = NULL',
    [new Date(Math.floor((now - 33 * DAY_MS) / DAY_MS) * DAY_MS)],
  );
  await tellBeats(database, beats(now - 30 * DAY_MS, now - 10 * DAY_MS, HOUR, 50));
  await tellBeats(database, beats(now - 10 * DAY_MS, now - 6 * MINUTE, 10 * MINUTE, 20));
  await rollAll(database, now);
  await tellBeats(database, [{ at: now - 2_000, cpu: 99, counts: { ERROR: 7 } }]); // not rolled up yet
  await tellBeats(database, [{ server: 'OTHER', at: now - 1_000, cpu: 1 }]);
  const ask = async (minutes: number): Promise<HistoryAnswer> => {
    const answer = await system.ask('GET', `/api/v1/agents/GROK/history?server=AIGARDEN01&minutes=${minutes}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };

  for (const [minutes, resolution, stepSeconds] of [
    [3 * 1_440, '5m', 300],
    [30 * 1_440, '1h', 3_600],
    [365 * 1_440, '1d', 86_400],
    [3_660 * 1_440, '1d', 86_400],
  ] as const) {
    const { points, resolution: given } = await ask(minutes);
    assert.equal(given, resolution);
    assert.ok(points.length > 10 && points.length <= POINTS_MAX, `${points.length} points of ${resolution}`);
    const newest = points.at(-1);
    assert.equal(newest?.rollup?.most.cpu_percent, 99, `the newest beat is in ${resolution}`);
    assert.equal(newest?.rollup?.level_counts.ERROR, 7);
    assert.ok(points.every((point) => point.at % stepSeconds === 0));
    assert.ok(points.every((point, index) => index === 0 || point.at > points[index - 1]!.at));
    assert.ok(points.slice(0, -2).every((point) => point.cpu_percent !== null && point.cpu_percent >= 20));
    const inSpan = points.reduce((sum, point) => sum + (point.rollup?.beats ?? 0), 0);
    if (resolution === '1d') assert.equal(inSpan, 20 * 24 + Math.floor((10 * DAY_MS - 6 * MINUTE) / (10 * MINUTE)) + 1);
  }
  const close = await ask(60);
  assert.equal(close.resolution, 'beat');
  assert.ok(close.points.length >= 5);
  assert.deepEqual(Object.keys(close.points[0] ?? {}), [
    'at',
    'cpu_percent',
    'ram_percent',
    'disk_percent',
    'buffer_size_mb',
  ]);
  for (const minutes of ['0', '-1', '99999999', 'many'])
    assert.equal((await system.ask('GET', `/api/v1/agents/GROK/history?server=A&minutes=${minutes}`)).status, 400);
});
