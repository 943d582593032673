import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Database } from '../../../src/orchestrator/database/database.ts';
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
  const admin = postgres.connect('nervesys');
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
