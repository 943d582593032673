/**
 * A replica comes to its end at every step of its work: another brings that to its end, and there is exactly one of each file. At the last step,
 * where most is done and not noted, a process is really killed; at the others the replica never goes on, which leaves the same behind.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { keepUntil } from '../../support/report-child.ts';
import { dataSince, folderShelf, KILL_STEPS, keep, RecordingShelf } from '../../support/report-keeping.ts';
import { tempDir } from '../../support/temp-dir.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MIDNIGHT = '2026-11-25T22:20:00.000Z';
const LEASE_MS = 60_000;
const CHILD = join(import.meta.dirname, '..', '..', 'support', 'report-child.ts');

for (const step of KILL_STEPS)
  test(`killed: ${step}`, { timeout: 30_000 }, async (t) => {
    await using database = await postgres.database();
    const folder = await tempDir(t);
    await dataSince(database, '2026-11-25T08:00:00Z');
    if (step === 'between upload and note') {
      const connection = JSON.stringify(postgres.server.connection(postgres.lastName));
      const child = spawn(process.execPath, [CHILD, connection, folder, MIDNIGHT, step], { stdio: 'inherit' });
      const [, signal] = await once(child, 'exit');
      assert.equal(signal, 'SIGKILL');
    } else {
      const reached = Promise.withResolvers<void>();
      const ending = keepUntil(database, { folder, now: MIDNIGHT, step }, () => {
        reached.resolve();
        return new Promise(() => undefined);
      });
      void ending.keeper.workOnce();
      await reached.promise;
    }

    const clock = new FakeClock(MIDNIGHT);
    const { keeper, facts } = keep(database, clock, new RecordingShelf(), {
      openShelf: async (settings) => folderShelf(settings, folder),
    });
    t.after(() => keeper.close());
    await keeper.workOnce();
    const early = await database.query("SELECT FROM report_deliveries WHERE state <> 'delivered'");
    const isClaimed = step === 'before upload' || step === 'between upload and note';
    assert.equal(early.count > 0, isClaimed, 'the claim of the killed one holds');
    assert.deepEqual(facts.asked, []);
    clock.jump(LEASE_MS);
    await keeper.workOnce();

    assert.deepEqual(await namesBelow(folder), [
      'OWAL AI Reports/Daily/2026-11-25_metrics.xlsx',
      'OWAL AI Reports/Daily/2026-11-25_summary.pdf',
    ]);
    const pdf = await readFile(join(folder, 'OWAL AI Reports/Daily/2026-11-25_summary.pdf'), 'utf8');
    assert.match(pdf, /^daily 2026-11-25 v1 en\.pdf/);
    const detail = await keeper.desk.detail('daily', '2026-11-25');
    assert.deepEqual([detail.state, detail.versions.length], ['ready', 1]);
    assert.ok(detail.deliveries.every(({ state, version }) => state === 'delivered' && version === 1));
  });

/** As people see it: without what is hidden. */
async function namesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .filter((path) => !path.includes('/.'))
    .sort();
}
