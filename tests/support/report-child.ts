/** A replica that makes reports in a process of its own, and is killed at a step: `report-child.ts <connection> <folder> <now> <step>`. */
import assert from 'node:assert/strict';
import { Database } from '../../src/orchestrator/database/database.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import type { Shelf } from '../../src/storage/shelf.ts';
import { FakeClock } from './fake-clock.ts';
import { folderShelf, KILL_STEPS, type KillStep, keep, RecordingShelf } from './report-keeping.ts';

const [connection = '', folder = '', now = '', step = ''] = process.argv.slice(2);
assert.ok((KILL_STEPS as readonly string[]).includes(step), step);

await using database = new Database({
  connection: JSON.parse(connection),
  clock: systemClock,
  logger: silentLogger,
  connectionsMax: 4,
});

function killAt(here: KillStep): void {
  if (here === step) process.kill(process.pid, 'SIGKILL');
}

const { keeper, facts, renderer } = keep(database, new FakeClock(now), new RecordingShelf(), {
  publicUrl: () => {
    killAt('before upload');
    return 'https://nervesys.example';
  },
  openShelf: async (settings) => killedAfterPut(folderShelf(settings, folder)),
});
facts.before = () => killAt('claimed');
renderer.before = () => killAt(renderer.asked.length === 1 ? 'facts stored' : 'one file rendered');
await keeper.workOnce();

function killedAfterPut(shelf: Shelf): Shelf {
  return {
    name: shelf.name,
    type: shelf.type,
    put: async (...given) => {
      const put = await shelf.put(...given);
      killAt('between upload and note');
      return put;
    },
    check: (...given) => shelf.check(...given),
    [Symbol.asyncDispose]: () => shelf[Symbol.asyncDispose](),
  };
}
