import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { METRIC_FAMILIES } from '../../../src/orchestrator/api/metric-families.ts';
import { fleetCounts } from '../../../src/orchestrator/api/metric-sources.ts';
import { Metrics } from '../../../src/orchestrator/api/metrics.ts';
import { DUTY_NAMES } from '../../../src/orchestrator/duties.ts';
import { announce, confirm, openFleet, put } from '../../support/archive-fleet.ts';
import { makeBatch } from '../../support/batch.ts';
import { readExposition } from '../../support/exposition.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { heartbeat, type TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function scrape(system: TestOrchestrator) {
  const answer = await system.ask('GET', '/metrics');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const families = readExposition(answer.text);
  const value = (name: string, labels: Record<string, string> = {}) =>
    families
      .get(name.replace(/_(?:count|sum|bucket)$/, ''))
      ?.samples.find(
        (one) => one.name === name && Object.entries(labels).every(([label, wanted]) => one.labels[label] === wanted),
      )?.value;
  return { families, value, text: answer.text };
}

test('a scrape is what Prometheus reads, and counts what was done', async (t) => {
  const fleet = await openFleet(t, postgres);
  const { orchestrator: system, key } = fleet;
  const batch = makeBatch({});
  const permission = (await announce(fleet, batch)).json;
  await put(fleet, permission, batch.object);
  await confirm(fleet, batch, {});
  const beats = [heartbeat('AIGARDEN01', 'GROK'), heartbeat('AIGARDEN01', 'GIMAI', { status: 'no such' })];
  await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: beats } });
  const report = { dedup_key: 'x', severity: 'critical', server: 'AIGARDEN01', agent_id: null, kind: 'x', title: 'x' };
  const alerts = [{ ...report, detail: {}, at: new Date().toISOString() }];
  await system.ask('POST', '/api/v1/alerts', { key, body: { alerts } });
  for (const path of ['/a\\b"c', '/api/v1/servers/A/nothing', '/api/v1/agents/GROK/history?server=AIGARDEN01'])
    await system.ask('GET', path);

  const { families, value, text } = await scrape(system);

  assert.deepEqual([...families.keys()], Object.keys(METRIC_FAMILIES));
  assert.equal(value('nervesys_heartbeats_total', { outcome: 'accepted' }), 1);
  assert.equal(value('nervesys_heartbeats_total', { outcome: 'rejected' }), 1);
  assert.equal(value('nervesys_batches_announced_total'), 1);
  assert.equal(value('nervesys_batches_archived_total'), 1);
  assert.equal(value('nervesys_archived_bytes_total'), batch.object.length);
  assert.equal(value('nervesys_agents', { state: 'up' }), 1);
  assert.equal(value('nervesys_alerts', { state: 'open', severity: 'critical' }), 1);
  assert.equal(value('nervesys_dependency_up', { dependency: 'archive' }), 1);
  assert.ok(value('nervesys_database_connections_max')! > 0);
  assert.ok(value('process_resident_memory_bytes')! > 1e7);
  assert.ok(value('process_cpu_seconds_total')! > 0);
  const route = { method: 'GET', route: '/api/v1/agents/:agent_id/history', class: '2xx' };
  assert.equal(value('nervesys_http_request_duration_seconds_count', route), 1);
  assert.ok(value('nervesys_http_request_duration_seconds_sum', route)! > 0);
  // Neither a wrong address nor a name becomes a label.
  assert.equal(value('nervesys_http_request_duration_seconds_count', { route: 'none', class: '4xx' }), 2);
  assert.doesNotMatch(text, /GROK|AIGARDEN01|a\\\\b/);
  const duties = families.get('nervesys_duty_last_success_timestamp_seconds')!.samples.map((one) => one.labels['duty']);
  assert.deepEqual(
    duties.sort(),
    DUTY_NAMES.filter((name) => name !== 'config_source').sort(), // there is no repository
  );
});

test('while Postgres is away a scrape says so, without what only Postgres knows', async (t) => {
  const fleet = await openFleet(t, postgres);
  await scrape(fleet.orchestrator); // the key is known from here on
  await fleet.database.close();

  await fleet.orchestrator.ask('GET', '/readyz', { key: null });
  // The scrape before this one has read the fleet; the next reading of it fails.
  const { families, value } = await scrape(fleet.orchestrator);

  assert.equal(value('nervesys_dependency_up', { dependency: 'postgres' }), 0);
  assert.ok(value('nervesys_database_errors_total', { kind: 'unreachable' })! >= 1);
  assert.deepEqual([...families.keys()], Object.keys(METRIC_FAMILIES));
});

test('labels of any kind keep the text sound, and a thousand values of one are the most', async () => {
  const metrics = new Metrics();
  for (const outcome of ['a"b', 'back\\slash', 'two\nlines', '{}', 'שלום'])
    metrics.add('nervesys_enrolments_total', { outcome });
  for (let i = 0; i < 2_000; i++) metrics.add('nervesys_enrolments_total', { outcome: `value ${i}` });

  const samples = readExposition(await metrics.render()).get('nervesys_enrolments_total')!.samples;

  assert.deepEqual(
    samples.slice(0, 5).map((one) => one.labels['outcome']),
    ['a"b', 'back\\slash', 'two\nlines', '{}', 'שלום'],
  );
  assert.equal(samples.length, 1_001);
  assert.equal(samples.at(-1)?.labels['outcome'], 'other');
  assert.equal(samples.at(-1)?.value, 2_000 - 995);
});

test('a histogram puts each value into the first bucket that holds it', async () => {
  const metrics = new Metrics();
  const labels = { method: 'GET', route: '/x', class: '2xx' } as const;
  for (const seconds of [0.001, 0.0011, 3, 60])
    metrics.observe('nervesys_http_request_duration_seconds', labels, seconds);

  const { samples } = readExposition(await metrics.render()).get('nervesys_http_request_duration_seconds')!;

  const counts = Object.fromEntries(
    samples.filter((one) => one.name.endsWith('_bucket')).map((one) => [one.labels['le'], one.value]),
  );
  assert.deepEqual([counts['0.001'], counts['0.0025'], counts['2.5'], counts['10'], counts['+Inf']], [1, 2, 2, 3, 4]);
});

test('the fleet is counted once for all who ask within five seconds, and rarely when that takes long', async () => {
  const clock = new FakeClock();
  let reads = 0;
  let finish = () => {};
  const counts = fleetCounts(clock, () => {
    reads++;
    return new Promise((resolve) => {
      finish = () =>
        resolve({ agents: [], servers: [], alerts: [], refusing: reads, deliveriesWaiting: 0, lastBackupAt: null });
    });
  });

  const both = Promise.all([counts(), counts()]);
  await clock.advance(2_000); // so long it takes
  finish();
  assert.deepEqual(
    (await both).map((one) => one.refusing),
    [1, 1],
  );
  await clock.advance(39_999);
  await counts();
  assert.equal(reads, 1);
  await clock.advance(2);
  const again = counts();
  finish();
  assert.equal((await again).refusing, 2);
});
