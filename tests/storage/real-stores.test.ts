/**
 * Real S3 servers, started here where Debian's packages are installed: the conformance suite, batches by permission and batches by a server's own
 * keys, and by scoped credentials of radosgw's STS. radosgw honours `If-None-Match: *` (412); Swift doesn't know it (501), which is what the ways without it must survive.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it, type TestContext } from 'node:test';
import { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import { DirectDelivery } from '../../src/agent/uploader/direct-delivery.ts';
import { Uploader } from '../../src/agent/uploader/uploader.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { type Archive, openArchive, type S3Settings } from '../../src/storage/index.ts';
import { verifyArchive } from '../../src/storage/ledger/index.ts';
import { RADOSGW, RealStore, type StoreKind, SWIFT } from '../servers/real-store.ts';
import { archiveConformance, collect } from '../suites/archive-conformance.ts';
import { announce, archiveBatch, confirm, KEY, NEXT_KEY, openFleet, put } from '../support/archive-fleet.ts';
import { makeBatch } from '../support/batch.ts';
import { SERVER } from '../support/local-api.ts';
import { TestPostgres } from '../support/postgres.ts';
import { readRecords } from '../support/running-system.ts';
import { makeBucket } from '../support/s3-bucket.ts';
import { openScopedAgent, openScopedFleet, sendSigned } from '../support/scoped-fleet.ts';
import { tempDir } from '../support/temp-dir.ts';

const never = new AbortController().signal;
const kinds = [RADOSGW, SWIFT];
const stores = await Promise.all(kinds.map((kind) => RealStore.start(kind)));
after(async () => {
  for (const store of stores) if (typeof store !== 'string') await store[Symbol.asyncDispose]();
});

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

for (const [i, kind] of kinds.entries()) {
  const store = stores[i]!;
  if (typeof store === 'string') it(`${kind.name} as the archive`, { skip: store }, () => undefined);
  else testStore(kind, store);
}

function testStore({ name, roleArn }: StoreKind, { settings }: RealStore): void {
  const guardsNames = name === 'radosgw';
  const newBucket = async () => {
    const bucket = `nervesys-${randomBytes(6).toString('hex')}`;
    await makeBucket({ ...settings, bucket });
    return { ...settings, bucket };
  };
  /** An archive in a bucket of its own. */
  const open = async (): Promise<Archive> => openArchive(await newBucket(), { clock: systemClock });

  archiveConformance(name, () => open());
  if (roleArn !== undefined) testScoped(name, newBucket, roleArn);

  describe(`batches to ${name} by permission`, () => {
    it('a permission is guarded by the store where it can, and the batch stands there byte for byte', async (t) => {
      const fleet = await openFleet(t, postgres, await open());
      const batch = makeBatch({});
      const permission = (await announce(fleet, batch)).json;

      assert.equal('if-none-match' in permission.headers, guardsNames, 'detected before the first permission');
      assert.ok((await put(fleet, permission, Buffer.concat([batch.object, Buffer.from('x')]))).status >= 400);
      const elsewhere = { ...permission, url: permission.url.replace('19-40', '19-50') };
      assert.equal((await put(fleet, elsewhere, batch.object)).status, 403);
      assert.equal((await put(fleet, permission, batch.object)).status, 200);
      assert.deepEqual((await confirm(fleet, batch, {})).json, { state: 'archived', key: KEY });
      assert.deepEqual(await fleet.archive.get(KEY), batch.object);
      if (guardsNames) assert.equal((await put(fleet, permission, batch.object)).status, 412);
    });

    it("another's object at the name is never overwritten, whenever it came", async (t) => {
      const fleet = await openFleet(t, postgres, await open());
      const standing = makeBatch({ epoch: 'fedcba9876543210' }).object;
      const batch = makeBatch({});
      await fleet.archive.put(KEY, standing);

      assert.equal(await archiveBatch(fleet, batch), NEXT_KEY);

      assert.deepEqual(await fleet.archive.get(KEY), standing);
      assert.deepEqual(await fleet.archive.get(NEXT_KEY), batch.object);
    });

    it('a catalog that was lost is rebuilt from the bucket', async (t) => {
      const fleet = await openFleet(t, postgres, await open());
      for (const first of [1, 4, 7]) await archiveBatch(fleet, makeBatch({ first }));
      await fleet.database.query('DELETE FROM archive_objects');

      const answer = await fleet.orchestrator.ask('POST', '/api/v1/archive/reindex', { body: {} });

      const { result } = JSON.parse(answer.text.trimEnd().split('\n').at(-1)!);
      assert.deepEqual([result.added, result.findings], [3, []]);
    });
  });

  it(`a re-installed server with keys of its own overwrites nothing in ${name}`, async (t) => {
    const archive = await open();
    t.after(() => archive[Symbol.asyncDispose]());

    for (const message of ['before it was installed anew', 'after', 'and once more'])
      await archiveOnce(t, archive, message);

    const objects = await collect(archive.list('logs/'));
    assert.equal(objects.length, 3, 'each has a name of its own');
    const ledgers = await Array.fromAsync(verifyArchive({ archive }));
    assert.deepEqual(
      ledgers.map(({ epochs, findings }) => [epochs.length, findings]),
      [[3, []]],
    );
  });
}

/** The agent, the orchestrator and radosgw's own STS: what it refuses a session is for it alone to say. */
function testScoped(name: string, settings: () => Promise<S3Settings>, roleArn: string): void {
  it(`scoped credentials of ${name}: batches arrive by them, and they can't read, list, delete or write elsewhere`, async (t) => {
    const store = await settings();
    const fleet = await openScopedFleet(t, postgres, store, { roleArn, allowOverwriting: true });
    const agent = await openScopedAgent(t, fleet, await tempDir(t));
    const posted = await fetch(`${agent.url}/logs`, { method: 'POST', body: '{"message":"by temporary keys"}' });
    assert.equal(posted.status, 200);

    const { objects } = await agent.flush();

    const [own] = objects;
    assert.deepEqual(
      readRecords([{ key: own!, body: await fleet.central.archive.get(own!) }]).map(({ message }) => message),
      ['by temporary keys'],
    );
    const key = await fleet.central.enrol('AIGARDEN02');
    const { json: stolen } = await fleet.central.ask('POST', '/api/v1/credentials', { key, body: {} });
    const fresh = { headers: { 'if-none-match': '*' }, body: 'x' };
    const mine = 'logs/AIGARDEN02/2025-12-10/19-40.json.gz';
    assert.equal((await sendSigned(stolen, 'PUT', mine, fresh)).status, 200);
    assert.equal((await sendSigned(stolen, 'PUT', mine, fresh)).status, 412);
    const denied = [
      await sendSigned(stolen, 'GET', mine),
      await sendSigned(stolen, 'HEAD', mine),
      await sendSigned(stolen, 'DELETE', mine),
      await sendSigned(stolen, 'GET', '', { query: '?list-type=2' }),
      await sendSigned(stolen, 'PUT', own!, fresh),
      await sendSigned(stolen, 'PUT', 'logs/AIGARDEN022/x', fresh),
      await sendSigned(stolen, 'PUT', 'backups/x', fresh),
      await sendSigned({ ...stolen, session_token: undefined }, 'PUT', `${mine}.gz`, fresh),
    ];
    assert.deepEqual(
      denied.map(({ status }) => status),
      denied.map(() => 403),
    );
    assert.match(fleet.log(), /can't forbid overwriting/, 'its policies know no s3:if-none-match');
    assert.match(fleet.log(), /raise its MaxSessionDuration/, "the role's sessions last an hour");
  });
}

/** One batch of a server whose buffer is new: its sequences begin anew, and so do the names that it tries. */
async function archiveOnce(t: TestContext, archive: Archive, message: string): Promise<void> {
  const buffer = LogBuffer.open({
    path: `${await tempDir(t)}/buffer.db`,
    server: SERVER,
    limitBytes: 1e8,
    windowMs: 86_400_000, // all of a day in one window: the names must collide
    batchTextBytes: 1e7,
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    await buffer.append([encodeObject({ message }, { server: SERVER, now: Date.now() })]);
    await buffer.seal();
    const delivery = new DirectDelivery(archive);
    const parts = { queue: buffer, delivery, clock: systemClock, random: Math.random, logger: silentLogger };
    await using uploader = new Uploader(parts);
    assert.ok(await uploader.uploadOnce(never));
  } finally {
    await buffer.close();
  }
}
