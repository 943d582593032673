/** What the calls around batches refuse, and what uploads into the folder archive and the catalog's list are good for. */
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { isSoundManifest } from '../../../src/orchestrator/catalog/batch-schema.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import {
  announce,
  archiveBatch,
  confirm,
  type Fleet,
  KEY,
  NEXT_KEY,
  openFleet,
  openS3Fleet,
  put,
} from '../../support/archive-fleet.ts';
import { makeBatch } from '../../support/batch.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

describe('announcements', () => {
  it('an agent announces and confirms for its own server only, and nobody else at all', async (t) => {
    const fleet = await openFleet(t, postgres);
    const other = await fleet.orchestrator.enrol('AIGARDEN02');
    const batch = makeBatch({});

    assert.equal((await announce(fleet, batch, other)).json.code, 'NSV_FORBIDDEN');
    assert.equal((await announce(fleet, batch, fleet.orchestrator.adminKey)).status, 403);
    assert.equal(
      (await fleet.orchestrator.ask('POST', '/api/v1/batches', { key: null, body: batch.announcement })).status,
      401,
    );
    await announce(fleet, batch);
    for (const key of [KEY, 'logs/AIGARDEN01/no-window.json.gz']) {
      const confirmation = await confirm({ ...fleet, key: other }, batch, { key });
      assert.deepEqual([confirmation.status, confirmation.json.code], [403, 'NSV_FORBIDDEN'], key);
    }
  });

  it("asking for another server's prefix is noted, with who asked and for what", async (t) => {
    const log: string[] = [];
    const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
    const orchestrator = await TestOrchestrator.open(t, await postgres.database(), { logger });
    await orchestrator.enrol('AIGARDEN01');
    const key = await orchestrator.enrol('AIGARDEN02');
    const { announcement } = makeBatch({});

    const announced = await orchestrator.ask('POST', '/api/v1/batches', { key, body: announcement });

    assert.equal(announced.status, 403);
    const noted = log.map((line) => JSON.parse(line)).filter(({ asked }) => asked !== undefined);
    assert.deepEqual(
      noted.map(({ level, server, asked }) => [level.toLowerCase(), server, asked]),
      [['warn', 'AIGARDEN02', 'AIGARDEN01']],
    );
    assert.ok(!log.join('').includes(key));
  });

  it('objects of a day that are none of ours are read once, not with each look', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    for (let n = 1; n <= 20; n++) fleet.s3.plant(KEY.replace('.json', `.${n}.json`), Buffer.from('no batch'));
    const reads = () =>
      fleet.s3.requests.filter(({ method, url }) => method === 'GET' && url.includes('/19-40.')).length;
    const batch = makeBatch({});
    await announce(fleet, batch);
    const before = reads();
    fleet.s3.plant(KEY, makeBatch({ epoch: 'fedcba9876543210' }).object);

    const moved = await confirm(fleet, batch, { outcome: 'taken' }); // the day is looked at once more

    assert.equal(moved.json.state, 'upload');
    assert.equal(before, 20);
    assert.ok(reads() - before <= 2, `${reads() - before} of them read again`);
  });

  it('a manifest that contradicts itself is refused with its reason', async (t) => {
    const fleet = await openFleet(t, postgres);
    const batch = makeBatch({});
    const { manifest } = batch.announcement;
    const wrong: Record<string, unknown>[] = [
      { first: 5 },
      { first: 0 },
      { epoch: 'XYZ' },
      { epoch: "'; drop table archive_objects; --" },
      { records: 4 },
      { records: 0 },
      { levels: { DEBUG: 1, INFO: 0, WARN: 0, ERROR: 0, CRITICAL: 0 } },
      { agents: { GROK: 4 } },
      { window: 'yesterday' },
      { window: '2025-12-10T19:40:30.000Z' },
      { window: '+012345-12-10T19:40:00.000Z' },
      { window_ms: 1 },
      { text_bytes: 1 },
      { members: [{ offset: 5, bytes: 1, text_bytes: 1, first: 1, last: 3 }] },
      { members: [{ offset: 0, bytes: 1e9, text_bytes: 1, first: 1, last: 3 }] },
      { version: 2 },
      { text_sha256: '0' },
      { server: '../etc' },
    ];
    for (const replace of wrong) {
      const body = { ...batch.announcement, manifest: { ...manifest, ...replace } };
      const answer = await fleet.orchestrator.ask('POST', '/api/v1/batches', { key: fleet.key, body });
      assert.equal(answer.status, 400, JSON.stringify(replace));
      assert.equal(answer.json.code, 'NSV_BODY_INVALID');
    }
    const huge = { ...batch.announcement, bytes: 1e9 };
    assert.equal((await fleet.orchestrator.ask('POST', '/api/v1/batches', { key: fleet.key, body: huge })).status, 400);
  });

  it('a manifest that nests without end is refused, in an announcement as in an object that is found', async (t) => {
    const fleet = await openFleet(t, postgres);
    const { announcement } = makeBatch({});
    for (const depth of [90, 1_000, 3_000, 5_000, 20_000, 100_000]) {
      const more = JSON.parse('['.repeat(depth) + ']'.repeat(depth));
      const manifest = { ...announcement.manifest, more };
      const raw = JSON.stringify({ ...announcement, manifest: { ...announcement.manifest, more: 0 } }).replace(
        '"more":0',
        `"more":${'['.repeat(depth)}${']'.repeat(depth)}`,
      );
      const headers = { 'content-type': 'application/json' };

      const answer = await fleet.orchestrator.ask('POST', '/api/v1/batches', { key: fleet.key, raw, headers });

      assert.ok(depth <= 90 ? answer.status === 200 : answer.status === 400, `${depth}: ${answer.text}`);
      assert.equal(isSoundManifest(manifest, announcement.bytes), depth <= 90, String(depth));
    }
  });

  it('what an unknown field of a manifest holds does not keep it from being stored', async (t) => {
    const fleet = await openFleet(t, postgres);
    const { announcement } = makeBatch({});
    const manifest = { ...announcement.manifest, newer: { 'a\u0000': ['\u0000', '\ud800'] } };

    const body = { ...announcement, manifest };
    const answer = await fleet.orchestrator.ask('POST', '/api/v1/batches', { key: fleet.key, body });

    assert.equal(answer.status, 200, answer.text);
  });

  it('a batch of strange AI agents and times is taken: it must never be stuck for its content', async (t) => {
    const fleet = await openFleet(t, postgres);
    const records = [
      { agent_id: "'; drop table logs;--", timestamp: '0000-01-01T00:00:00.000Z' },
      { agent_id: 'a\u0000b\ud800', timestamp: 'not a date' },
      { agent_id: 'שלום', timestamp: '+012345-01-01T00:00:00.000Z' },
    ];

    await archiveBatch(fleet, makeBatch({ records }));
  });

  it('other records under sequence numbers that are archived are refused: a buffer restored from a copy', async (t) => {
    const fleet = await openFleet(t, postgres);
    await archiveBatch(fleet, makeBatch({}));

    for (const twin of [
      makeBatch({ records: [{ message: 'other' }, {}, {}] }),
      makeBatch({ first: 3 }),
      makeBatch({ records: [{}, {}, {}, {}, {}, {}] }),
    ]) {
      assert.equal((await announce(fleet, twin)).json.code, 'NSV_BATCH_CONFLICT');
    }
    await archiveBatch(fleet, makeBatch({ first: 4 }));
  });

  it('a batch that was announced, never archived and sealed anew gets a name of its own', async (t) => {
    const fleet = await openFleet(t, postgres);
    await announce(fleet, makeBatch({ records: [{}, {}, {}, {}] }));

    assert.equal(await archiveBatch(fleet, makeBatch({})), NEXT_KEY);
  });

  it('confirming under a name outside the window, or what was never announced, is refused', async (t) => {
    const fleet = await openFleet(t, postgres);
    const batch = makeBatch({});
    assert.equal((await confirm(fleet, batch, {})).json.code, 'NSV_NOT_FOUND');
    await announce(fleet, batch);

    for (const [key, code] of [
      ['logs/AIGARDEN02/2025-12-10/19-40.json.gz', 'NSV_FORBIDDEN'],
      ['logs/AIGARDEN01/2025-12-10/19-50.json.gz', 'NSV_OBJECT_KEY_INVALID'],
      ['../x', 'NSV_OBJECT_KEY_INVALID'],
    ] as const)
      assert.equal((await confirm(fleet, batch, { key })).json.code, code, key);
    assert.equal((await confirm(fleet, batch, { sha256: '0'.repeat(64) })).json.code, 'NSV_NOT_FOUND');
  });

  it('an archive that does not answer is told as such, decides nothing, and all goes well once it is back', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    const permission = (await announce(fleet, batch)).json;
    await put(fleet, permission, batch.object);
    await fleet.s3.down();

    const refused = await confirm(fleet, batch, {});
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, 'NSV_ARCHIVE_UNREACHABLE');
    assert.equal((await announce(fleet, batch)).json.state, 'upload', 'the agent may reach it where we cannot');

    await fleet.s3.up();
    assert.equal((await confirm(fleet, batch, {})).json.state, 'archived');
  });

  it("a store whose tags aren't MD5 is compared by the manifest", async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    await announce(fleet, batch);
    fleet.s3.plant(KEY, batch.object, { md5: '0123456789abcdef0123456789abcdef' });

    assert.equal((await confirm(fleet, batch, {})).json.state, 'archived');
  });

  it('a presigned PUT is good for its bytes and name alone', async (t) => {
    const fleet = await openS3Fleet(t, postgres);
    const batch = makeBatch({});
    const permission = (await announce(fleet, batch)).json;

    assert.equal((await put(fleet, permission, Buffer.concat([batch.object, Buffer.from('x')]))).status, 403);
    assert.equal(
      (await put(fleet, { ...permission, url: permission.url.replace('19-40', '19-50') }, batch.object)).status,
      403,
    );
    assert.equal((await put(fleet, permission, batch.object)).status, 200);
    assert.equal((await put(fleet, permission, batch.object)).status, 412);
  });
});

describe('uploads into the folder archive', () => {
  let fleet: Fleet | undefined;
  afterEach(() => {
    fleet = undefined;
  });

  it('are taken once, for the announced bytes, length and name', async (t) => {
    fleet = await openFleet(t, postgres);
    const batch = makeBatch({});
    const permission = (await announce(fleet, batch)).json;
    assert.match(permission.url, /^\/api\/v1\/uploads\/logs\/AIGARDEN01\/2025-12-10\/19-40\.json\.gz\?/);
    const code = async (status: number, change: Partial<typeof permission>, body: Uint8Array = batch.object) => {
      const answer = await put(fleet!, { ...permission, ...change }, body);
      assert.equal(answer.status, status, answer.text);
      return JSON.parse(answer.text).code;
    };
    const changed = Buffer.from(batch.object);
    changed[changed.length - 1]! ^= 1;
    const changedMd5 = createHash('md5').update(changed).digest('base64');

    assert.equal(await code(400, {}, changed), 'NSV_UPLOAD_MISMATCH');
    assert.equal(await code(403, {}, Buffer.concat([batch.object, Buffer.from('x')])), 'NSV_UPLOAD_EXPIRED');
    assert.equal(
      await code(403, { headers: { ...permission.headers, 'content-md5': changedMd5 } }, changed),
      'NSV_UPLOAD_EXPIRED',
    );
    assert.equal(await code(403, { url: permission.url.replace('19-40', '19-50') }), 'NSV_UPLOAD_EXPIRED');
    assert.equal(await code(403, { url: permission.url.replace(/expires=\d/, 'expires=9') }), 'NSV_UPLOAD_EXPIRED');
    assert.equal(await code(400, { url: permission.url.replace(/signature=.*/, '') }), 'NSV_BODY_INVALID');
    assert.equal(await fleet.archive.head(KEY), undefined);
    assert.equal((await put(fleet, permission, batch.object)).status, 200);
    assert.equal(await code(412, {}), 'NSV_ARCHIVE_NAME_TAKEN');
  });

  it('are for what was announced alone, even when somebody who read the database signs them himself', async (t) => {
    fleet = await openFleet(t, postgres);
    await announce(fleet, makeBatch({})); // makes the secret
    const { rows } = await fleet.database.query<{ secret: string }>('SELECT secret FROM catalog_secrets');
    const body = Buffer.from('not a batch');
    const md5 = createHash('md5').update(body).digest('base64');
    const expires = Math.floor(Date.now() / 1_000) + 60;

    for (const key of [KEY, NEXT_KEY, 'logs/AIGARDEN07/2025-12-10/19-40.json.gz', 'configs/snapshots/x.tar.gz']) {
      const signature = createHmac('sha256', rows[0]!.secret)
        .update(JSON.stringify(['PUT', key, md5, body.length, expires]))
        .digest('base64url');
      const url = `/api/v1/uploads/${key}?expires=${expires}&signature=${signature}`;
      const answer = await put(fleet, { url, headers: { 'content-md5': md5 } }, body);

      assert.equal(answer.status, 403, `${key}: ${answer.text}`);
      assert.equal(await fleet.archive.head(key), undefined);
    }
  });

  it('end with their time', async (t) => {
    let offMs = 0;
    const database = await postgres.database();
    const clock = { ...systemClock, now: () => Date.now() + offMs };
    const orchestrator = await TestOrchestrator.open(t, database, { clock });
    fleet = { orchestrator, database, archive: orchestrator.archive, key: await orchestrator.enrol('AIGARDEN01') };
    const batch = makeBatch({});
    const permission = (await announce(fleet, batch)).json;
    offMs = 3_700_000;

    const answer = await put(fleet, permission, batch.object);

    assert.equal(answer.status, 403);
    assert.match(answer.text, /expired/);
  });

  it('are known to every replica on the same database', async (t) => {
    fleet = await openFleet(t, postgres);
    const replica = await TestOrchestrator.open(t, postgres.connect(postgres.lastName), { archive: fleet.archive });
    const batch = makeBatch({});
    const permission = (await announce(fleet, batch)).json;

    assert.equal((await put({ ...fleet, orchestrator: replica }, permission, batch.object)).status, 200);
  });

  it('of large batches go through while others do', async (t) => {
    fleet = await openFleet(t, postgres);
    const records = Array.from({ length: 30 }, () => ({ message: randomBytes(50_000).toString('base64') }));
    const batches = Array.from({ length: 4 }, (_, i) => makeBatch({ first: 1 + 30 * i, records }));

    await Promise.all(batches.map((batch) => archiveBatch(fleet!, batch)));

    const { rows } = await fleet.database.query("SELECT key FROM archive_objects WHERE state = 'archived'");
    assert.equal(rows.length, 4);
  });
});

describe('the catalog for people', () => {
  it('lists objects newest first, of all servers or one, and not for agents', async (t) => {
    const fleet = await openFleet(t, postgres);
    await archiveBatch(fleet, makeBatch({ window: '2025-12-10T19:40:00.000Z' }));
    await archiveBatch(fleet, makeBatch({ window: '2025-12-10T20:00:00.000Z', first: 4 }));
    await announce(fleet, makeBatch({ window: '2025-12-10T20:10:00.000Z', first: 7 }));

    const { json } = await fleet.orchestrator.ask('GET', '/api/v1/archive');

    const days = 'logs/AIGARDEN01/2025-12-10';
    const keys = json.objects.map((object: { key: string }) => object.key);
    assert.deepEqual(keys, [`${days}/20-10.json.gz`, `${days}/20-00.json.gz`, `${days}/19-40.json.gz`]);
    assert.equal(json.objects[0].archived_at, null);
    assert.equal(json.objects[1].records, 3);
    assert.equal(json.objects[1].window, '2025-12-10T20:00:00.000Z');
    assert.equal((await fleet.orchestrator.ask('GET', '/api/v1/archive?limit=1')).json.objects.length, 1);
    assert.equal((await fleet.orchestrator.ask('GET', '/api/v1/archive?server=NONE')).json.objects.length, 0);
    assert.equal((await fleet.orchestrator.ask('GET', '/api/v1/archive', { key: fleet.key })).status, 403);
    assert.equal((await fleet.orchestrator.ask('GET', '/api/v1/archive?limit=0')).status, 400);
  });
});
