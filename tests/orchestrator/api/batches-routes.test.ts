/**
 * Batches from announcement to archive, over HTTP, against a real Postgres, for each kind of archive: what an agent does, what it
 * repeats after lost answers, and what happens at names that are taken.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { formatManifestMember } from '../../../src/contract/batch-object.ts';
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

const archives: [name: string, open: (t: TestContext) => Promise<Fleet>][] = [
  ['the folder archive', (t) => openFleet(t, postgres)],
  ['an S3 archive', (t) => openS3Fleet(t, postgres)],
  ['an S3 archive without conditional writes', (t) => openS3Fleet(t, postgres, { conditionalWrites: 'refused' })],
];
for (const [name, open] of archives) {
  describe(`batches to ${name}`, () => {
    it('an announced batch is put by its permission, confirmed, and stands there byte for byte', async (t) => {
      const fleet = await open(t);
      const batch = makeBatch({});

      assert.equal(await archiveBatch(fleet, batch), KEY);

      assert.deepEqual(await fleet.archive.get(KEY), batch.object);
      const { rows } = await fleet.database.query('SELECT key, state, records, archived_at FROM archive_objects');
      assert.equal(rows.length, 1);
      assert.equal(rows[0]?.['state'], 'archived');
    });

    it('announcing and confirming again changes nothing', async (t) => {
      const fleet = await open(t);
      const batch = makeBatch({});
      const first = await announce(fleet, batch);
      const again = await announce(fleet, batch);
      assert.equal(again.json.key, first.json.key);
      await put(fleet, again.json, batch.object);
      await confirm(fleet, batch, {});

      assert.deepEqual((await confirm(fleet, batch, { outcome: 'taken' })).json, { state: 'archived', key: KEY });
      assert.deepEqual((await announce(fleet, batch)).json, { state: 'archived', key: KEY });
    });

    it('batches of one window get one name each, however many are announced at once', async (t) => {
      const fleet = await open(t);
      const batches = Array.from({ length: 12 }, (_, i) => makeBatch({ first: 1 + i * 3 }));

      const answers = await Promise.all([...batches, ...batches].map((batch) => announce(fleet, batch)));

      const keys = answers.map((answer) => answer.json.key);
      assert.deepEqual(keys.slice(0, 12), keys.slice(12));
      const expected = ['', ...Array.from({ length: 11 }, (_, i) => `.${i + 1}`)];
      assert.deepEqual([...keys.slice(0, 12)].sort(), expected.map((n) => KEY.replace('.json', `${n}.json`)).sort());
    });

    it('a put whose answer was lost: the repeat finds the name taken, and the batch is archived', async (t) => {
      const fleet = await open(t);
      const batch = makeBatch({});
      const permission = await announce(fleet, batch);
      await put(fleet, permission.json, batch.object);

      const answer = await confirm(fleet, batch, { outcome: 'taken' });

      assert.deepEqual(answer.json, { state: 'archived', key: KEY });
    });

    it("another's object at the name is left alone, and the batch gets the next", async (t) => {
      const fleet = await open(t);
      const batch = makeBatch({});
      const permission = (await announce(fleet, batch)).json;
      await fleet.archive.put(KEY, makeBatch({ epoch: 'fedcba9876543210' }).object);
      const standing = await fleet.archive.get(KEY);

      const moved = await confirm(fleet, batch, { outcome: 'taken', key: permission.key });

      assert.equal(moved.json.key, NEXT_KEY);
      assert.equal((await put(fleet, moved.json, batch.object)).status, 200);
      assert.deepEqual((await confirm(fleet, batch, { key: NEXT_KEY })).json, { state: 'archived', key: NEXT_KEY });
      assert.deepEqual(await fleet.archive.get(KEY), standing);
    });

    it('AI agents may have any name, which stays what it is', async (t) => {
      const fleet = await open(t);
      const names = ['__proto__', 'constructor', 'a\ud800'];
      const batch = makeBatch({ records: names.map((name) => ({ agent_id: name })) });

      assert.equal(await archiveBatch(fleet, batch), KEY);

      const { rows } = await fleet.database.query(
        `SELECT array(SELECT jsonb_object_keys(manifest->'agents')) AS names FROM archive_objects`,
      );
      assert.deepEqual([...(rows[0]!['names'] as string[])].sort(), ['__proto__', 'a\ufffd', 'constructor']);
    });

    it('a claim that nothing supports only leads to a permission again', async (t) => {
      const fleet = await open(t);
      const batch = makeBatch({});
      await announce(fleet, batch);

      for (const outcome of ['stored', 'taken']) {
        const answer = await confirm(fleet, batch, { outcome });
        assert.equal(answer.json.state, 'upload');
        assert.equal(answer.json.key, KEY);
      }
    });

    it('a catalog that was lost finds the batch under its old name instead of storing it twice', async (t) => {
      const fleet = await open(t);
      const older = makeBatch({});
      const batch = makeBatch({ first: 4 });
      await archiveBatch(fleet, older);
      await archiveBatch(fleet, batch);
      await fleet.database.query('DELETE FROM archive_objects');
      const permission = (await announce(fleet, batch)).json;

      const answer =
        permission.state === 'archived' ? permission : (await confirm(fleet, batch, { outcome: 'taken' })).json;

      assert.deepEqual(answer, { state: 'archived', key: NEXT_KEY });
      // And the older one, whose name was given away in the meantime or not, is found as well.
      const again = (await announce(fleet, older)).json;
      const olderAnswer =
        again.state === 'archived' ? again : (await confirm(fleet, older, { outcome: 'taken', key: again.key })).json;
      assert.deepEqual(olderAnswer, { state: 'archived', key: KEY });
    });

    it('an orchestrator restored from a backup learns what stands in the archive before it names anything', async (t) => {
      const fleet = await open(t);
      const [older, batch] = [makeBatch({}), makeBatch({ first: 4 })];
      await archiveBatch(fleet, older);
      await archiveBatch(fleet, batch);
      const hostile = JSON.stringify({
        version: 1,
        server: 'AIGARDEN01',
        window: '2025-12-10T19:40:00.000Z',
        members: 5,
      });
      await fleet.archive.put(NEXT_KEY.replace('.1.', '.2.'), Buffer.from('no object of ours'));
      await fleet.archive.put(NEXT_KEY.replace('.1.', '.3.'), formatManifestMember(hostile));
      await fleet.database.query('DELETE FROM archive_objects');
      const database = postgres.connect(postgres.lastName);
      const orchestrator = await TestOrchestrator.open(t, database, { archive: fleet.archive });
      const restored = { ...fleet, orchestrator };

      assert.deepEqual((await announce(restored, batch)).json, { state: 'archived', key: NEXT_KEY });
      assert.deepEqual((await announce(restored, older)).json, { state: 'archived', key: KEY });
      const listed = await orchestrator.ask('GET', '/api/v1/archive');
      assert.equal(listed.json.objects.length, 2);
    });

    it('a name that a lost catalog promised to another batch goes to the one that stands there', async (t) => {
      const fleet = await open(t);
      const [first, second] = [makeBatch({}), makeBatch({ first: 4 })];
      await archiveBatch(fleet, first);
      await archiveBatch(fleet, second); // at NEXT_KEY
      await fleet.database.query('DELETE FROM archive_objects');
      const third = makeBatch({ first: 7 });
      const fourth = makeBatch({ first: 10 });
      const promised = [(await announce(fleet, third)).json.key, (await announce(fleet, fourth)).json.key];

      let answer = (await announce(fleet, second)).json;
      if (answer.state !== 'archived')
        answer = (await confirm(fleet, second, { key: NEXT_KEY, outcome: 'taken' })).json;

      assert.deepEqual(answer, { state: 'archived', key: NEXT_KEY });
      for (const [i, batch] of [third, fourth].entries()) {
        let permission = (await confirm(fleet, batch, { key: promised[i], outcome: 'taken' })).json;
        if (permission.state === 'upload') {
          assert.equal((await put(fleet, permission, batch.object)).status, 200, permission.key);
          permission = (await confirm(fleet, batch, { key: permission.key })).json;
        }
        assert.equal(permission.state, 'archived');
      }
      const { rows } = await fleet.database.query<{ key: string }>('SELECT key FROM archive_objects');
      assert.equal(new Set(rows.map(({ key }) => key)).size, 4);
    });
  });
}
