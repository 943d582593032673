/** A database goes to the archive and comes back, over a folder and over S3, whole or not at all. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type BackupManifest, parseBackupKey } from '../../../src/contract/backup.ts';
import { makeBackup } from '../../../src/orchestrator/backups/make-backup.ts';
import { listBackups, readBackupManifest } from '../../../src/orchestrator/backups/read-backup.ts';
import { restoreBackup } from '../../../src/orchestrator/backups/restore.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { migrate } from '../../../src/orchestrator/database/migrate.ts';
import { tendPartitions } from '../../../src/orchestrator/database/partitions.ts';
import { DEFAULT_HISTORY } from '../../../src/orchestrator/history/resolutions.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { type Archive, openArchive } from '../../../src/storage/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { changedArchive, tableSums } from '../../support/backups.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { tempDir } from '../../support/temp-dir.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const signal = new AbortController().signal;
const NOW = Date.parse('2026-11-26T12:00:00Z');
/** What text can hold that a format could trip over. */
const NASTY = ['\\.', '\\', '\t', '\n\\.\n', '\r\n', '\\N', '', 'שלום', '😀', "'; DROP TABLE servers; --", '$1'];

/** Rows in tables that refer to each other, with values that are hard to write down. */
async function fill(database: Database, beats = 500): Promise<void> {
  await tendPartitions(database, NOW, DEFAULT_HISTORY);
  await database.query(
    `INSERT INTO enrolment_tokens (id, secret_sha256, uses_max, created_by, created_at, expires_at)
     VALUES ('t1', repeat('a', 64), NULL, 'admin', $1, $1)`,
    [new Date(NOW)],
  );
  for (const [index, text] of NASTY.entries()) {
    await database.query(
      `INSERT INTO servers (server, enrolled_at, agent_version, next_judged_at, config_error) VALUES ($1, $2, $3, 'infinity', $3)`,
      [`AIGARDEN${index}`, new Date(NOW + index), text],
    );
    await database.query(
      `INSERT INTO agent_keys (key_sha256, server, token_id, created_at, replaces)
       VALUES (lpad($1, 64, '0'), $2, 't1', $3, CASE WHEN $4 = '' THEN NULL ELSE lpad($4, 64, '0') END)`,
      [String(index), `AIGARDEN${index}`, new Date(NOW), index === 0 ? '' : String(index - 1)],
    );
  }
  await database.query("INSERT INTO people (name, role, created_at) VALUES ('dana', 'admin', now())");
  await database.query(
    `INSERT INTO sessions (session_sha256, person, created_at, expires_at) VALUES (repeat('b', 64), 'dana', now(), now())`,
  );
  await database.query("INSERT INTO catalog_secrets (name, secret) VALUES ('uploads', 'opens-something')");
  await database.query(
    `INSERT INTO agent_status (agent_id, server, timestamp, status, metrics, alerts, last_action, uptime_seconds, received_at,
       epoch, backlog_records, detail)
     SELECT 'GROK', 'AIGARDEN' || n % 3, $1::timestamptz - n * interval '31 minutes', 'healthy', jsonb_build_object('n', n), '[]', $2::text, n,
       $1, repeat('0', 16), n, jsonb_build_object('text', $2::text, 'float', n / 3.0::float8)
     FROM generate_series(1, $3::int) AS n`,
    [new Date(NOW), NASTY.join('|').replaceAll('\0', ''), beats],
  );
}

async function backUp(
  database: Database,
  archive: Archive,
  more: { beatsMs?: number; partTextBytes?: number; run?: string } = {},
): Promise<BackupManifest> {
  const { run = 'aaaaaaaaaaaa', beatsMs = 40 * 86_400_000, partTextBytes } = more;
  const clock = { ...systemClock, now: () => NOW };
  const logger = silentLogger;
  const made = await makeBackup({
    database,
    archive,
    clock,
    logger,
    run,
    day: '2026-11-26',
    beatsMs,
    signal,
    partTextBytes,
  });
  assert.equal(made.checked, 'restored');
  return readBackupManifest(archive, made.key);
}

async function folderArchive(t: TestContext): Promise<Archive> {
  return openArchive({ type: 'folder', path: await tempDir(t) }, { clock: systemClock });
}

for (const [name, open] of [
  ['a folder', folderArchive],
  [
    'S3',
    async (t: TestContext) => {
      const s3 = await S3Server.start();
      t.after(() => s3[Symbol.asyncDispose]());
      return openArchive(s3.settings, { clock: systemClock });
    },
  ],
] as const)
  test(`what was backed up to ${name} is restored row for row, number for number, and goes on`, async (t) => {
    await using archive = await open(t);
    await using database = await postgres.database();
    await fill(database);

    const manifest = await backUp(database, archive, { partTextBytes: 20_000 });
    await using restored = await postgres.emptyDatabase();
    const phases: string[] = [];
    await restoreBackup({
      database: restored,
      archive,
      manifest,
      clock: systemClock,
      signal,
      onProgress: ({ phase, rows, rowsTotal }) => phases.push(`${phase} ${rows === rowsTotal}`),
    });

    assert.ok(manifest.parts.length > 2, `${manifest.parts.length} parts`);
    assert.deepEqual(await tableSums(restored, ['catalog_secrets']), await tableSums(database, ['catalog_secrets']));
    assert.equal((await restored.query('SELECT FROM catalog_secrets')).count, 0);
    assert.ok(phases.includes('filling true') && phases.includes('comparing true'));
    assert.deepEqual(await migrate(restored, systemClock), []);
    // Constraints, triggers and the numbers to come are there as well.
    await assert.rejects(restored.query("DELETE FROM servers WHERE server = 'AIGARDEN1'"), /foreign key/);
    await assert.rejects(restored.query('DELETE FROM audit_log'), /append-only/);
    const next = async (one: Database) =>
      (
        await one.query<{ id: number }>(
          `INSERT INTO agent_status (agent_id, server, timestamp, status, metrics, alerts, uptime_seconds, received_at, epoch,
             backlog_records, detail) VALUES ('X', 'X', $1, 'healthy', '{}', '[]', 1, $1, repeat('0', 16), 0, '{}') RETURNING id`,
          [new Date(NOW)],
        )
      ).rows[0]?.id;
    assert.equal(await next(restored), await next(database));
  });

test('a database that has anything in it is left as it is', async (t) => {
  await using archive = await folderArchive(t);
  await using database = await postgres.database();
  const manifest = await backUp(database, archive);
  await using other = await postgres.emptyDatabase();
  await other.query('CREATE TABLE theirs (a int)');

  for (const taken of [database, other])
    await assert.rejects(restoreBackup({ database: taken, archive, manifest, clock: systemClock, signal }), {
      code: 'NSV_RESTORE_NOT_EMPTY',
    });

  assert.equal((await other.query("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace")).count, 1);
});

test('raw heartbeats of older days stay behind, all else comes back', async (t) => {
  await using archive = await folderArchive(t);
  await using database = await postgres.database();
  for (let day = 10; day >= 0; day--) await tendPartitions(database, NOW - day * 86_400_000, DEFAULT_HISTORY);
  await fill(database);
  const count = async (one: Database, condition = 'true') =>
    (await one.query(`SELECT FROM agent_status WHERE ${condition}`)).count;

  const manifest = await backUp(database, archive, { beatsMs: 2 * 86_400_000 });
  await using restored = await postgres.emptyDatabase();
  await restoreBackup({ database: restored, archive, manifest, clock: systemClock, signal });

  const since = "timestamp >= '2026-11-24'";
  assert.equal(manifest.beats_since, '2026-11-24');
  assert.ok((await count(database)) > (await count(database, since)));
  assert.equal(await count(restored), await count(database, since));
  assert.ok((await count(restored)) > 50);
});

test('a part that is gone, changed, exchanged or cut short is refused, and nothing stays of the attempt', async (t) => {
  const s3 = await S3Server.start();
  t.after(() => s3[Symbol.asyncDispose]());
  await using archive = await openArchive(s3.settings, { clock: systemClock });
  await using database = await postgres.database();
  await fill(database);
  const manifest = await backUp(database, archive, { partTextBytes: 20_000 });
  const [first, second] = manifest.parts;
  const whole = s3.objects.get(second!.key)!.body;
  const spoilt = Buffer.from(whole);
  spoilt[whole.length >> 1]! ^= 1;
  await using restored = await postgres.emptyDatabase();
  const restore = () => restoreBackup({ database: restored, archive, manifest, clock: systemClock, signal });

  for (const [spoil, code] of [
    [() => s3.remove(second!.key), 'NSV_ARCHIVE_NOT_FOUND'],
    [() => s3.plant(second!.key, spoilt), 'NSV_BACKUP_DAMAGED'],
    [() => s3.plant(second!.key, whole.subarray(0, -20)), 'NSV_BACKUP_DAMAGED'],
    [() => s3.plant(second!.key, s3.objects.get(first!.key)!.body), 'NSV_BACKUP_DAMAGED'],
  ] as const) {
    spoil();
    await assert.rejects(restore(), { code });
    assert.equal((await restored.query("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace")).count, 0);
  }

  // A row that somebody has changed, packed as well as before: its checksum tells, and where that was changed too, the table's sum.
  const text = gunzipSync(whole).toString().replace('healthy', 'ill....');
  const forged = gzipSync(text);
  s3.plant(second!.key, forged);
  await assert.rejects(restore(), /its SHA-256 differs/);
  const sha256 = createHash('sha256').update(forged).digest('hex');
  const parts = manifest.parts.map((part) => (part === second ? { ...part, sha256 } : part));
  const claimed = { ...manifest, parts };
  await assert.rejects(
    restoreBackup({ database: restored, archive, manifest: claimed, clock: systemClock, signal }),
    /rows of agent_status\w*, its parts hold others/,
  );

  s3.plant(second!.key, whole);
  await restore();
});

test('a manifest that is none of ours, or leads elsewhere, is refused before anything of it is used', async (t) => {
  const s3 = await S3Server.start();
  t.after(() => s3[Symbol.asyncDispose]());
  await using archive = await openArchive(s3.settings, { clock: systemClock });
  await using database = await postgres.database();
  const good = await backUp(database, archive);
  const key = [...s3.objects.keys()].find((one) => one.endsWith('.json'))!;
  const table = good.tables[0]!;

  for (const [bad, code] of [
    ['{"format":1', 'NSV_BACKUP_DAMAGED'],
    ['null', 'NSV_BACKUP_DAMAGED'],
    [{ ...good, format: 2, tables: 'in another form' }, 'NSV_BACKUP_NEWER'],
    [{ ...good, run: 'bbbbbbbbbbbb' }, 'NSV_BACKUP_DAMAGED'],
    [{ ...good, parts: [{ ...good.parts[0], key: 'logs/AIGARDEN01/x' }] }, 'NSV_BACKUP_DAMAGED'],
    [{ ...good, tables: [{ ...table, name: 'x"; DROP TABLE servers; --' }] }, 'NSV_BACKUP_DAMAGED'],
    [{ ...good, tables: [{ ...table, columns: ["a\") FROM PROGRAM 'id' --"] }] }, 'NSV_BACKUP_DAMAGED'],
    [
      { ...good, tables: [{ ...table, partition: { of: 'agent_status', bound: 'DEFAULT; DROP TABLE servers' } }] },
      'NSV_BACKUP_DAMAGED',
    ],
  ] as const) {
    s3.plant(key, Buffer.from(typeof bad === 'string' ? bad : JSON.stringify(bad)));
    await assert.rejects(readBackupManifest(archive, key), { code }, JSON.stringify(bad).slice(0, 100));
  }
});

test('without its manifest a backup is none, and names of others are none of ours', async (t) => {
  const s3 = await S3Server.start();
  t.after(() => s3[Symbol.asyncDispose]());
  await using archive = await openArchive(s3.settings, { clock: systemClock });
  await using database = await postgres.database();
  const manifest = await backUp(database, archive);
  s3.plant('backups/daily/2026-11-26.dump', Buffer.from('x'));
  const [found] = await listBackups(archive);

  s3.remove(found!.key);

  assert.equal(found?.run, manifest.run);
  assert.deepEqual(await listBackups(archive), []);
  assert.equal(parseBackupKey('backups/daily/../2026-11-26.aaaaaaaaaaaa.json'), undefined);
});

test('while a backup is made others write, and it shows the instant of its beginning', async (t) => {
  await using database = await postgres.database();
  await fill(database, 50);
  const inner = await folderArchive(t);
  let wrote = false;
  const archive = changedArchive(inner, {
    put: async (...parameters) => {
      if (!wrote) await database.query("INSERT INTO people (name, role, created_at) VALUES ('late', 'viewer', now())");
      wrote = true;
      return inner.put(...parameters);
    },
  });

  const manifest = await backUp(database, archive, { partTextBytes: 2_000 });

  assert.equal(manifest.tables.find(({ name }) => name === 'people')?.rows, 1);
  assert.equal((await database.query('SELECT FROM people')).count, 2);
});
