import type { Queryable } from '../database/database.ts';
import { type ConfigHead, moveConfigHead } from '../database/queries/config-head.ts';
import { readRevisionConfig } from '../database/queries/read-revisions.ts';
import { holdRevision, setRevisionState } from '../database/queries/record-revision.ts';
import { endRollout, insertRollout, readActiveRollout, readFollowers } from '../database/queries/rollouts.ts';
import { DEFAULT_ROLLOUT, NOBODY, planStages, reachOf } from './rollout-plan.ts';

/**
 * Begins to roll out what the source holds (or `revision`), if its turn has come: it is good, not on its way yet, and nobody has paused what is. The
 * first configuration there is goes to everybody. The head is held by the transaction. False: nothing changed.
 */
export async function beginRollout(
  transaction: Queryable,
  head: ConfigHead,
  now: Date,
  revision = head.found,
): Promise<boolean> {
  if (revision === null || (await holdRevision(transaction, revision))?.state !== 'checked') return false;
  const active = await readActiveRollout(transaction);
  if (active?.state === 'paused') return false;
  if (head.settled === null) {
    await setRevisionState(transaction, revision, 'everywhere', now);
    await moveConfigHead(transaction, { settled: revision });
    return true;
  }
  if (active !== undefined) {
    await endRollout(transaction, active.id, { state: 'replaced', reason: `${revision} came after it` }, now);
    await setRevisionState(transaction, active.revision, 'replaced', now);
  }
  const own = (await readRevisionConfig(transaction, revision))?.orchestrator;
  const policy = own?.rollout ?? DEFAULT_ROLLOUT;
  const followers = await readFollowers(transaction);
  const stages = planStages(policy, followers.count);
  // Who was a canary of the one that this replaces is one again; who came after goes back to the one before until its stage comes: this one is as new to all.
  const seed = active?.seed ?? revision;
  const reach = reachOf(stages[0]!, NOBODY, followers.there, seed);
  // Silence must have time to show itself within a stage.
  const silenceMs = own === undefined ? 0 : own.heartbeat.lateAfterMs + own.heartbeat.intervalMs;
  const waitMs = Math.max(policy.waitMs, silenceMs);
  const { haltOn } = policy;
  await insertRollout(transaction, { revision, previous: head.settled, seed, stages, reach, waitMs, haltOn }, now);
  await setRevisionState(transaction, revision, 'rolling', now);
  return true;
}
