import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AlertSeverity } from '../../../../src/contract/alert.ts';
import type { AgentId, ServerName } from '../../../../src/contract/ids.ts';
import type { Database } from '../../../../src/orchestrator/database/database.ts';
import { acknowledgeAlert } from '../../../../src/orchestrator/database/queries/acknowledge-alert.ts';
import { recordAlerts } from '../../../../src/orchestrator/database/queries/record-alerts.ts';
import { resolveAlerts } from '../../../../src/orchestrator/database/queries/resolve-alerts.ts';
import {
  alertsByAgent,
  alertTotalsByDay,
  gatherAlerts,
} from '../../../../src/orchestrator/reports/facts/alerts-facts.ts';
import { TestPostgres } from '../../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

/** The local day of Jerusalem. */
const day = (date: string) => {
  const endsAt = new Date(`${date}T22:00:00Z`);
  return { day: date, startsAt: new Date(endsAt.getTime() - 86_400_000), endsAt };
};
const DAY = day('2025-12-10');
const at = (time: string) => new Date(`2025-12-${time}:00Z`);

interface Told {
  readonly name?: string;
  readonly agent?: string | null;
  readonly severity?: AlertSeverity;
  readonly title?: string;
  readonly count?: number;
}

async function tell(database: Database, time: string, told: Told = {}): Promise<string> {
  const report = {
    dedup_key: told.name ?? 'disk',
    severity: told.severity ?? 'warning',
    server: 'AIGARDEN01' as ServerName,
    agent_id: (told.agent === undefined ? 'GROK' : told.agent) as AgentId | null,
    kind: `kind.${told.name ?? 'disk'}`,
    title: told.title ?? 'Disk',
    detail: {},
    at: at(time).toISOString(),
    count: told.count ?? 1,
  };
  const [alert] = await database.transaction((transaction) => recordAlerts(transaction, [report], at(time), 'agent'));
  return alert!.id;
}

const resolve = (database: Database, time: string, id: string, by: string | null = null) =>
  database.transaction((transaction) => resolveAlerts(transaction, { ids: [id] }, at(time), { by, note: null }));
const acknowledge = (database: Database, time: string, id: string) =>
  database.transaction((transaction) => acknowledgeAlert(transaction, id, { by: 'dana', note: null }, at(time)));

test('alerts are told as they stood at the end of the day, whatever happened to them after it', async () => {
  await using database = await postgres.database();
  const disk = await tell(database, '10T05:00', { title: 'Disk is 91 % full' });
  await tell(database, '10T21:50', { title: 'Disk is 92 % full', count: 4 });
  const memory = await tell(database, '10T06:00', { name: 'memory', severity: 'critical', agent: null });
  await acknowledge(database, '10T06:10', memory);
  await resolve(database, '10T07:00', memory, 'dana');

  const before = await gatherAlerts(database, DAY);
  await tell(database, '10T22:01', { title: 'Disk is 99 % full', severity: 'critical', count: 100 });
  await acknowledge(database, '10T22:05', disk);
  await resolve(database, '11T02:00', disk);
  await tell(database, '11T09:00', { name: 'other' });
  const after = await gatherAlerts(database, DAY);

  assert.deepEqual(after, before);
  assert.deepEqual(
    { ...after, list: after.list.map(({ title, count, resolved_by: by }) => [title, count, by]) },
    {
      opened: 2,
      resolved: 1,
      open_at_end: 1,
      by_severity: { info: 0, warning: 1, critical: 1 },
      by_kind: [
        { kind: 'kind.disk', count: 1 },
        { kind: 'kind.memory', count: 1 },
      ],
      acknowledge_seconds_median: 600,
      resolve_seconds_median: 3_600,
      list: [
        ['Disk', 1, 'dana'],
        ['Disk is 92 % full', 5, null],
      ],
      total: 2,
    },
  );
  assert.equal(after.list[1]!.last_at, '2025-12-10T21:50:00.000Z');
});

test('an alert from before is listed for as long as it is open, and one that is over is not', async () => {
  await using database = await postgres.database();
  const old = await tell(database, '08T05:00');
  const over = await tell(database, '08T05:00', { name: 'over' });
  await resolve(database, '09T21:59', over);
  await acknowledge(database, '09T05:00', old);
  await resolve(database, '10T12:00', old);

  const facts = await gatherAlerts(database, DAY);
  const next = await gatherAlerts(database, day('2025-12-11'));

  assert.deepEqual(
    facts.list.map((one) => [one.id, one.from_before, one.acknowledged_at, one.resolved_at]),
    [[old, true, '2025-12-09T05:00:00.000Z', '2025-12-10T12:00:00.000Z']],
  );
  assert.deepEqual([facts.opened, facts.resolved, facts.open_at_end, facts.total], [0, 1, 0, 1]);
  assert.deepEqual([facts.acknowledge_seconds_median, facts.resolve_seconds_median], [null, null]);
  assert.equal(next.total, 0);
});

test('what becomes critical counts as critical on that day, also where it eases or had opened before', async () => {
  await using database = await postgres.database();
  await tell(database, '09T05:00', { name: 'old' });
  await tell(database, '10T05:00', { name: 'old', severity: 'critical' });
  await tell(database, '10T05:00', { name: 'new' });
  await tell(database, '10T06:00', { name: 'new', severity: 'critical' });
  await tell(database, '10T07:00', { name: 'new', severity: 'info' });
  await tell(database, '09T05:00', { name: 'long', severity: 'critical' });

  const facts = await gatherAlerts(database, DAY);
  const [agent] = await alertsByAgent(database, DAY);
  const totals = await alertTotalsByDay(database, [day('2025-12-08'), day('2025-12-09'), DAY, day('2025-12-11')]);

  assert.deepEqual(facts.by_severity, { info: 0, warning: 0, critical: 2 });
  assert.deepEqual(
    facts.list.map(({ severity }) => severity),
    ['critical', 'critical', 'critical'],
  );
  assert.deepEqual(agent, {
    server: 'AIGARDEN01',
    agentId: 'GROK',
    opened: 1,
    critical: 2,
    warning: 0,
    criticalOpen: 2,
    warningOpen: 0,
  });
  assert.deepEqual(totals, [null, { opened: 2, critical: 1 }, { opened: 1, critical: 2 }, { opened: 0, critical: 0 }]);
});

test('an alert that comes back after it was over is open again, and its acknowledgement is gone', async () => {
  await using database = await postgres.database();
  const id = await tell(database, '10T05:00');
  await acknowledge(database, '10T05:01', id);
  await resolve(database, '10T05:02', id);
  await tell(database, '10T05:05');

  const facts = await gatherAlerts(database, DAY);

  const [alert] = facts.list;
  assert.deepEqual([alert!.acknowledged_at, alert!.resolved_at, alert!.count, facts.open_at_end], [null, null, 2, 1]);
  assert.equal(facts.opened, 1);
});

test('where nothing was told there is nothing, and totals of days are not known', async () => {
  await using database = await postgres.database();

  const facts = await gatherAlerts(database, DAY);

  assert.deepEqual([facts.total, facts.list, facts.by_kind], [0, [], []]);
  assert.deepEqual(await alertTotalsByDay(database, [DAY]), [null]);
});
