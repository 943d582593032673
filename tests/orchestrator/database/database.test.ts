import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Database } from '../../../src/orchestrator/database/database.ts';
import { tendPartitions } from '../../../src/orchestrator/database/partitions.ts';
import { DEFAULT_HISTORY } from '../../../src/orchestrator/history/resolutions.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { TestPostgres } from '../../support/postgres.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

test('after a password was changed new connections use the new address, and open ones go on', async () => {
  const { host, port } = postgres.server.connection();
  await using admin = postgres.connect('nervesys');
  await admin.query("CREATE ROLE rotated LOGIN PASSWORD 'one'");
  const address = (user: string) =>
    `postgres://${user}:pw@localhost:${port}/nervesys?host=${encodeURIComponent(String(host))}`;
  await using database = new Database({
    connection: { connectionString: address(String(postgres.server.connection().user)) },
    clock: systemClock,
    logger: silentLogger,
  });
  const user = async () => (await database.query<{ user: string }>('SELECT current_user AS user')).rows[0]?.user;
  const first = await user();

  database.useAddress(address('rotated'));
  const within = await database.transaction(async (transaction) => {
    // The open connection is taken by this transaction, so the second question needs a new one.
    const own = await transaction.query<{ user: string }>('SELECT current_user AS user');
    return [own.rows[0]?.user, await user()];
  });

  assert.deepEqual(within, [first, 'rotated']);
});

test('two replicas that tend the partitions at the same time make each day once, and neither fails', async () => {
  await using one = await postgres.migratedDatabase();
  await using two = postgres.connect(postgres.lastName);
  const now = Date.parse('2026-11-26T12:00:00Z');

  await Promise.all([one, two, one, two].map((database) => tendPartitions(database, now, DEFAULT_HISTORY)));

  const { rows } = await one.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'agent_status'::regclass ORDER BY 1",
  );
  const days = ['25', '26', '27', '28', '29'].map((day) => `agent_status_202611${day}`);
  assert.deepEqual(
    rows.map(({ name }) => name),
    [...days, 'agent_status_default'],
  );
});

test('a copy that is given up in the middle fails its transaction, and not the ones after it', async () => {
  await using database = await postgres.database();

  await assert.rejects(
    database.transaction(async (transaction) => {
      for await (const _ of transaction.copyOut('COPY (SELECT generate_series(1, 1000000)) TO STDOUT'))
        throw new Error('enough');
    }),
    /enough/,
  );
  await assert.rejects(
    database.transaction((transaction) => transaction.copyIn('COPY people FROM STDIN', [Buffer.from('too few\n')])),
    { code: '22P04' },
  );
  await assert.rejects(
    database.transaction(async (transaction) => {
      for await (const _ of transaction.copyOut('COPY nothing TO STDOUT')) assert.fail();
    }),
    { code: '42P01' },
  );

  const { rows } = await database.query<{ one: number }>('SELECT 1 AS one');
  assert.equal(rows[0]?.one, 1);
});
