import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { whileAlone } from '../../../src/orchestrator/database/while-alone.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());
const [LOCK, ANOTHER_LOCK] = [77, 78];

test('what one does alone another does not begin, until the first has ended in whatever way', async () => {
  await using first = await postgres.database();
  await using second = postgres.connect(postgres.lastName);
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const work = async () => 'done';

  const working = whileAlone(first, LOCK, async () => {
    begun.resolve();
    await end.promise;
    throw new Error('failed');
  });
  await begun.promise;
  const meanwhile = [await whileAlone(second, LOCK, work), await whileAlone(second, ANOTHER_LOCK, work)];
  end.resolve();
  await assert.rejects(working, /failed/);

  assert.deepEqual(meanwhile, [undefined, 'done']);
  assert.equal(await whileAlone(second, LOCK, work), 'done');
});

test('a connection that breaks while the work does something else fails the work, and not the process', async () => {
  await using database = await postgres.database();

  await assert.rejects(
    whileAlone(database, LOCK, async (transaction) => {
      const { rows } = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await database.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
      await until('it has ended', async () => {
        const { count } = await database.query('SELECT FROM pg_stat_activity WHERE pid = $1', [rows[0]!.pid]);
        return count === 0;
      });
    }),
    { code: 'NSV_DATABASE_UNREACHABLE' },
  );

  assert.equal(await whileAlone(database, LOCK, async () => 'done'), 'done');
});
