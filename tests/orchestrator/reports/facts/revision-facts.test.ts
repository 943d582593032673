import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Database } from '../../../../src/orchestrator/database/database.ts';
import { setRevisionState, writeRevision } from '../../../../src/orchestrator/database/queries/record-revision.ts';
import { endRollout, insertRollout } from '../../../../src/orchestrator/database/queries/rollouts.ts';
import { NOBODY } from '../../../../src/orchestrator/gitops/rollout-plan.ts';
import { gatherRevisions } from '../../../../src/orchestrator/reports/facts/revision-facts.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { nthRevision, refusedRevision } from '../../../support/revisions.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const day = (date: string) => {
  const endsAt = new Date(`${date}T22:00:00Z`);
  return { startsAt: new Date(endsAt.getTime() - 86_400_000), endsAt };
};
const at = (time: string) => new Date(`2025-12-${time}:00Z`);
const commit = {
  sha: 'abc123def4567890',
  author: 'Dana <dana@example.org>',
  subject: 'GROK: follow the new log',
  committedAt: at('10T08:00').getTime(),
  signer: null,
};

async function found(database: Database, n: number, time: string): Promise<string> {
  const revision = { ...(await nthRevision(n)), commit };
  await writeRevision(database, revision, at(time));
  return revision.revision;
}

async function rollOut(database: Database, revision: string, previous: string, time: string): Promise<number> {
  const plan = { seed: revision, stages: [], reach: NOBODY, waitMs: 0, haltOn: [] } as never as object;
  await insertRollout(database, { revision, previous, ...plan } as never, at(time));
  await setRevisionState(database, revision, 'rolling', at(time));
  const { rows } = await database.query<{ id: number }>('SELECT max(id) AS id FROM config_rollouts');
  return rows[0]!.id;
}

test('revisions are told as they stood at the end of the day, with who made them and how far they got', async () => {
  await using database = await postgres.database();
  const first = await found(database, 1, '08T10:00');
  await setRevisionState(database, first, 'everywhere', at('08T10:00'));
  const second = await found(database, 2, '10T09:00');
  const rollout = await rollOut(database, second, first, '10T09:01');

  const before = await gatherRevisions(database, day('2025-12-10'));
  await endRollout(database, rollout, { state: 'halted', reason: 'two servers fell silent' }, at('11T09:00'));
  await setRevisionState(database, second, 'rolled_back', at('11T09:00'));
  const then = await gatherRevisions(database, day('2025-12-10'));
  const next = await gatherRevisions(database, day('2025-12-11'));

  assert.deepEqual(then, before);
  assert.deepEqual(then, [
    {
      revision: second,
      found_at: '2025-12-10T09:00:00.000Z',
      state: 'rolling',
      commit: { subject: commit.subject, author: commit.author, at: '2025-12-10T08:00:00.000Z' },
      rollout: { state: 'rolling', started_at: '2025-12-10T09:01:00.000Z', ended_at: null, reason: null },
      refused: null,
    },
  ]);
  assert.deepEqual([next[0]!.state, next[0]!.rollout!.state, next.length], ['rolled_back', 'halted', 1]);
});

test('a revision that was replaced later was everywhere at the end of its day', async () => {
  await using database = await postgres.database();
  const first = await found(database, 1, '10T10:00');
  await setRevisionState(database, first, 'everywhere', at('10T10:00'));
  const before = await gatherRevisions(database, day('2025-12-10'));
  const second = await found(database, 2, '11T09:00');
  const rollout = await rollOut(database, second, first, '11T09:01');
  await endRollout(database, rollout, { state: 'done' }, at('11T10:00'));
  await setRevisionState(database, first, 'replaced', at('11T10:00'));
  await setRevisionState(database, second, 'everywhere', at('11T10:00'));

  assert.deepEqual(await gatherRevisions(database, day('2025-12-10')), before);
  assert.equal(before[0]!.state, 'everywhere');
  const [one] = await gatherRevisions(database, day('2025-12-11'));
  assert.deepEqual([one!.revision, one!.state, one!.rollout!.state], [second, 'everywhere', 'done']);
});

test('of a refused one it is told what is wrong with it, and nothing is told of days without any', async () => {
  await using database = await postgres.database();
  const refused = refusedRevision('0123456789ab');
  await writeRevision(database, refused, at('10T10:00'));
  const wordy = {
    ...refusedRevision('ba9876543210'),
    refusal: { code: 'X', reason: 'r'.repeat(2_000), complaints: [] },
  };
  await writeRevision(database, wordy, at('10T11:00'));

  const [second, first] = await gatherRevisions(database, day('2025-12-10'));

  assert.deepEqual([first!.state, first!.commit, first!.rollout], ['refused', null, null]);
  assert.deepEqual(first!.refused, { complaints: 1, first: refused.refusal!.complaints[0] });
  assert.deepEqual([second!.refused!.complaints, second!.refused!.first.length], [0, 500]);
  assert.deepEqual(await gatherRevisions(database, day('2025-12-12')), []);
});
