/** A replica that makes reports and comes to its end at a step: as a process, `report-child.ts <connection> <folder> <now> <step>`, that is killed. */
import assert from 'node:assert/strict';
import { Database } from '../../src/orchestrator/database/database.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import type { Shelf } from '../../src/storage/shelf.ts';
import { FakeClock } from './fake-clock.ts';
import { folderShelf, type Kept, KILL_STEPS, type KillStep, keep, RecordingShelf } from './report-keeping.ts';

/** `end` is called when the replica comes to the step, and goes on where that resolves. */
export function keepUntil(
  database: Database,
  { folder, now, step }: { readonly folder: string; readonly now: string; readonly step: KillStep },
  end: () => unknown,
): Kept {
  const at = async (here: KillStep) => {
    if (here === step) await end();
  };
  const kept = keep(database, new FakeClock(now), new RecordingShelf(), {
    openShelf: async (settings) => endingShelf(folderShelf(settings, folder), at),
  });
  kept.facts.before = () => at('claimed');
  kept.renderer.before = () => at(kept.renderer.asked.length === 1 ? 'facts stored' : 'one file rendered');
  return kept;
}

function endingShelf(shelf: Shelf, at: (step: KillStep) => Promise<void>): Shelf {
  return {
    name: shelf.name,
    type: shelf.type,
    put: async (...given) => {
      await at('before upload');
      const put = await shelf.put(...given);
      await at('between upload and note');
      return put;
    },
    check: (...given) => shelf.check(...given),
    [Symbol.asyncDispose]: () => shelf[Symbol.asyncDispose](),
  };
}

if (import.meta.main) {
  const [connection = '', folder = '', now = '', told = ''] = process.argv.slice(2);
  const step = KILL_STEPS.find((one) => one === told);
  assert.ok(step !== undefined, told);
  await using database = new Database({
    connection: JSON.parse(connection),
    clock: systemClock,
    logger: silentLogger,
    connectionsMax: 4,
  });
  await keepUntil(database, { folder, now, step }, () => process.kill(process.pid, 'SIGKILL')).keeper.workOnce();
}
