/** The Postgres that people bring: Debian's, older than the one in npm, with its own settings. All our SQL must run there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { makeBackup } from '../../../src/orchestrator/backups/make-backup.ts';
import { readBackupManifest } from '../../../src/orchestrator/backups/read-backup.ts';
import { restoreBackup } from '../../../src/orchestrator/backups/restore.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { migrate } from '../../../src/orchestrator/database/migrate.ts';
import { tendPartitions } from '../../../src/orchestrator/database/partitions.ts';
import { DEFAULT_HISTORY } from '../../../src/orchestrator/history/resolutions.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { gunzip } from '../../../src/platform/gzip.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { type Archive, openArchive } from '../../../src/storage/index.ts';
import { archiveBatch } from '../../support/archive-fleet.ts';
import { tableSums } from '../../support/backups.ts';
import { makeBatch } from '../../support/batch.ts';
import { findDebianPostgres } from '../../support/debian-postgres.ts';
import { heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { nthRevision } from '../../support/revisions.ts';
import { tempDir } from '../../support/temp-dir.ts';

const found = findDebianPostgres();
const skip = found === undefined ? 'there is no Postgres in /usr/lib/postgresql (apt-get install postgresql)' : false;

describe(`Debian's Postgres${found === undefined ? '' : ` ${found.version}`}`, { skip }, () => {
  let debian: TestPostgres;
  let embedded: TestPostgres;
  before(async () => {
    [debian, embedded] = await Promise.all([TestPostgres.start('debian'), TestPostgres.start('embedded')]);
  });
  after(() => Promise.all([debian?.close(), embedded?.close()]));

  it('takes every migration, and is that server', async () => {
    await using database = await debian.emptyDatabase();

    const made = await migrate(database, systemClock);
    const { rows } = await database.query<{ server_version: string }>('SHOW server_version');

    assert.ok(made.length >= 10);
    assert.deepEqual(await migrate(database, systemClock), []);
    assert.ok(rows[0]?.server_version.startsWith(`${found?.version}.`));
  });

  it('is driven by the API: beats, alerts, batches, searches, revisions, tokens, people and the audit log', async (t) => {
    const system = await TestOrchestrator.open(t, await debian.database());
    const key = await system.enrol('AIGARDEN01');
    const now = new Date().toISOString();
    const alert = {
      dedup_key: 'x',
      severity: 'critical',
      server: 'AIGARDEN01',
      agent_id: 'GROK',
      kind: 'x',
      title: 'שלום',
      detail: {},
      at: now,
    };

    const beats = { heartbeats: [heartbeat('AIGARDEN01', 'GROK'), heartbeat('AIGARDEN01', 'GIMAI')] };
    assert.equal((await system.ask('POST', '/api/v1/heartbeats', { key, body: beats })).json.accepted, 2);
    for (let n = 0; n < 2; n++) await system.ask('POST', '/api/v1/alerts', { key, body: { alerts: [alert] } });
    const [told] = (await system.ask('GET', '/api/v1/alerts')).json.alerts;
    assert.deepEqual([told.title, told.count], ['שלום', 2]);
    assert.equal((await system.ask('POST', `/api/v1/alerts/${told.id}/acknowledge`)).status, 200);
    const fleet = (await system.ask('GET', '/api/v1/fleet')).json;
    assert.deepEqual([fleet.servers.length, fleet.agents.length], [1, 2]);
    const database = debian.connect(debian.lastName);
    await archiveBatch({ orchestrator: system, database, archive: system.archive, key }, makeBatch({}));
    const logs = await system.ask('GET', '/api/v1/logs?since=2025-12-10T00:00:00Z&agent_id=GROK&level=INFO');
    assert.equal(logs.text.trimEnd().split('\n').length, 3);
    await system.orchestrator.revisions.record(await nthRevision(1));
    await system.orchestrator.revisions.record(await nthRevision(2));
    const getters = [
      '/api/v1/agents/GROK/history?server=AIGARDEN01&minutes=60',
      '/api/v1/servers/AIGARDEN01/timeline',
      '/api/v1/rollout',
      '/api/v1/revisions',
      '/api/v1/tokens',
      '/api/v1/people',
      '/api/v1/sessions',
      '/api/v1/audit?limit=10',
      '/api/v1/audit/verdict',
      '/api/v1/backups',
      '/api/v1/archive',
      '/metrics',
      '/readyz',
    ];
    for (const path of getters) {
      const { status, text } = await system.ask('GET', path);
      assert.equal(status, 200, `${path}: ${text}`);
    }
    await tendPartitions(database, Date.now() + 40 * 86_400_000, DEFAULT_HISTORY);
  });

  it('restores a backup of the Postgres that we bring, and the other way round', async (t) => {
    const archive = await openArchive({ type: 'folder', path: await tempDir(t) }, { clock: systemClock });
    for (const [from, to, run] of [
      [embedded, debian, 'aaaaaaaaaaaa'],
      [debian, embedded, 'bbbbbbbbbbbb'],
    ] as const) {
      await using database = await from.database();
      await fill(database);
      await using restored = await to.emptyDatabase();

      await move(database, restored, archive, run);

      assert.deepEqual(await tableSums(restored), await tableSums(database));
    }
  });

  it('takes a backup by hand as well: psql reads the parts as they are', async (t) => {
    const folder = await tempDir(t);
    const archive = await openArchive({ type: 'folder', path: folder }, { clock: systemClock });
    await using database = await embedded.database();
    await fill(database);
    const options = { archive, clock: systemClock, logger: silentLogger, signal: new AbortController().signal };
    const made = await makeBackup({
      ...options,
      database,
      run: 'cccccccccccc',
      day: '2026-11-26',
      beatsMs: 7 * 86_400_000,
    });
    const { tables, parts } = await readBackupManifest(archive, made.key);
    await using byHand = await debian.database();
    const partitions = tables.flatMap(({ name, partition }) =>
      partition === undefined || partition.bound === 'DEFAULT'
        ? []
        : [`CREATE TABLE ${name} PARTITION OF ${partition.of} ${partition.bound};`],
    );
    const script = [
      ...partitions,
      'SET session_replication_role = replica;',
      `TRUNCATE ${tables.map(({ name }) => name).join(', ')};`,
      ...(await Promise.all(parts.map(async ({ key }) => (await gunzip(await archive.get(key))).toString()))),
    ];
    const { host, port, user } = debian.server.connection();
    const args = [
      '-X',
      '-q',
      '-v',
      'ON_ERROR_STOP=1',
      '-h',
      String(host),
      '-p',
      String(port),
      '-U',
      String(user),
      debian.lastName,
    ];

    execFileSync(`${found?.bin}/psql`, args, { input: script.join('\n') });

    assert.deepEqual(await tableSums(byHand), await tableSums(database));
  });
});

async function fill(database: Database): Promise<void> {
  await tendPartitions(database, Date.now(), DEFAULT_HISTORY);
  await database.query(
    `INSERT INTO agent_status (agent_id, server, timestamp, status, metrics, alerts, uptime_seconds, received_at, epoch,
       backlog_records, detail)
     SELECT 'GROK', 'AIGARDEN01', $1::timestamptz - n * interval '7 minutes 1.234567 seconds', 'healthy',
       jsonb_build_object('cpu', n / 7.0::float8, 'text', 'שלום \\ "' || n), '[]', n, $1, repeat('0', 16), n, '{}'
     FROM generate_series(1, 300) AS n`,
    [new Date()],
  );
}

async function move(database: Database, restored: Database, archive: Archive, run: string): Promise<void> {
  const options = { archive, clock: systemClock, logger: silentLogger, signal: new AbortController().signal };
  const made = await makeBackup({ ...options, database, run, day: '2026-11-26', beatsMs: 7 * 86_400_000 });
  assert.equal(made.checked, 'restored');
  await restoreBackup({ ...options, database: restored, manifest: await readBackupManifest(archive, made.key) });
}
