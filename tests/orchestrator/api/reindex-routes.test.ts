/** The catalog rebuilt from the archive alone, over HTTP and by the command, against a real Postgres and an S3 server that lists in no order. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formatManifestMember } from '../../../src/contract/batch-object.ts';
import type { ReindexLine, ReindexResult } from '../../../src/contract/reindex.ts';
import { runNervesys } from '../../commands/run-nervesys.ts';
import {
  announce,
  archiveBatch,
  type Fleet,
  KEY,
  NEXT_KEY,
  openFleet,
  openS3Fleet,
  put,
} from '../../support/archive-fleet.ts';
import { makeBatch } from '../../support/batch.ts';
import { writeEpoch } from '../../support/epoch.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

async function reindexLines({ orchestrator }: Fleet, body: Record<string, unknown> = {}): Promise<ReindexLine[]> {
  const answer = await orchestrator.ask('POST', '/api/v1/archive/reindex', { body });
  assert.equal(answer.status, 200, answer.text);
  return answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function reindex(fleet: Fleet, body: Record<string, unknown> = {}): Promise<ReindexResult> {
  const last = (await reindexLines(fleet, body)).at(-1)!;
  assert.ok('result' in last, JSON.stringify(last));
  return last.result;
}

async function catalogKeys({ database }: Fleet): Promise<string[]> {
  const { rows } = await database.query<{ key: string }>(
    "SELECT key FROM archive_objects WHERE state = 'archived' ORDER BY key",
  );
  return rows.map(({ key }) => key);
}

describe('reindex', () => {
  it('an empty catalog is rebuilt from the bucket alone, and a second run reads no object', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const objects = [
      ...writeEpoch({ batches: [3, 4, 2, 5] }),
      ...writeEpoch({ server: 'AIGARDEN02', epoch: 'fedcba9876543210', batches: [2, 2] }),
    ];
    for (const { key, body } of objects) fleet.s3.plant(key, body);

    const first = await reindex(fleet);
    const asked = fleet.s3.requests.length;
    const second = await reindex(fleet);

    assert.deepEqual([first.objects, first.added, first.known, first.findings], [6, 6, 0, []]);
    assert.deepEqual([second.added, second.known, second.findings], [0, 6, []]);
    assert.deepEqual(await catalogKeys(fleet), objects.map(({ key }) => key).sort());
    const again = fleet.s3.requests.slice(asked);
    assert.ok(
      again.every(({ url }) => url.includes('list-type=2')),
      JSON.stringify(again.map(({ url }) => url)),
    );
    const logs = await fleet.orchestrator.ask('GET', '/api/v1/logs?since=2025-12-10&until=2025-12-11');
    assert.equal(logs.text.trimEnd().split('\n').length, 18);
  });

  it('of an object it reads the manifest, not the whole', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const [object] = writeEpoch({ batches: [3] });
    fleet.s3.plant(object!.key, object!.body);

    await reindex(fleet);

    const gets = fleet.s3.requests.filter(({ method, url }) => method === 'GET' && !url.includes('list-type'));
    assert.equal(gets.length, 1);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(gets[0]?.headers.range ?? '') ?? [];
    assert.equal(from, '0');
    assert.ok(Number(to) < 64 * 1024 + 64, to);
  });

  it('a server and an instant bound what is looked at', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const [early, late] = writeEpoch({ batches: [3, 4] });
    const [stranger] = writeEpoch({ server: 'AIGARDEN02', epoch: 'fedcba9876543210', batches: [2] });
    for (const { key, body } of [early!, late!, stranger!]) fleet.s3.plant(key, body);

    const result = await reindex(fleet, { server: 'AIGARDEN01', since: '2025-12-10T19:50:00Z' });

    assert.deepEqual([result.objects, result.added], [1, 1]);
    assert.deepEqual(await catalogKeys(fleet), [late!.key]);
  });

  it('what the bucket lacks is marked, kept, and unmarked when it is there again', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const [first, second] = [makeBatch({}), makeBatch({ first: 4 })];
    await archiveBatch(fleet, first);
    await archiveBatch(fleet, second);
    fleet.s3.remove(KEY);

    const lacking = await reindex(fleet);
    const listed = (await fleet.orchestrator.ask('GET', '/api/v1/archive')).json.objects;
    fleet.s3.plant(KEY, first.object);
    const whole = await reindex(fleet);

    assert.deepEqual([lacking.known, lacking.missing], [1, 1]);
    assert.deepEqual(
      lacking.findings.map(({ kind, key }) => [kind, key]),
      [['missing', KEY]],
    );
    const marked = listed.filter((one: { missing_at: string | null }) => one.missing_at !== null);
    assert.deepEqual([listed.length, marked.length, marked[0].key], [2, 1, KEY]);
    assert.deepEqual([whole.known, whole.returned, whole.missing, whole.findings], [2, 1, 0, []]);
    const after = (await fleet.orchestrator.ask('GET', '/api/v1/archive')).json.objects;
    assert.ok(after.every((one: { missing_at: string | null }) => one.missing_at === null));
  });

  it('a batch that the bucket has lost is taken once more from the server that still has it', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    await archiveBatch(fleet, batch);
    fleet.s3.remove(KEY);
    assert.equal((await announce(fleet, batch)).json.state, 'archived', 'before anybody looked');

    await reindex(fleet);

    assert.equal(await archiveBatch(fleet, batch), KEY);
    assert.deepEqual(await fleet.archive.get(KEY), batch.object);
  });

  it('an object that was put and never confirmed becomes archived', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    assert.equal((await put(fleet, (await announce(fleet, batch)).json, batch.object)).status, 200);

    assert.equal((await reindex(fleet)).added, 1);

    assert.deepEqual((await announce(fleet, batch)).json, { state: 'archived', key: KEY });
  });

  it('what is foreign and what contradicts the catalog is counted, named and left alone', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    await archiveBatch(fleet, batch);
    const misplaced = writeEpoch({ server: 'AIGARDEN02', batches: [2] })[0]!.body;
    const hostile = formatManifestMember(JSON.stringify({ version: 1, server: 'AIGARDEN01', members: 5 }));
    const twin = makeBatch({ records: [{ message: 'other' }, {}, {}] });
    const planted: Record<string, Buffer> = {
      'logs/AIGARDEN01/notes.txt': Buffer.from('x'),
      'logs/AIGARDEN01/2025-12-10/20-00.json.gz': Buffer.from('no gzip'),
      'logs/AIGARDEN01/2025-12-10/20-10.json.gz': hostile,
      'logs/AIGARDEN01/2025-12-10/20-20.json.gz': misplaced,
      [NEXT_KEY]: twin.object,
      [NEXT_KEY.replace('.1.', '.2.')]: batch.object,
    };
    for (const [key, body] of Object.entries(planted)) fleet.s3.plant(key, body);

    const result = await reindex(fleet);

    assert.deepEqual([result.known, result.added, result.foreign, result.conflicting, result.missing], [1, 0, 4, 2, 0]);
    const named = Object.fromEntries(result.findings.map(({ kind, key, message }) => [key, `${kind}: ${message}`]));
    assert.deepEqual(Object.keys(named).sort(), Object.keys(planted).sort());
    assert.match(named[NEXT_KEY]!, /conflicting: .*other records of these numbers/);
    assert.match(named[NEXT_KEY.replace('.1.', '.2.')]!, /the same records are archived as .*19-40\.json\.gz/);
    assert.deepEqual(await catalogKeys(fleet), [KEY]);
    for (const [key, body] of Object.entries(planted)) assert.deepEqual(fleet.s3.objects.get(key)?.body, body);
  });

  it('an object that was replaced by other records is named, not taken for the old one', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const made = (message: string) => makeBatch({ records: [{ message }, {}, {}] });
    const batch = made('transfer 10');
    await archiveBatch(fleet, batch);
    const forged = Array.from({ length: 89 }, (_, i) => made(`transfer ${11 + i}`).object).find(
      ({ length }) => length === batch.object.length,
    );
    assert.ok(forged, 'of the same size');
    fleet.s3.plant(KEY, forged);

    const result = await reindex(fleet);

    assert.deepEqual([result.known, result.conflicting, result.missing], [0, 1, 0]);
  });

  it('a store whose tags are no MD5 has everything known all the same', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    await archiveBatch(fleet, batch);
    fleet.s3.plant(KEY, batch.object, { md5: '0123456789abcdef0123456789abcdef' });

    const result = await reindex(fleet);

    assert.deepEqual([result.known, result.added, result.findings], [1, 0, []]);
  });

  it('a run that breaks off says why, calls nothing missing, and the next one goes on', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    await archiveBatch(fleet, makeBatch({ epoch: 'fedcba9876543210' }));
    for (const { key, body } of writeEpoch({
      batches: [3, 4, 2, 5],
      firstWindowAt: Date.parse('2025-12-11T00:00:00Z'),
    }))
      fleet.s3.plant(key, body);
    fleet.s3.failNext(50, { type: 'status', status: 403, code: 'AccessDenied' });

    const broken = (await reindexLines(fleet)).at(-1)!;
    fleet.s3.heal();
    const whole = await reindex(fleet);

    assert.ok('error' in broken && broken.error.code === 'NSV_ARCHIVE_DENIED', JSON.stringify(broken));
    assert.deepEqual([whole.objects, whole.missing, whole.known + whole.added], [5, 0, 5]);
  });

  it('runs once at a time, and may be begun again once its caller has gone away', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const { url, adminKey } = fleet.orchestrator;
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const call = new AbortController();
    fleet.s3.failNext(1, { type: 'hang' });
    const first = fetch(`${url}/api/v1/archive/reindex`, { method: 'POST', headers, body: '{}', signal: call.signal })
      .then((answer) => answer.text())
      .catch(() => 'gone');
    await until('it lists', () => fleet.s3.requests.some((request) => request.url.includes('list-type=2')));

    const second = await fleet.orchestrator.ask('POST', '/api/v1/archive/reindex', { body: {} });
    call.abort();
    assert.equal(await first, 'gone');

    assert.deepEqual([second.status, second.json.code], [409, 'NSV_REINDEX_RUNNING']);
    await until('it may be begun again', async () => {
      const answer = await fleet.orchestrator.ask('POST', '/api/v1/archive/reindex', { body: {} });
      return answer.status === 200;
    });
  });

  it('is for admins alone', async (t) => {
    const fleet = await openFleet(t, postgres);
    const ask = (key: string | null) =>
      fleet.orchestrator.ask('POST', '/api/v1/archive/reindex', { key, body: { server: 'AIGARDEN01' } });

    assert.equal((await ask(fleet.key)).status, 403);
    assert.equal((await ask(null)).status, 401);
    for (const body of [{ server: '../x' }, { server: 'a..b' }, { since: 'yesterday' }]) {
      const answer = await fleet.orchestrator.ask('POST', '/api/v1/archive/reindex', { body });
      assert.equal(answer.status, 400, JSON.stringify(body));
    }
  });

  it('the command prints what it found and ends with 0, or with 3', async (t) => {
    const fleet = await openFleet(t, postgres);
    for (const { key, body } of writeEpoch({ batches: [3, 4] })) await fleet.archive.put(key, body);
    const command = ['archive', 'reindex', '--home', fleet.orchestrator.home];

    const whole = await runNervesys(command);
    await fleet.archive.put('logs/AIGARDEN01/2025-12-10/notes.txt', Buffer.from('x'));
    const strange = await runNervesys([...command, '--json']);

    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stderr, /2 objects, .*: 0 known, 2 added, 0 missing, 0 foreign, 0 conflicting\./);
    assert.doesNotMatch(whole.stderr, /[█░]/, 'no progress in a pipe');
    assert.equal(strange.code, 3, strange.stderr);
    const { known, foreign, findings } = JSON.parse(strange.stdout.toString());
    assert.deepEqual([known, foreign, findings[0].key], [2, 1, 'logs/AIGARDEN01/2025-12-10/notes.txt']);
  });
});
