import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FleetHearing } from '../../../src/orchestrator/fleet/fleet-hearing.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function open() {
  const database = await postgres.database();
  const clock = new FakeClock();
  const hearing = () => new FleetHearing({ clock, logger: silentLogger });
  return { database, clock, hearing };
}

test('the first orchestrator of a database hears from now on, and others beside it have heard as long', async () => {
  const { database, clock, hearing } = await open();
  const startedAt = clock.now();
  const [one, two] = [hearing(), hearing()];

  assert.deepEqual(await one.listen(database), { now: startedAt, since: startedAt });
  await clock.advance(2_000);
  assert.deepEqual(await two.listen(database), { now: startedAt + 2_000, since: startedAt });
});

test('after a gap it waits for others for some rounds, and then silence counts anew', async () => {
  const { database, clock, hearing } = await open();
  const one = hearing();
  await one.listen(database);

  await clock.advance(600_000);
  for (let round = 0; round < 3; round++) {
    assert.equal(await one.listen(database), undefined);
    await clock.advance(2_000);
  }

  assert.deepEqual(await one.listen(database), { now: clock.now(), since: clock.now() });
});

test('a gap that is over in a moment changes nothing', async () => {
  const { database, clock, hearing } = await open();
  const startedAt = clock.now();
  await hearing().listen(database);

  await clock.advance(19_000);

  assert.equal((await hearing().listen(database))?.since, startedAt);
});

test('beats that had to be refused let silence count anew, once', async () => {
  const { database, clock, hearing } = await open();
  const one = hearing();
  await one.listen(database);
  await clock.advance(2_000);

  one.notTaken();
  const refusedAt = clock.now();
  assert.equal((await one.listen(database))?.since, refusedAt);
  await clock.advance(2_000);

  assert.equal((await one.listen(database))?.since, refusedAt);
});

test('the time of the fleet goes on by the monotonic clock when the wall clock is set', async () => {
  const { database, clock, hearing } = await open();
  const one = hearing();
  await one.listen(database);
  const before = one.now();

  clock.jump(-86_400_000);
  await clock.advance(1_000);
  assert.equal(one.now(), before + 1_000);
  for (let round = 0; round < 4; round++) {
    await one.listen(database);
    await clock.advance(2_000);
  }

  assert.equal(one.now(), clock.now(), 'nobody contradicts: the wall clock holds');
});
