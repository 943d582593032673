import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Archive, ArchiveObject } from '../../src/storage/index.ts';

/**
 * What every archive must honour, whatever stands behind it. The archive needn't be empty and nothing is deleted: each run
 * works below a prefix of its own, so it can be pointed at a true bucket.
 */
export function archiveConformance(name: string, open: () => Promise<Archive>, lookup?: LookupFunction): void {
  describe(`archive conformance: ${name}`, () => {
    const prefix = `logs/CONFORM-${randomBytes(6).toString('hex')}/`;
    let archive: Archive;
    before(async () => {
      archive = await open();
    });
    after(() => archive?.[Symbol.asyncDispose]());

    it('what was put is read back byte for byte', async () => {
      const key = `${prefix}2025-12-10/19-40.json.gz`;
      const body = randomBytes(100_000);

      assert.equal(await archive.put(key, body), 'created');

      assert.deepEqual(await archive.get(key), body);
      assert.deepEqual(await archive.head(key), { key, bytes: body.length, md5: md5Of(body) });
    });

    it('an empty object is an object', async () => {
      const key = `${prefix}empty`;

      assert.equal(await archive.put(key, Buffer.alloc(0)), 'created');

      assert.equal((await archive.get(key)).length, 0);
      assert.equal((await archive.head(key))?.bytes, 0);
    });

    it('an object of several megabytes goes through, and its second put is answered too', async () => {
      const key = `${prefix}large`;
      const body = randomBytes(5_000_000);

      assert.equal(await archive.put(key, body), 'created');
      assert.equal(await archive.put(key, body), 'taken');

      assert.equal(md5Of(await archive.get(key)), md5Of(body));
    });

    it('what is renewed takes the place of what stood there, and what is written once is never renewed', async () => {
      const key = `reports/${prefix.slice('logs/'.length)}Daily/סיכום 1.pdf`;

      await archive.replace(key, Buffer.from('first'), 'application/pdf');
      await archive.replace(key, Buffer.from('second, and longer'), 'application/pdf');

      assert.equal((await archive.get(key)).toString(), 'second, and longer');
      await archive.put(`${prefix}once`, Buffer.from('first'));
      for (const refused of [`${prefix}once`, 'backups/daily/x', 'configs/snapshots/x', '../x', 'reports/../logs/x'])
        await assert.rejects(archive.replace(refused, Buffer.from('second'), 'application/pdf'), {
          code: 'NSV_OBJECT_KEY_INVALID',
        });
      assert.equal((await archive.get(`${prefix}once`)).toString(), 'first');
      await archive.delete(key);
    });

    it('a name that is taken is never overwritten', async () => {
      const key = `${prefix}taken`;
      await archive.put(key, Buffer.from('first'));

      assert.equal(await archive.put(key, Buffer.from('second')), 'taken');
      assert.equal(await archive.put(key, Buffer.from('first')), 'taken');

      assert.equal((await archive.get(key)).toString(), 'first');
    });

    it('a key that nothing stands at has no head, and its get says so', async () => {
      assert.equal(await archive.head(`${prefix}nothing/here`), undefined);
      await assert.rejects(archive.get(`${prefix}nothing/here`), { code: 'NSV_ARCHIVE_NOT_FOUND', retryable: false });
    });

    it('what is deleted is gone, its neighbours stay, its name is free, and deleting it again is no failure', async () => {
      const [key, neighbour] = [`${prefix}deleted/day/one`, `${prefix}deleted/day/two`];
      await archive.put(key, Buffer.from('first'));
      await archive.put(neighbour, Buffer.from('neighbour'));

      await archive.delete(key);
      await archive.delete(key);

      assert.equal(await archive.head(key), undefined);
      await assert.rejects(archive.get(key), { code: 'NSV_ARCHIVE_NOT_FOUND' });
      assert.deepEqual(
        (await collect(archive.list(`${prefix}deleted/`))).map((one) => one.key),
        [neighbour],
      );
      await archive.delete(neighbour);
      assert.equal(await archive.put(key, Buffer.from('second')), 'created');
      assert.equal((await archive.get(key)).toString(), 'second');
    });

    it('a range is read by its start and its excluded end, clipped to the object', async () => {
      const key = `${prefix}ranges`;
      await archive.put(key, Buffer.from('0123456789'));
      const read = async (start: number, end: number) => (await archive.get(key, { range: [start, end] })).toString();

      assert.equal(await read(0, 10), '0123456789');
      assert.equal(await read(2, 5), '234');
      assert.equal(await read(8, 1000), '89');
      assert.equal(await read(3, 3), '');
      assert.equal(await read(10, 20), '');
    });

    it('keys with blanks, signs and any language come back from the list as they were', async () => {
      const folder = `${prefix}odd names/`;
      const keys = ["a b+c%20&d=e'f(g)*!~,;:@$?#", 'שלום.json.gz', 'emoji-😀', '<&>"', '%', '100%25'].map(
        (part) => folder + part,
      );
      for (const key of keys) assert.equal(await archive.put(key, Buffer.from(key)), 'created', key);

      const listed = await collect(archive.list(folder));

      assert.deepEqual(listed.map(({ key }) => key).sort(), [...keys].sort());
      for (const key of keys) assert.equal((await archive.get(key)).toString(), key);
    });

    it('a list holds what stands below its prefix, at any depth, with sizes, and nothing else', async () => {
      const folder = `${prefix}listed/`;
      const keys = Array.from({ length: 17 }, (_, i) => `${folder}day-${i % 3}/${i}.json.gz`);
      await Promise.all(keys.map((key, i) => archive.put(key, Buffer.alloc(i))));
      await archive.put(`${prefix}listed-not/1`, Buffer.from('x'));

      const listed = await collect(archive.list(folder));

      assert.deepEqual(
        new Map(listed.map(({ key, bytes }) => [key, bytes])),
        new Map(keys.map((key, i) => [key, i] as const)),
      );
      assert.equal(listed.length, keys.length);
      for (const { key, md5 } of listed) {
        if (md5 !== undefined) assert.equal(md5, (await archive.head(key))?.md5);
      }
    });

    it('a list of nothing is empty', async () => {
      assert.deepEqual(await collect(archive.list(`${prefix}no/such/folder/`)), []);
    });

    it('of writers that race for one name exactly one wins, and its bytes stand there', async (t) => {
      if (name.startsWith('Swift')) return t.skip('Swift has no conditional writes; names are asked for first');
      const key = `${prefix}race`;
      const bodies = Array.from({ length: 8 }, (_, i) => Buffer.alloc(50_000, i));

      const outcomes = await Promise.all(bodies.map((body) => archive.put(key, body)));

      assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1);
      assert.deepEqual(await archive.get(key), bodies[outcomes.indexOf('created')]);
    });

    it('keys that lead elsewhere are refused before anything is asked', async () => {
      const bad = [
        '',
        '/etc/passwd',
        '../x',
        'a/../../x',
        'a//b',
        'a/',
        '.',
        'a/./b',
        'a\\b',
        'a\0b',
        'a\nb',
        '.hidden',
        'a/.b',
      ];
      for (const key of [...bad, 'x'.repeat(1100), `a/${'x'.repeat(300)}`, 'a/\ud800']) {
        for (const attempt of [
          () => archive.put(key, Buffer.alloc(1)),
          () => archive.get(key),
          () => archive.head(key),
          () => archive.delete(key),
        ]) {
          await assert.rejects(attempt, { code: 'NSV_OBJECT_KEY_INVALID' }, JSON.stringify(key));
        }
      }
      for (const prefix of ['logs', '../', '/', 'a//', 'a/../']) {
        await assert.rejects(collect(archive.list(prefix)), { code: 'NSV_OBJECT_KEY_INVALID' }, prefix);
      }
    });

    it('an aborted call stops with the reason of its signal', async () => {
      const signal = AbortSignal.abort(new Error('closing'));

      await assert.rejects(archive.put(`${prefix}aborted`, Buffer.from('x'), signal), { message: 'closing' });
      await assert.rejects(archive.get(`${prefix}taken`, { signal }), { message: 'closing' });
      await assert.rejects(collect(archive.list(prefix, signal)), { message: 'closing' });
      assert.equal(await archive.head(`${prefix}aborted`), undefined);
    });

    it('a presigned PUT, where there is one, takes these bytes under this name, once, and no others', async () => {
      await archive.prepare?.();
      const key = `${prefix}presigned/a b+c.json.gz`;
      const body = randomBytes(10_000);
      const request = { key, md5: md5Of(body), bytes: body.length, expiresInSeconds: 300 };
      const permission = archive.presignPut(request);
      if (permission === undefined) return;
      const send = (bytes: Uint8Array, headers = permission.headers) =>
        putPlainly(permission.url, headers, bytes, lookup);

      const otherMd5 = { ...permission.headers, 'content-md5': createHash('md5').update('x').digest('base64') };

      assert.equal((await send(randomBytes(body.length))) >= 400, true);
      assert.equal(await send(body, otherMd5), 403);
      assert.equal(await archive.head(key), undefined);
      assert.equal(await send(body), 200);
      assert.deepEqual(await archive.get(key), body);
      if ('if-none-match' in permission.headers) assert.equal(await send(body), 412);
    });
  });
}

export async function collect(objects: AsyncIterable<ArchiveObject>): Promise<ArchiveObject[]> {
  const all: ArchiveObject[] = [];
  for await (const object of objects) all.push(object);
  return all;
}

export function md5Of(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex');
}

/** What an agent does with a permission: nothing of ours in between. Resolves with the status. */
function putPlainly(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  lookup: LookupFunction | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { method: 'PUT', headers, ...(lookup === undefined ? {} : { lookup }) };
    const request = (url.startsWith('https:') ? https : http).request(url, options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end(body);
  });
}
