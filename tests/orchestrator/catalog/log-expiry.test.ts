/** Logs past their retention go, the oldest first, and nothing else does. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { StorageSettings } from '../../../src/config/index.ts';
import { LogExpiry } from '../../../src/orchestrator/catalog/log-expiry.ts';
import { reindexArchive } from '../../../src/orchestrator/catalog/reindex.ts';
import { searchLogs } from '../../../src/orchestrator/catalog/search-logs.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import { PostgresEventHub } from '../../../src/orchestrator/fleet/event-hub.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { type Archive, openArchive } from '../../../src/storage/index.ts';
import { runNervesys } from '../../commands/run-nervesys.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { announce, archiveBatch, type Fleet, KEY, openFleet, openS3Fleet, put } from '../../support/archive-fleet.ts';
import { changedArchive } from '../../support/backups.ts';
import { makeBatch } from '../../support/batch.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { foundRevision } from '../../support/revisions.ts';
import { SetClock } from '../../support/simulated-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const DAY_MS = 86_400_000;
const signal = new AbortController().signal;
/** Pauses between deletions are for a store that others use. */
class HastyClock extends SetClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

function expiryOf(
  database: Database,
  archive: Archive,
  clock: SetClock,
  logsMs: number | null = 100 * DAY_MS,
  log: string[] = [],
): LogExpiry {
  const logger = createLogger({ clock, write: (line) => void log.push(line) });
  const storage = {
    retention: { logsMs: logsMs ?? undefined, by: 'job' },
    upload: { windowMs: 600_000 },
  } as StorageSettings;
  const hub = new PostgresEventHub({ database, clock, logger });
  return new LogExpiry({ database, archive, clock, logger, hub, storage: () => storage });
}

async function catalogKeys(database: Database): Promise<string[]> {
  return (await database.query<{ key: string }>('SELECT key FROM archive_objects ORDER BY key')).rows.map(
    ({ key }) => key,
  );
}

/** An old batch, and one of this hour. */
async function archiveTwo(fleet: Fleet): Promise<readonly [old: string, young: string]> {
  const window = new Date(Math.floor(Date.now() / 600_000) * 600_000).toISOString();
  const old = await archiveBatch(fleet, makeBatch({}));
  return [old, await archiveBatch(fleet, makeBatch({ first: 4, window }))] as const;
}

test('what is past its retention goes from the archive, then from the catalog, and is told; all else stays', async (t) => {
  const fleet = await openS3Fleet(t, postgres);
  const { database, archive, s3 } = fleet;
  const [old, young] = await archiveTwo(fleet);
  const others = [
    'logs/AIGARDEN01/2025-12-10/notes.txt',
    'logs/AIGARDEN01/2025-12-10/19-50.json.gz',
    'backups/daily/x',
  ];
  for (const key of others) s3.plant(key, Buffer.from('x'));
  const clock = new HastyClock();
  const expiry = expiryOf(database, archive, clock);

  const tooSoon = await expiry.expireOnce(); // it came late: it stays for a week
  clock.jump(8 * DAY_MS);
  const { objects, servers, records } = await expiry.preview();
  const removed = [await expiry.expireOnce(), await expiry.expireOnce()];

  assert.deepEqual([tooSoon, objects, servers, records, removed], [0, 1, 1, 3, [1, 0]]);
  assert.deepEqual([...s3.objects.keys()].filter((key) => !key.includes('probe')).sort(), [...others, young].sort());
  assert.deepEqual(await catalogKeys(database), [young]);
  const audit = (await fleet.orchestrator.ask('GET', '/api/v1/audit')).json.entries[0];
  assert.deepEqual([audit.action, audit.actor_type, JSON.parse(audit.detail).first], ['logs.expired', 'system', old]);
});

test('without a retention nothing goes, however old, and one of minutes counts as a day', async (t) => {
  const fleet = await openS3Fleet(t, postgres);
  const [old, young] = await archiveTwo(fleet);
  const clock = new HastyClock();
  clock.jump(10 * 60_000);
  await fleet.database.query(
    "UPDATE archive_objects SET archived_at = archived_at - interval '1 hour' WHERE key = $1",
    [young],
  );

  const minutes = await expiryOf(fleet.database, fleet.archive, clock, 60_000).expireOnce();
  clock.jump(1_000 * DAY_MS);
  const forever = expiryOf(fleet.database, fleet.archive, clock, null);

  assert.deepEqual([minutes, await forever.expireOnce(), forever.horizon], [0, 0, undefined]);
  await assert.rejects(forever.preview(), { code: 'NSV_RETENTION_NOT_SET' });
  assert.deepEqual(await catalogKeys(fleet.database), [old, young].sort());
});

test('two replicas remove each object once', async (t) => {
  const fleet = await openS3Fleet(t, postgres);
  const { database, archive, s3 } = fleet;
  for (let n = 0; n < 6; n++) await archiveBatch(fleet, makeBatch({ first: 1 + 3 * n, epoch: '0123456789abcdef' }));
  await using second = postgres.connect(postgres.lastName);
  const clock = new HastyClock();
  clock.jump(8 * DAY_MS);

  const [one, two] = [expiryOf(database, archive, clock), expiryOf(second, archive, clock)];
  const removed = await Promise.all([one.expireOnce(), two.expireOnce()]);

  assert.equal(removed[0]! + removed[1]!, 6);
  assert.equal(s3.requests.filter(({ method }) => method === 'DELETE').length, 6);
});

test('where the credential may not delete they stay; what the store has ended by itself is forgotten', async (t) => {
  const fleet = await openS3Fleet(t, postgres);
  const { database, s3 } = fleet;
  const [old, young] = await archiveTwo(fleet);
  const denied = changedArchive(fleet.archive, {
    delete: async () => {
      throw new NervesysError('NSV_ARCHIVE_DENIED', 'denied');
    },
  });
  const clock = new HastyClock();
  clock.jump(8 * DAY_MS);
  const expiry = expiryOf(database, denied, clock);

  await assert.rejects(expiry.expireOnce(), { code: 'NSV_ARCHIVE_DENIED' });
  const before = await catalogKeys(database);
  s3.remove(old);
  const removed = await expiry.expireOnce();

  assert.deepEqual([before, removed, await catalogKeys(database)], [[old, young].sort(), 1, [young]]);
});

test('a failure in the middle forgets what is gone and nothing more, and the next round goes on', async (t) => {
  const fleet = await openS3Fleet(t, postgres);
  const { database, s3 } = fleet;
  for (let n = 0; n < 4; n++) await archiveBatch(fleet, makeBatch({ first: 1 + 3 * n }));
  let calls = 0;
  const failing = changedArchive(fleet.archive, {
    delete: async (key) => {
      if (++calls === 3) throw new NervesysError('NSV_ARCHIVE_BUSY', 'busy', { retryable: true });
      return fleet.archive.delete(key);
    },
  });
  const clock = new HastyClock();
  clock.jump(8 * DAY_MS);
  const expiry = expiryOf(database, failing, clock);

  await assert.rejects(expiry.expireOnce(), { code: 'NSV_ARCHIVE_BUSY' });
  const left = await catalogKeys(database);

  assert.equal(left.length, 2);
  assert.ok(left.every((key) => s3.objects.has(key)));
  assert.equal(await expiry.expireOnce(), 2);
});

test('what is past its retention is neither missing for a reindex nor unreadable for a search', async (t) => {
  const fleet = await openS3Fleet(t, postgres);
  const { database, archive, s3 } = fleet;
  const [old, young] = await archiveTwo(fleet);
  s3.remove(old); // by itself, before the job came by
  const expiredBefore = Date.now() - 100 * DAY_MS;
  const clock = new SetClock();
  clock.jump(1_000); // what was archived in this very moment is never called missing

  const steps = reindexArchive({ database, archive, clock, expiredBefore, signal });
  let step = await steps.next();
  while (!step.done) step = await steps.next();
  const search = async (horizon: number | undefined) => {
    const lines: string[] = [];
    const query = { limit: 100 } as Parameters<typeof searchLogs>[0]['query'];
    for await (const line of searchLogs({ database, archive, query, expiredBefore: horizon, now: Date.now, signal }))
      lines.push(JSON.parse(line).action);
    return lines;
  };

  assert.deepEqual([step.value.missing, step.value.known], [0, 1]);
  assert.ok(!(await search(expiredBefore)).includes('nervesys.unreadable'));
  assert.ok((await search(undefined)).includes('nervesys.unreadable'));
  assert.ok(s3.objects.has(young));
});

test('where objects end by themselves the permission carries the end, signed, and the store takes them away in time', async (t) => {
  let now = Date.now();
  const s3 = await S3Server.start({ now: () => now });
  t.after(() => s3[Symbol.asyncDispose]());
  const clock = new SetClock();
  const archive = await openArchive({ ...s3.settings, logsExpireAfterMs: 2.5 * DAY_MS }, { clock });
  const fleet = await openFleet(t, postgres, archive);
  const batch = makeBatch({});

  const permission = (await announce(fleet, batch)).json;
  const { 'x-amz-meta-object-expires': expires, ...without } = permission.headers;
  const refused = await put(fleet, { url: permission.url, headers: without }, batch.object);
  const taken = await put(fleet, permission, batch.object);
  await archive.put('backups/daily/kept', Buffer.from('x'));
  await archive.put('logs/AIGARDEN01/2025-12-10/20-00.json.gz', Buffer.from('x'));
  now += 2 * DAY_MS;
  clock.jump(2 * DAY_MS);
  const meanwhile = await archive.head(KEY);
  now += DAY_MS;
  clock.jump(DAY_MS);

  assert.deepEqual([expires, refused.status, taken.status], ['+60h', 403, 200]);
  assert.equal(meanwhile?.bytes, batch.object.length);
  assert.equal(await archive.head(KEY), undefined);
  assert.equal(await archive.head('logs/AIGARDEN01/2025-12-10/20-00.json.gz'), undefined);
  assert.equal((await archive.head('backups/daily/kept'))?.bytes, 1);
});

test('the command says what would go, and that nothing does without a retention', async (t: TestContext) => {
  const fleet = await openS3Fleet(t, postgres);
  const { orchestrator, database } = fleet;
  await archiveTwo(fleet);
  const args = ['archive', 'expire', '--dry-run', '--home', orchestrator.home];

  const unset = await runNervesys(args);
  await orchestrator.orchestrator.revisions.record(
    await foundRevision({ 'storage.yaml': 'retention: { logs: 100d }\n' }),
  );
  await database.query("UPDATE archive_objects SET archived_at = archived_at - interval '8 days'");
  const set = await runNervesys(args);

  assert.equal(unset.code, 1);
  assert.match(unset.stderr, /kept for ever[\s\S]*retention: \{ logs: 400d \}/);
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout.toString(), /Would be removed: 1 objects of 1 servers, 3 records/);
  assert.equal((await catalogKeys(database)).length, 2);
});
