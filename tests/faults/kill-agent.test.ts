import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenSeed } from '../support/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { badFindings, runTorture } from './torture/torture.ts';

/*
 * The short form of `npm run torture`: the same harness, fewer kills, no outage that is long enough to fill the buffer. NERVESYS_SEED=n
 * repeats the instants.
 */

const KILLS = 6;

test('an agent that is killed again and again loses nothing it has acknowledged, and archives nothing twice', async (t) => {
  const seed = givenSeed();
  t.diagnostic(`NERVESYS_SEED=${seed}`);

  const result = await runTorture({
    seed,
    kills: KILLS,
    signal: 'SIGKILL',
    folder: await tempDir(t),
    limitBytes: 8_000_000,
    tail: true,
    exec: false,
    aliveMsMax: 600,
    trouble: { calmMsMax: 200, troubleMsMax: 400, outages: 0, outageMsMax: 0 },
  });

  const { acknowledged, findings, examples, objects, disk, rotations } = result;
  const counts = [...acknowledged].map(([agentId, count]) => `${agentId} ${count}`).join(', ');
  t.diagnostic(`${counts}; ${objects} objects; ${JSON.stringify({ disk, rotations })}`);
  assert.deepEqual(badFindings(result), {}, `${JSON.stringify(findings)}: ${examples.join(', ')}`);
  for (const [agentId, count] of acknowledged) assert.ok(count > 0, `${agentId} was never heard`);
  assert.ok(disk.samples > 100, 'the disk was looked at');
});
