import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkOrchestrator } from '../../src/commands/doctor/orchestrator-checks.ts';
import { ERROR_CODES } from '../../src/contract/error-codes.ts';
import { Dependencies } from '../../src/orchestrator/dependencies.ts';
import { WatchedArchive } from '../../src/orchestrator/watched-archive.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import type { Archive } from '../../src/storage/archive.ts';
import { announce, openFleet, openS3Fleet } from '../support/archive-fleet.ts';
import { makeBatch } from '../support/batch.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('without Postgres it is not ready: 503, a problem that names it and since when', async (t) => {
  const { orchestrator: system, database } = await openFleet(t, postgres);
  const ready = await system.ask('GET', '/readyz', { key: null });
  assert.deepEqual([ready.status, ready.json], [200, { status: 'ready', degraded: [] }]);

  await database.close();
  const first = await system.ask('GET', '/readyz', { key: null });
  const second = await system.ask('GET', '/readyz', { key: null });

  assert.equal(first.status, 503);
  assert.equal(first.headers.get('content-type'), 'application/problem+json');
  assert.equal(first.headers.get('retry-after'), '5');
  const { type, status, code, dependency, since, degraded } = first.json;
  assert.deepEqual(
    [type, status, code, dependency, degraded],
    ['urn:nervesys:error:NSV_DATABASE_UNREACHABLE', 503, 'NSV_DATABASE_UNREACHABLE', 'postgres', []],
  );
  assert.ok(Date.parse(since) <= Date.now());
  assert.equal(second.json.since, since);
  assert.equal((await system.ask('GET', '/healthz', { key: null })).status, 200);
});

test('an archive, a repository and a Vault that are away are listed, with reasons that hold no address; it stays ready', async (t) => {
  const secret = 'of-nobody-else';
  const repository = `https://user:${secret}@127.0.0.1:9/config.git`;
  let vault: unknown = new NervesysError('NSV_VAULT_UNREACHABLE', `Vault at 10.1.2.3 with ${secret}`);
  const s3 = await openS3Fleet(t, postgres);
  await s3.s3[Symbol.asyncDispose]();
  assert.equal((await announce(s3, makeBatch({}))).json.code, 'NSV_ARCHIVE_UNREACHABLE');
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    git: { repository, branch: 'main', path: 'config', credentials: {}, pollMs: 600_000, random: () => 0.5 },
    troubles: { vault: () => vault },
  });

  const archive = (await s3.orchestrator.ask('GET', '/readyz', { key: null })).json;
  let others = await system.ask('GET', '/readyz', { key: null });
  while (others.json.degraded.length < 2) others = await system.ask('GET', '/readyz', { key: null }); // Git is asked at the start

  assert.deepEqual(
    archive.degraded.map(({ name, code, reason }: Record<string, string>) => [name, code, reason]),
    [['archive', 'NSV_ARCHIVE_UNREACHABLE', ERROR_CODES.NSV_ARCHIVE_UNREACHABLE.meaning]],
  );
  const checks = await checkOrchestrator({ home: s3.orchestrator.home }, undefined, () => Date.now());
  const doctor = checks.find((check) => check.name === 'archive');
  assert.equal(doctor?.state, 'warning');
  assert.match(doctor.found, /^away since 2.*NSV_ARCHIVE_UNREACHABLE/);
  assert.equal(others.status, 200);
  assert.deepEqual(others.json.degraded.map((one: { code: string }) => one.code).sort(), [
    'NSV_GIT_FAILED',
    'NSV_VAULT_UNREACHABLE',
  ]);
  assert.doesNotMatch(others.text, new RegExp(`${secret}|127\\.0\\.0\\.1|10\\.1\\.2\\.3`));
  vault = undefined;
  others = await system.ask('GET', '/readyz', { key: null });
  assert.deepEqual(
    others.json.degraded.map((one: { name: string }) => one.name),
    ['git'],
  );
});

test('many probes at once cost Postgres one statement', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const query = database.query.bind(database);
  let asked = 0;
  let answer = () => {};
  t.mock.method(database, 'query', (text: string, ...rest: never[]) => {
    if (text !== 'SELECT 1') return query(text, ...rest);
    asked++;
    return new Promise((resolve) => {
      answer = () => resolve({ rows: [], count: 0 });
    });
  });

  let answered = false;
  const probes = Promise.all(Array.from({ length: 20 }, () => system.ask('GET', '/readyz', { key: null }))).finally(
    () => {
      answered = true;
    },
  );
  while (!answered) {
    await systemClock.sleep(20); // so long Postgres takes for each
    answer();
  }

  assert.ok((await probes).every((one) => one.status === 200));
  assert.ok(asked <= 5, `${asked} statements for 20 probes`);
});

test('the archive is away from its first failure to its next success, and looked at once a minute at most', async () => {
  const clock = new FakeClock();
  const dependencies = new Dependencies(clock);
  let fails: string | undefined;
  let heads = 0;
  const inner = {
    description: 'a stand-in',
    head: async () => {
      heads++;
      if (fails !== undefined) throw new NervesysError(fails, 'with a secret in its words');
      return undefined;
    },
  } as unknown as Archive;
  const archive = new WatchedArchive(inner, clock, (error) => dependencies.note('archive', error));
  const look = async () => {
    archive.lookSoon();
    await clock.advance(0);
    return dependencies.find('archive');
  };

  assert.equal(await look(), undefined);
  for (let i = 0; i < 100; i++) await look();
  assert.equal(heads, 1);

  fails = 'NSV_ARCHIVE_UNREACHABLE';
  await clock.advance(60_000);
  const since = new Date(clock.now()).toISOString();
  assert.equal((await look())?.since, since);
  await clock.advance(60_000);
  fails = 'NSV_ARCHIVE_DENIED';
  assert.deepEqual([(await look())?.since, dependencies.find('archive')?.code], [since, 'NSV_ARCHIVE_DENIED']);

  // What is wrong with one object says nothing of the archive.
  fails = 'NSV_ARCHIVE_NOT_FOUND';
  await archive.head('x').catch(() => undefined);
  assert.equal(dependencies.find('archive'), undefined);
  fails = 'NSV_ARCHIVE_BUSY';
  await archive.head('x').catch(() => undefined);
  assert.equal(dependencies.degraded.length, 1);
  fails = undefined;
  await archive.head('x');
  assert.deepEqual(dependencies.degraded, []);
});
