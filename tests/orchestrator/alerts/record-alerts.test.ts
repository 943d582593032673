import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DEFAULT_ALERTS } from '../../../src/config/index.ts';
import type { AgentId, ServerName } from '../../../src/contract/ids.ts';
import { planNotifications } from '../../../src/orchestrator/alerts/notification-planner.ts';
import { raiseAlerts, settleAlerts } from '../../../src/orchestrator/alerts/raise.ts';
import type { Database, Queryable } from '../../../src/orchestrator/database/database.ts';
import { readAlertDetail } from '../../../src/orchestrator/database/queries/read-alert-detail.ts';
import { readAlerts } from '../../../src/orchestrator/database/queries/read-alerts.ts';
import { recordAlerts } from '../../../src/orchestrator/database/queries/record-alerts.ts';
import { resolveAlerts } from '../../../src/orchestrator/database/queries/resolve-alerts.ts';
import { sweepExpired } from '../../../src/orchestrator/database/queries/sweep-expired.ts';
import { whileAlone } from '../../../src/orchestrator/database/while-alone.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { webhookSettings } from '../../support/recording-channel.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const NOW = Date.parse('2026-01-15T10:00:00Z');
const DAY_MS = 86_400_000;
const WAITING =
  "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
const policy = { alerts: DEFAULT_ALERTS, channels: [webhookSettings('oncall')] };

const trouble = (server: string, dedupKey = 'disk') => ({
  server,
  agentId: null,
  dedupKey,
  kind: 'threshold.disk_percent',
  severity: 'warning' as const,
  title: `Disk of ${server}`,
  detail: {},
});

function tell(database: Database, change: { id?: string; count?: number; at?: number } = {}) {
  const at = change.at ?? NOW;
  const report = {
    dedup_key: 'disk',
    severity: 'warning' as const,
    server: 'AIGARDEN01' as ServerName,
    agent_id: 'GROK' as AgentId,
    kind: 'rule',
    title: 'Disk',
    detail: {},
    at: new Date(at).toISOString(),
    count: 1,
    ...change,
  };
  return database.transaction((transaction) =>
    recordAlerts(transaction, [{ ...report, at: new Date(at).toISOString() }], new Date(NOW), 'agent'),
  );
}

test('troubles of many servers are stored at once, and found again they count up', async () => {
  await using database = await postgres.database();
  const troubles = Array.from({ length: 2_000 }, (_, n) => trouble(`RACK${n}`));
  const raise = () => database.transaction((transaction) => raiseAlerts(transaction, troubles, new Date(NOW)));

  const first = await raise();
  const second = await raise();

  assert.equal(first.length, 2_000);
  assert.deepEqual([...new Set(second.map(({ count }) => count))], [2]);
  const { rows } = await database.query<{ n: number }>('SELECT count(*) AS n FROM alert_events');
  assert.equal(rows[0]!.n, 2_000);
});

test('a trouble with a name or words that Postgres cannot hold is stored, counts up, and is settled', async () => {
  await using database = await postgres.database();
  const strange = { ...trouble('S', `${'a'.repeat(199)}🦊`), title: '\0\ud800', detail: { '\0': '\ud800' } };
  const raise = () => database.transaction((transaction) => raiseAlerts(transaction, [strange], new Date(NOW)));

  await raise();
  const [again] = await raise();
  const settled = await database.transaction((transaction) => settleAlerts(transaction, [strange], new Date(NOW)));

  assert.deepEqual([again!.count, again!.title, settled.length], [2, '\ufffd\ufffd', 1]);
});

test('what an agent tells under a name of the orchestrator’s is another alert', async () => {
  await using database = await postgres.database();
  await database.transaction((transaction) => raiseAlerts(transaction, [trouble('AIGARDEN01')], new Date(NOW)));

  await tell(database);
  await database.transaction((transaction) =>
    settleAlerts(transaction, [{ server: 'AIGARDEN01', dedupKey: 'disk' }], new Date(NOW)),
  );

  const alerts = await readAlerts(database);
  assert.deepEqual(alerts.map(({ kind, state }) => `${kind} ${state}`).sort(), [
    'rule open',
    'threshold.disk_percent resolved',
  ]);
});

test('a report that comes again after a lost answer counts once', async () => {
  await using database = await postgres.database();

  await tell(database, { id: 'e-1', count: 3 });
  const repeated = await tell(database, { id: 'e-1', count: 3 });
  await tell(database, { id: 'e-2', count: 2 });

  assert.deepEqual(repeated, []);
  assert.deepEqual(
    (await readAlerts(database)).map(({ count }) => count),
    [5],
  );
});

test('alerts that were over for more than a year go, with all that was told of them', async () => {
  await using database = await postgres.database();
  const at = new Date(NOW);
  await database.transaction((transaction) => raiseAlerts(transaction, [trouble('OLD'), trouble('OPEN')], at));
  await database.transaction((transaction) => planNotifications(transaction, policy, NOW));
  await database.transaction((transaction) => settleAlerts(transaction, [trouble('OLD')], at));

  await sweepExpired(database, new Date(NOW + 390 * DAY_MS));
  assert.equal((await readAlerts(database)).length, 2);
  await sweepExpired(database, new Date(NOW + 400 * DAY_MS));

  const [left, ...others] = await readAlerts(database);
  assert.deepEqual([left!.server, left!.state, others.length], ['OPEN', 'open', 0]);
  const detail = await readAlertDetail(database, left!.id, at);
  assert.equal(detail!.deliveries.length, 1);
});

test('raising, telling, planning and resolving at the same time wait for each other, and never for ever', async () => {
  await using one = await postgres.database();
  await using two = postgres.connect(postgres.lastName);
  const troubles = Array.from({ length: 60 }, (_, n) => trouble(`RACK${n}`));
  const mixed = (n: number) => [...troubles.slice(n), ...troubles.slice(0, n)];

  await Promise.all(
    Array.from({ length: 24 }, (_, n) => {
      const database = n % 2 === 0 ? one : two;
      const at = new Date(NOW + n);
      return database.transaction(async (transaction) => {
        if (n % 3 === 0) await raiseAlerts(transaction, mixed(n), at);
        else if (n % 3 === 1) await settleAlerts(transaction, mixed(n), at);
        else await planNotifications(transaction, policy, at.getTime());
      });
    }).concat(
      Array.from({ length: 10 }, (_, n) =>
        whileAlone(two, 4711 + n, (transaction) => planNotifications(transaction, policy, NOW + n)).then(
          () => undefined,
        ),
      ),
    ),
  );

  assert.equal((await readAlerts(one, { limit: 1_000 })).length, 60);
});

test('what an agent tells late, of long ago, is told to people all the same', async () => {
  await using database = await postgres.database();
  const [alert] = await tell(database, { at: NOW - 7 * DAY_MS });

  await database.transaction((transaction) => planNotifications(transaction, policy, NOW));

  const detail = await readAlertDetail(database, alert!.id, new Date(NOW));
  assert.deepEqual([detail!.state, detail!.deliveries.map(({ state }) => state)], ['open', ['waiting']]);
});

test('whoever settles and raises in one transaction, and whoever plans, never wait for each other in a circle', async () => {
  await using database = await postgres.database();
  const at = new Date(NOW);
  await database.transaction((transaction) => raiseAlerts(transaction, [trouble('LOW'), trouble('HIGH')], at));

  // One has settled the higher; another raises the lower while a planner is at both; then the first raises.
  const step = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const first = database.transaction(async (transaction) => {
    await settleAlerts(transaction, [{ server: 'HIGH', dedupKey: 'disk' }], at);
    settled.resolve();
    await step.promise;
    await raiseAlerts(transaction, [trouble('OTHER')], at);
  });
  await settled.promise;
  const planning = database.transaction((transaction) => planNotifications(transaction, policy, NOW));
  const waits = async (n: number) => {
    const { rows } = await database.query<{ n: number }>(WAITING);
    return rows[0]!.n >= n;
  };
  let planned = false;
  void planning.then(() => {
    planned = true;
  });
  await until('the planner has gone by, or waits', async () => planned || (await waits(1)));
  const second = database.transaction((transaction) => raiseAlerts(transaction, [trouble('LOW')], at));
  await until('the second waits', () => waits(planned ? 1 : 2));
  step.resolve();

  await Promise.all([first, planning, second]);
  await database.transaction((transaction) => planNotifications(transaction, policy, NOW));
  const { rows } = await database.query('SELECT FROM alert_events WHERE NOT planned');
  assert.equal(rows.length, 0);
});

test('requests of one agent that tell and resolve wait for each other, and not in a circle', async () => {
  await using database = await postgres.database();
  const at = new Date(NOW);
  const report = (dedupKey: string) => ({
    ...trouble('RACK1', dedupKey),
    agent_id: null,
    dedup_key: dedupKey,
    server: 'RACK1' as ServerName,
    at: at.toISOString(),
    count: 1,
  });
  const tellOne = (transaction: Queryable, dedupKey: string) =>
    recordAlerts(transaction, [report(dedupKey)], at, 'agent');
  const over = (transaction: Queryable, ...dedupKeys: string[]) =>
    resolveAlerts(
      transaction,
      { origin: 'agent', names: dedupKeys.map((dedupKey) => ({ server: 'RACK1', dedupKey })) },
      at,
    );
  await database.transaction((transaction) => tellOne(transaction, 'low'));
  await database.transaction((transaction) => tellOne(transaction, 'high'));
  const told = Promise.withResolvers<void>();
  const step = Promise.withResolvers<void>();

  const one = database.transaction(async (transaction) => {
    await tellOne(transaction, 'high');
    told.resolve();
    await step.promise;
    await over(transaction, 'low');
  });
  await told.promise;
  const two = database.transaction((transaction) => over(transaction, 'low', 'high'));
  await until('the second waits', async () => {
    const { rows } = await database.query<{ n: number }>(WAITING);
    return rows[0]!.n > 0;
  });
  step.resolve();

  await Promise.all([one, two]);
  assert.deepEqual(
    (await readAlerts(database)).map(({ state }) => state),
    ['resolved', 'resolved'],
  );
});
