/** Reports on a shelf whose files can't take each other's place: what a mailbox gets, and what it is spared. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { EmailShelfSettings } from '../../../src/config/index.ts';
import { REPORT_KINDS } from '../../../src/contract/reports.ts';
import { raiseAlerts } from '../../../src/orchestrator/alerts/raise.ts';
import { EmailShelf } from '../../../src/orchestrator/reports/shelves/email-shelf.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { SmtpServer } from '../../servers/smtp-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { dataSince, keep, RecordingShelf, reportSettings } from '../../support/report-keeping.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** An installation that mails its reports, at 00:20 in Jerusalem. */
async function mailing(t: TestContext) {
  const server = await SmtpServer.start({});
  t.after(() => server.stop());
  const database = await postgres.database();
  const clock = new FakeClock('2026-11-25T22:20:00.000Z');
  const mail: EmailShelfSettings = {
    name: 'mail',
    type: 'email',
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    user: undefined,
    from: { name: 'Nervesys', address: 'reports@example.com' },
    to: ['dana@example.com', 'omer@example.com'],
    attachmentBytesMax: 1_000,
    languages: ['en'],
    kinds: REPORT_KINDS,
    formats: ['pdf'],
  };
  const settings = reportSettings({ shelves: [mail] });
  const kept = keep(database, clock, new RecordingShelf(), {
    settings: () => settings,
    openShelf: async () => new EmailShelf(mail, undefined, { clock: systemClock }),
  });
  t.after(() => kept.keeper.close());
  const subjects = () => server.mails.map(({ headers }) => headers.get('subject'));
  return { database, clock, server, subjects, ...kept };
}

test('a report that somebody sends again is mailed again, once for each wish', async (t) => {
  const { database, clock, subjects, keeper } = await mailing(t);
  await dataSince(database, '2026-11-25T08:00:00Z');
  await keeper.workOnce();
  assert.deepEqual(subjects(), ['daily 2026-11-25']);

  for (let wish = 0; wish < 2; wish++) {
    clock.jump(MINUTE_MS);
    await keeper.desk.sendAgain('daily', '2026-11-25');
    await keeper.workOnce();
    await keeper.workOnce();
  }

  assert.deepEqual(subjects(), ['daily 2026-11-25', 'daily 2026-11-25', 'daily 2026-11-25']);
});

test('critical alerts that go on come by mail once an hour, the newest of them, and once more after the day', async (t) => {
  const { database, clock, subjects, keeper, facts } = await mailing(t);
  const trouble = {
    server: 'SRV',
    agentId: null,
    dedupKey: 'disk',
    kind: 'rule',
    severity: 'critical',
    title: 'disk',
    detail: {},
  } as const;
  await database.transaction((transaction) => raiseAlerts(transaction, [trouble], new Date(clock.now())));
  clock.jump(30 * MINUTE_MS); // 00:50
  for (let round = 0; round < 2 * 12 + 1; round++, clock.jump(5 * MINUTE_MS)) {
    facts.records++; // it is told again and again
    await keeper.workOnce();
  }
  const title = 'critical 2026-11-26';
  assert.deepEqual(subjects(), [title, `${title} (version 13)`, `${title} (version 25)`]);

  facts.records++;
  await keeper.desk.make('critical', '2026-11-26'); // somebody does not want to wait
  await keeper.workOnce();
  assert.deepEqual(subjects().slice(3), [`${title} (version 26)`]);

  facts.records++;
  clock.jump(Date.parse('2026-11-26T22:00:00Z') - clock.now());
  await keeper.workOnce();
  clock.jump(HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual(subjects().slice(4), [`${title} (version 27)`]);
});

test('what is caught up, or made by hand for days gone by, fills no mailbox; who sends an old one gets it', async (t) => {
  const { database, subjects, keeper } = await mailing(t);
  await dataSince(database, '2026-11-01T08:00:00Z');

  await keeper.workOnce();
  assert.deepEqual(
    subjects().filter((subject) => subject?.startsWith('daily')),
    ['daily 2026-11-22', 'daily 2026-11-23', 'daily 2026-11-24', 'daily 2026-11-25'],
  );
  await keeper.desk.make('daily', '2026-11-10');
  await keeper.workOnce();
  assert.equal((await keeper.desk.detail('daily', '2026-11-10')).version, 1);
  assert.equal(subjects().includes('daily 2026-11-10'), false);

  await keeper.desk.sendAgain('daily', '2026-11-10', 'mail');
  await keeper.workOnce();
  assert.equal(subjects().includes('daily 2026-11-10'), true);
});
