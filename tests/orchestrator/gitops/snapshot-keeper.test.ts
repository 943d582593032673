/** What is rolled out is put into the archive: a whole orchestrator over a folder, and over an S3 server that is away at first. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { SnapshotKeeper } from '../../../src/orchestrator/gitops/snapshot-keeper.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { gunzip, gzip } from '../../../src/platform/gzip.ts';
import { createLogger, silentLogger } from '../../../src/platform/logger.ts';
import { openArchive } from '../../../src/storage/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { foundRevision, nthRevision, refusedRevision } from '../../support/revisions.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const SHA = '0123456789abcdef0123456789abcdef01234567';
const COMMIT = {
  sha: SHA,
  author: 'Dana <dana@example.com>',
  subject: 'a change',
  committedAt: Date.parse('2026-03-01T10:20:30Z'),
  signer: null,
};
const FILES = { 'storage.yaml': 'upload: { window: 5m }\n', 'agents/grok.yaml': 'role: מבקר\n' };

function fromGit(files: Readonly<Record<string, string>> = FILES) {
  return foundRevision(files, { source: 'git', commit: COMMIT, revision: SHA.slice(0, 12) });
}

async function untar(t: TestContext, body: Uint8Array): Promise<Record<string, string>> {
  const folder = await tempDir(t);
  await writeFile(join(folder, '.tar.gz'), body);
  const names = execFileSync('tar', ['-xvzf', join(folder, '.tar.gz'), '-C', folder], { encoding: 'utf8' });
  const files = names
    .trim()
    .split('\n')
    .map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(files));
}

test('each revision that is rolled out stands in the folder archive under its sha, as tar opens it; a refused one does not', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const folder = join(system.home, 'archive');
  const second = await nthRevision(2);

  await system.orchestrator.revisions.record(await fromGit());
  await system.orchestrator.revisions.record(refusedRevision('aaaaaaaaaaaa'));
  await system.orchestrator.revisions.record(second);
  const path = (name: string) => join(folder, 'configs/snapshots', `${name}.tar.gz`);
  const [first, last] = await until('both are there', () =>
    Promise.all([readFile(path(SHA)), readFile(path(second.revision))]).catch(() => undefined),
  );

  assert.deepEqual(await untar(t, first), FILES);
  assert.deepEqual(await untar(t, last), second.files);
  await assert.rejects(readFile(path('aaaaaaaaaaaa')), { code: 'ENOENT' });
});

test('with the archive away a rollout goes on, and its snapshot comes later, after a restart too', async (t) => {
  await using s3 = await S3Server.start();
  const archive = await openArchive(s3.settings, { clock: systemClock });
  await s3.down();
  const home = await tempDir(t);
  const database = await postgres.database();
  const log: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
  const system = await TestOrchestrator.open(t, database, { archive, home, logger });

  await system.orchestrator.revisions.record(await fromGit());
  await until('that it is not there is logged', () => log.some((line) => line.includes('not in the archive yet')));
  const { config } = (await system.ask('GET', '/api/v1/rollout')).json;
  await s3.up();
  const desired = { onChange: () => ({ [Symbol.dispose]: () => undefined }) };
  const again = new SnapshotKeeper({ database, archive, desired, clock: systemClock, logger: silentLogger });
  const counts = [await again.archiveOnce(), await again.archiveOnce()];

  assert.equal(config.desired, SHA.slice(0, 12));
  assert.deepEqual(counts, [1, 0]);
  const { body } = s3.objects.get(`configs/snapshots/${SHA}.tar.gz`)!;
  assert.deepEqual(await untar(t, body), FILES);
  const put = s3.requests.findLast(({ method }) => method === 'PUT');
  assert.equal(put?.headers['if-none-match'], '*');
});

test('a name that is taken by the same text is success, whoever compressed it; another text stays as it stands and is told', async (t) => {
  await using s3 = await S3Server.start();
  await using archive = await openArchive(s3.settings, { clock: systemClock });
  const key = `configs/snapshots/${SHA}.tar.gz`;
  const log: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
  const desired = { onChange: () => ({ [Symbol.dispose]: () => undefined }) };
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database); // its own keeper has another archive
  await system.orchestrator.revisions.record(await fromGit());
  const isNoted = 'SELECT FROM config_revisions WHERE snapshot_at IS NOT NULL';
  await until('its own keeper is done', async () => (await database.query(isNoted)).count === 1);
  // As an orchestrator whose database was restored: it does not know what it has archived.
  const archiveAnew = async () => {
    await database.query('UPDATE config_revisions SET snapshot_at = NULL');
    const keeper = new SnapshotKeeper({ database, archive, desired, clock: systemClock, logger });
    return [await keeper.archiveOnce(), await keeper.archiveOnce()];
  };

  const first = await archiveAnew();
  const made = s3.objects.get(key)!.body;
  const second = await archiveAnew();
  const otherwise = await gzip(await gunzip(made), { level: 1 });
  s3.plant(key, otherwise);
  const third = await archiveAnew();
  const quiet = log.length;
  s3.plant(key, await gzip(Buffer.from('something else')));
  const fourth = await archiveAnew();

  assert.deepEqual([first, second, third, fourth], Array(4).fill([1, 0]));
  assert.notDeepEqual(otherwise, made);
  assert.equal(quiet, 0, log.join('\n'));
  assert.equal(log.length, 1);
  assert.match(log[0]!, /stands in the archive; it stays/);
  assert.equal((await gunzip(s3.objects.get(key)!.body)).toString(), 'something else');
});
