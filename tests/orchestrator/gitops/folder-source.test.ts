import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderSource, type FoundRevision } from '../../../src/orchestrator/index.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { configFolder } from '../../config/folder.ts';

test('what people save is handed on once it has come to rest, good or bad, and what was handed on is not handed on again', async (t) => {
  const folder = await configFolder(t, { 'storage.yaml': 'upload: { window: 5m }\n' });
  const found: FoundRevision[] = [];
  const store = {
    record: async (revision: FoundRevision) => {
      found.push(revision);
      return 'new' as const;
    },
    found: async () => null,
    latest: async () => undefined,
  };
  const source = new FolderSource({ folder, store, clock: systemClock, logger: silentLogger });
  const looks = async (count: number) => {
    const handed: boolean[] = [];
    for (let look = 0; look < count; look++) handed.push(await source.lookOnce());
    return handed;
  };

  assert.deepEqual(await looks(3), [false, true, false]);
  await writeFile(join(folder, 'storage.yaml'), 'upload: { win');
  assert.deepEqual(await looks(1), [false], 'somebody is still writing');
  await writeFile(join(folder, 'storage.yaml'), 'upload: { window: 15m }\n');
  assert.deepEqual(await looks(3), [false, true, false]);
  await writeFile(join(folder, 'storage.yaml'), 'upload: { window: 7m }\n');
  assert.deepEqual(await looks(2), [false, true]);
  await writeFile(join(folder, 'storage.yml'), 'upload: { window: 5m }\n');
  assert.deepEqual(await looks(2), [false, true]);
  await rm(folder, { recursive: true });
  assert.deepEqual(await looks(3), [false, true, false]);
  await mkdir(folder);
  await writeFile(join(folder, 'thresholds.yaml'), '');
  assert.deepEqual(await looks(2), [false, true]);

  const [first, second, broken, strange, gone, empty] = found;
  assert.deepEqual(
    [first?.config?.storage.upload.windowMs, second?.config?.storage.upload.windowMs],
    [300_000, 900_000],
  );
  assert.equal(first?.revision, first?.config?.revision);
  assert.match(broken?.refusal?.complaints[0] ?? '', /^storage\.yaml:1:19: upload\.window/);
  assert.equal(strange?.refusal?.complaints.length, 2);
  assert.notEqual(strange?.revision, broken?.revision);
  assert.equal(gone?.config, undefined, 'a folder that is gone is no wish for defaults');
  assert.match(gone?.refusal?.reason ?? '', /: holds no settings file any more; put the files back/);
  assert.deepEqual([empty?.refusal, empty?.files], [undefined, { 'thresholds.yaml': '' }]);
});
