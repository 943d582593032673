import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DEFAULT_ALERTS } from '../../../../src/config/index.ts';
import type { AlertSeverity } from '../../../../src/contract/alert.ts';
import type { AgentId, ServerName } from '../../../../src/contract/ids.ts';
import { planNotifications } from '../../../../src/orchestrator/alerts/notification-planner.ts';
import type { Database } from '../../../../src/orchestrator/database/database.ts';
import { acknowledgeAlert } from '../../../../src/orchestrator/database/queries/acknowledge-alert.ts';
import { recordAlerts } from '../../../../src/orchestrator/database/queries/record-alerts.ts';
import { resolveAlerts } from '../../../../src/orchestrator/database/queries/resolve-alerts.ts';
import { gatherCriticalFacts } from '../../../../src/orchestrator/reports/facts/critical-facts.ts';
import { factsPeriod } from '../../../../src/orchestrator/reports/period.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { webhookSettings } from '../../../support/recording-channel.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const PERIOD = factsPeriod('critical', '2025-12-10', 'Asia/Jerusalem')!;
const at = (time: string) => new Date(`2025-12-${time}:00Z`);
const NOON = at('10T12:00').getTime();

interface Told {
  readonly name?: string;
  readonly severity?: AlertSeverity;
  readonly detail?: unknown;
}

async function tell(database: Database, time: string, told: Told = {}): Promise<string> {
  const report = {
    dedup_key: told.name ?? 'memory',
    severity: told.severity ?? 'critical',
    server: 'AIGARDEN01' as ServerName,
    agent_id: 'GROK' as AgentId,
    kind: 'log.critical',
    title: 'out of memory',
    detail: (told.detail ?? {}) as Readonly<Record<string, unknown>>,
    at: at(time).toISOString(),
    count: 1,
  };
  const [alert] = await database.transaction((transaction) => recordAlerts(transaction, [report], at(time), 'agent'));
  return alert!.id;
}

test('critical alerts of a day come with what happened, the lines around and whom it was told to, as of now', async () => {
  await using database = await postgres.database();
  const lines = Array.from({ length: 20 }, (_, n) => ({
    timestamp: `2025-12-10T05:59:${String(n + 10)}.5Z`,
    level: 'INFO',
    message: `step ${n}`,
  }));
  const own = { timestamp: '2025-12-10T06:00:00Z', level: 'CRITICAL', message: 'killed process 4242' };
  const detail = { rule: 'oom', reason: 'a word of death', revision: 'abc123def456', lines_before: lines, ...own };
  const id = await tell(database, '10T06:00', { detail });
  await planNotifications(
    database,
    { alerts: DEFAULT_ALERTS, channels: [webhookSettings('oncall')] },
    at('10T06:00').getTime(),
  );
  await database.transaction((transaction) =>
    acknowledgeAlert(transaction, id, { by: 'dana', note: 'looking' }, at('10T06:05')),
  );
  await database.transaction((transaction) =>
    resolveAlerts(transaction, { ids: [id] }, at('11T06:00'), { by: null, note: null }),
  );

  const facts = await gatherCriticalFacts(database, PERIOD, at('11T07:00').getTime());

  const [alert] = facts.alerts;
  assert.deepEqual([facts.total, facts.open, facts.gaps, alert!.state], [1, 0, [], 'resolved']);
  assert.deepEqual([alert!.rule, alert!.reason, alert!.revision], ['oom', 'a word of death', 'abc123def456']);
  assert.deepEqual([alert!.acknowledged_by, alert!.resolved_at], ['dana', '2025-12-11T06:00:00.000Z']);
  assert.equal(alert!.lines.length, 21);
  assert.deepEqual(alert!.lines[0], { at: '2025-12-10T05:59:10.500Z', level: 'INFO', text: 'step 0', is_cause: false });
  assert.deepEqual(alert!.lines[20], {
    at: '2025-12-10T06:00:00.000Z',
    level: 'CRITICAL',
    text: 'killed process 4242',
    is_cause: true,
  });
  assert.deepEqual(
    alert!.timeline.map(({ event, by, note }) => [event, by, note]),
    [
      ['opened', null, null],
      ['acknowledged', 'dana', 'looking'],
      ['resolved', null, null],
    ],
  );
  assert.deepEqual(
    alert!.deliveries.map(({ channel, state, at: when }) => [channel, state, when]),
    [['oncall', 'waiting', null]],
  );
});

test('what became critical on the day is of it, in the order of time; what was before, and what is milder, is not', async () => {
  await using database = await postgres.database();
  await tell(database, '09T05:00', { name: 'grew', severity: 'warning' });
  await tell(database, '10T08:00', { name: 'grew' });
  await tell(database, '10T09:00', { name: 'grew', severity: 'info' });
  await tell(database, '10T07:00', { name: 'early' });
  await tell(database, '09T05:00', { name: 'before' });
  await tell(database, '10T05:00', { name: 'mild', severity: 'warning' });
  await tell(database, '10T22:00', { name: 'next day' });

  const { alerts, total, open, gaps } = await gatherCriticalFacts(database, PERIOD, NOON);

  assert.deepEqual(
    alerts.map((one) => [one.from_before, one.severity]),
    [
      [false, 'critical'],
      [true, 'critical'],
    ],
  );
  assert.deepEqual([total, open, gaps], [2, 2, [{ kind: 'unfinished' }]]);
});

test('a detail that holds anything at all is read as far as it makes sense', async () => {
  await using database = await postgres.database();
  const long = 'ש'.repeat(5_000);
  const details: readonly unknown[] = [
    null,
    [],
    'text',
    { lines_before: 'no list', reason: { deep: [1] }, rule: ['x'], revision: 7 },
    {
      lines_before: [null, 1, {}, { message: 5 }, { message: long, timestamp: 'soon', level: 'LOUD' }],
      level: 'LOUD',
      message: 'x',
    },
    { level: 'ERROR', message: '\u202e=cmd|calc', timestamp: `9${'9'.repeat(300)}`, lines_before: { length: 3 } },
    { lines_before: Array.from({ length: 5_000 }, (_, n) => ({ message: `m${n}` })), level: 'ERROR', message: 'own' },
    {
      lines_before: [{ message: 'own', timestamp: '2025-12-10T05:00:00Z' }],
      level: 'ERROR',
      message: 'own',
      timestamp: '2025-12-10T05:00:00Z',
    },
  ];
  for (const [n, detail] of details.entries()) {
    const id = await tell(database, `10T05:${String(n + 10)}`, { name: `n${n}` });
    await database.query('UPDATE alerts SET detail = $2 WHERE id = $1', [id, JSON.stringify(detail)]);
  }

  const { alerts } = await gatherCriticalFacts(database, PERIOD, NOON);

  assert.deepEqual(
    alerts.map(({ lines }) => lines.map(({ text, is_cause: isCause }) => (isCause ? '!' : '') + text.slice(0, 12))),
    [
      [],
      [],
      [],
      [],
      ['ש'.repeat(12)],
      ['!\u202e=cmd|calc'],
      [...Array.from({ length: 20 }, (_, n) => `m${4_980 + n}`), '!own'],
      ['!own'],
    ],
  );
  assert.deepEqual([alerts[3]!.reason, alerts[3]!.rule, alerts[3]!.revision], [null, null, '7']);
  assert.deepEqual(
    [alerts[4]!.lines[0]!.at, alerts[4]!.lines[0]!.level, alerts[4]!.lines[0]!.text.length],
    [null, null, 2_000],
  );
});

test('more than a report lists are counted', async () => {
  await using database = await postgres.database();
  for (let n = 0; n < 103; n++) await tell(database, '10T05:00', { name: `n${n}` });

  const { alerts, total, open } = await gatherCriticalFacts(database, PERIOD, NOON);

  assert.deepEqual([alerts.length, total, open], [100, 103, 103]);
  const nothing = await gatherCriticalFacts(database, factsPeriod('critical', '2025-12-01', 'Asia/Jerusalem')!, NOON);
  assert.deepEqual([nothing.alerts, nothing.total, nothing.open], [[], 0, 0]);
});
