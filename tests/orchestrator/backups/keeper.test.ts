/** When backups are made and by whom, what becomes of earlier ones, and who hears of it when one fails. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { BACKUP_DEFAULTS, type BackupSettings } from '../../../src/config/index.ts';
import { BackupKeeper, isDue } from '../../../src/orchestrator/backups/backup-keeper.ts';
import { keptBackups } from '../../../src/orchestrator/backups/kept-backups.ts';
import { listBackups } from '../../../src/orchestrator/backups/read-backup.ts';
import { nightOf } from '../../../src/orchestrator/backups/schedule.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { type BackupState, claimBackup, readBackups } from '../../../src/orchestrator/database/queries/backups.ts';
import { PostgresEventHub } from '../../../src/orchestrator/fleet/event-hub.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { createLogger, silentLogger } from '../../../src/platform/logger.ts';
import { type Archive, openArchive } from '../../../src/storage/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { changedArchive } from '../../support/backups.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SetClock } from '../../support/simulated-fleet.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const DAY_MS = 86_400_000;

async function s3Archive(t: TestContext): Promise<{ s3: S3Server; archive: Archive }> {
  const s3 = await S3Server.start();
  const archive = await openArchive(s3.settings, { clock: systemClock, limits: { attemptsMax: 1 } });
  t.after(async () => {
    await archive[Symbol.asyncDispose]();
    await s3[Symbol.asyncDispose]();
  });
  return { s3, archive };
}

function keeperOf(
  database: Database,
  archive: Archive,
  clock: SetClock,
  more: { settings?: Partial<BackupSettings>; log?: string[]; leaseMs?: number } = {},
): BackupKeeper {
  const logger =
    more.log === undefined ? silentLogger : createLogger({ clock, write: (line) => void more.log?.push(line) });
  const hub = new PostgresEventHub({ database, clock, logger: silentLogger });
  const settings = { ...BACKUP_DEFAULTS, ...more.settings };
  return new BackupKeeper({ database, archive, clock, logger, hub, settings: () => settings, leaseMs: more.leaseMs });
}

async function alertsOf(database: Database): Promise<[state: string, severity: string][]> {
  const { rows } = await database.query<{ state: string; severity: string }>(
    "SELECT state, severity FROM alerts WHERE kind = 'backup.failed' ORDER BY id",
  );
  return rows.map(({ state, severity }) => [state, severity]);
}

test('a night is the last one whose time has come, by the local clock, also where summer time begins and ends', () => {
  const jerusalem = { at: '02:30', timeZone: 'Asia/Jerusalem' };
  for (const [at, time, night] of [
    ['2026-11-26T02:29:59Z', { at: '02:30', timeZone: 'UTC' }, '2026-11-25'],
    ['2026-11-26T02:30:00Z', { at: '02:30', timeZone: 'UTC' }, '2026-11-26'],
    ['2026-11-26T23:59:00Z', { at: '02:30', timeZone: 'UTC' }, '2026-11-26'],
    ['2026-01-01T00:00:00Z', { at: '00:01', timeZone: 'UTC' }, '2025-12-31'],
    ['2026-07-01T23:29:00Z', jerusalem, '2026-07-01'],
    ['2026-07-01T23:30:00Z', jerusalem, '2026-07-02'],
    // 02:30 doesn't exist there on 27 March 2026 (02:00 → 03:00); the night comes all the same.
    ['2026-03-26T23:59:00Z', jerusalem, '2026-03-26'],
    ['2026-03-27T00:00:00Z', jerusalem, '2026-03-27'],
  ] as const)
    assert.equal(nightOf(Date.parse(at), time), night, at);
});

test('one is due once a night, after a failure with growing pauses, and a fresh database owes none', () => {
  const now = Date.parse('2026-11-26T03:00:00Z');
  const state = (more: Partial<BackupState>): BackupState => ({
    night: '2026-11-25',
    lastGoodAt: null,
    madeAt: new Date(0),
    failures: 0,
    failedAt: null,
    running: false,
    ...more,
  });
  const failed = (failures: number, agoMs: number) => state({ failures, failedAt: new Date(now - agoMs) });
  for (const [given, due] of [
    [state({}), true],
    [state({ night: '2026-11-26' }), false],
    [state({ night: '2026-11-20' }), true],
    [state({ running: true }), false],
    [state({ night: null, madeAt: new Date('2026-11-26T02:31:00Z') }), false],
    [state({ night: null, madeAt: new Date('2026-11-26T02:29:00Z') }), true],
    [failed(1, 299_000), false],
    [failed(1, 300_000), true],
    [failed(3, 1_199_000), false],
    [failed(3, 1_200_000), true],
    [failed(50, 3_600_000), true],
    [failed(1, -DAY_MS), true], // the clock was set back
  ] as const)
    assert.equal(isDue(given, BACKUP_DEFAULTS, now), due, JSON.stringify(given));
});

test('of the last days, weeks and months each keeps its newest, and the newest of all stays whatever is said', () => {
  const days = Array.from({ length: 500 }, (_, n) => ({
    day: new Date(Date.parse('2026-11-26') - n * DAY_MS).toISOString().slice(0, 10),
    at: 0,
  }));
  const kept = [...keptBackups(days, { daily: 3, weekly: 3, monthly: 4 })].map(({ day }) => day).sort();

  assert.deepEqual(kept, [
    '2026-08-31',
    '2026-09-30',
    '2026-10-31',
    '2026-11-15',
    '2026-11-22',
    '2026-11-24',
    '2026-11-25',
    '2026-11-26',
  ]);
  const twice = [
    { day: '2026-11-26', at: 1 },
    { day: '2026-11-26', at: 2 },
  ];
  assert.deepEqual([...keptBackups(twice, { daily: 1, weekly: 0, monthly: 0 })], [twice[1]]);
  assert.deepEqual([...keptBackups(twice, { daily: 0, weekly: 0, monthly: 0 })], [twice[1]]);
});

test('two replicas make one a night; a night that was missed is caught up, and earlier ones go by what is to be kept', async (t) => {
  const { s3, archive } = await s3Archive(t);
  await using database = await postgres.database();
  await using second = postgres.connect(postgres.lastName);
  const clock = new SetClock();
  const settings = { keep: { daily: 2, weekly: 0, monthly: 0 } };
  const [one, two] = [keeperOf(database, archive, clock, { settings }), keeperOf(second, archive, clock, { settings })];
  const foreign = 'backups/daily/2020-01-01.somebody-elses.dump';
  s3.plant(foreign, Buffer.from('x'));

  assert.deepEqual(await Promise.all([one.backUpIfDue(), two.backUpIfDue()]), [false, false]);
  const made: number[] = [];
  for (const days of [1, 1, 3]) {
    clock.jump(days * DAY_MS);
    const outcomes = await Promise.all([one.backUpIfDue(), two.backUpIfDue()]);
    made.push(outcomes.filter((outcome) => outcome).length);
  }

  const rows = (await readBackups(database)).map(({ state, checked, asked_by }) => [state, checked, asked_by]);
  const whole = await listBackups(archive);
  assert.deepEqual(made, [1, 1, 1]);
  assert.deepEqual(rows, [
    ['done', 'restored', null],
    ['done', 'restored', null],
  ]);
  assert.equal(whole.length, 2);
  assert.equal([...s3.objects.keys()].filter((key) => key.startsWith('backups/')).length, 2 * 2 + 1);
  assert.ok(s3.objects.has(foreign));
  assert.equal((await database.query("SELECT FROM pg_database WHERE starts_with(datname, 'nervesys_check')")).count, 0);
});

test('a failure is told once, is critical after three days, and is over with the next good one', async (t) => {
  const { s3, archive } = await s3Archive(t);
  await using database = await postgres.database();
  const clock = new SetClock();
  const keeper = keeperOf(database, archive, clock);
  clock.jump(DAY_MS);
  await s3.down();

  await keeper.backUpIfDue();
  const first = await alertsOf(database);
  const tooSoon = await keeper.backUpIfDue();
  clock.jump(3 * DAY_MS);
  await keeper.backUpIfDue();
  const later = await alertsOf(database);
  await s3.up();
  clock.jump(DAY_MS);
  await keeper.backUpIfDue();

  assert.deepEqual([first, tooSoon, later], [[['open', 'warning']], false, [['open', 'critical']]]);
  assert.deepEqual(await alertsOf(database), [['resolved', 'critical']]);
  const states = (await readBackups(database)).map(({ state, error }) => [state, /did not answer/.test(error ?? '')]);
  assert.deepEqual(states, [
    ['done', false],
    ['failed', true],
    ['failed', true],
  ]);
});

test('one that was broken off is begun anew once its lease is over; the second in a row is told', async (t) => {
  const { archive } = await s3Archive(t);
  await using database = await postgres.database();
  const clock = new SetClock();
  const keeper = keeperOf(database, archive, clock);
  clock.jump(DAY_MS);
  const breakOff = async (run: string) => {
    const now = clock.now();
    const claim = { run, day: '2026-01-01', night: '2026-01-01', askedBy: null };
    await claimBackup(database, claim, new Date(now), new Date(now + 60_000));
  };

  await breakOff('aaaaaaaaaaaa');
  const meanwhile = await keeper.backUpIfDue();
  await assert.rejects(keeper.begin('dana'), { code: 'NSV_BACKUP_RUNNING' });
  clock.jump(60_001);
  await breakOff('bbbbbbbbbbbb');
  const afterOne = await alertsOf(database);
  clock.jump(60_001 + 3_600_000);
  const made = await keeper.backUpIfDue();

  assert.deepEqual([meanwhile, afterOne, made], [false, [], true]);
  assert.deepEqual(await alertsOf(database), [['resolved', 'warning']]);
});

test('whoever loses its turn in the middle gives up, and leaves nothing that is taken for a backup', async (t) => {
  const { archive } = await s3Archive(t);
  await using database = await postgres.database();
  const clock = new SetClock();
  const slow = changedArchive(archive, {
    put: async (key: string, body: Uint8Array, signal?: AbortSignal) => {
      await database.query("UPDATE backups SET state = 'failed', lease_until = NULL, error = 'taken over'");
      await clock.sleep(60_000, signal);
      return archive.put(key, body);
    },
  });
  clock.jump(DAY_MS);

  await keeperOf(database, slow, clock, { leaseMs: 300 }).backUpIfDue();

  assert.deepEqual(await listBackups(archive), []);
  assert.deepEqual(
    (await readBackups(database)).map(({ state, error }) => [state, error]),
    [['failed', 'taken over']],
  );
});

test('closing gives a backup up at once, and leaves the night to whoever comes next', async (t) => {
  const { s3, archive } = await s3Archive(t);
  await using database = await postgres.database();
  const clock = new SetClock();
  clock.jump(DAY_MS);
  s3.failNext(1, { type: 'hang' });
  const keeper = keeperOf(database, archive, clock);
  const begun = await keeper.begin('dana');
  await until('its first part hangs', () => s3.requests.some(({ status }) => status === 0));

  await keeper.close();

  assert.equal(begun.state, 'running');
  assert.deepEqual(await readBackups(database), []);
  assert.equal(await keeperOf(database, archive, clock).backUpIfDue(), true);
});

test('an archive that does not let anything be deleted keeps all of them, and the backup is good', async (t) => {
  const { archive } = await s3Archive(t);
  await using database = await postgres.database();
  const clock = new SetClock();
  const log: string[] = [];
  const writeOnce = changedArchive(archive, {
    delete: async () => {
      throw new NervesysError('NSV_ARCHIVE_DENIED', 'denied');
    },
  });
  const keeper = keeperOf(database, writeOnce, clock, { log, settings: { keep: { daily: 1, weekly: 0, monthly: 0 } } });
  for (let night = 0; night < 2; night++) {
    clock.jump(DAY_MS);
    await keeper.backUpIfDue();
  }

  assert.equal((await listBackups(archive)).length, 2);
  assert.equal((await readBackups(database)).filter(({ state }) => state === 'done').length, 2);
  assert.equal(log.filter((line) => line.includes('does not let them be deleted')).length, 1);
  assert.deepEqual(await alertsOf(database), []);
});
