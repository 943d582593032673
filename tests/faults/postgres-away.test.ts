/** Goal: while Postgres is away nobody can be heard, so nobody is to blame. Method: a Postgres that is really stopped, and started again ten minutes of the clock later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../src/orchestrator/database/database.ts';
import { EmbeddedPostgres } from '../../src/orchestrator/database/embedded-postgres.ts';
import { migrate } from '../../src/orchestrator/database/migrate.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { SetClock } from '../support/simulated-fleet.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { VirtualFleet } from '../support/virtual-fleet.ts';

test('Postgres is away for ten minutes: no false alarm, and who fell silent meanwhile is told of after', async (t) => {
  const folder = await tempDir(t);
  const start = () =>
    EmbeddedPostgres.start({ folder, clock: systemClock, logger: silentLogger, settings: { fsync: 'off' } });
  let postgres = await start();
  t.after(() => postgres.close());
  const database = new Database({ connection: postgres.connection(), clock: systemClock, logger: silentLogger });
  await migrate(database, systemClock);
  const fleet = new VirtualFleet(new SetClock());
  const system = await TestOrchestrator.open(t, database, { clock: fleet.clock, onTransitions: fleet.onTransitions });
  fleet.systems = [system];
  await fleet.join(5);
  fleet.servers[4]!.silent = true;
  await fleet.minutes(1);

  await postgres.close();
  assert.equal(await fleet.servers[0]!.beat(system, fleet.clock.now()), false, 'a beat is refused, to be told again');
  await fleet.minutes(10);
  fleet.servers[0]!.silent = true;
  postgres = await start();
  await until('it is heard again', () => fleet.servers[1]!.beat(system, fleet.clock.now()));
  await fleet.seconds(45);
  assert.deepEqual(fleet.heard(), []);
  await fleet.minutes(4);

  assert.deepEqual(
    fleet.heard(),
    ['AIGARDEN01', 'AIGARDEN05']
      .flatMap((one) => [one, `${one}/GROK`, `${one}/nervesys`])
      .map((one) => `${one} up→late`),
  );
});
