/** Who is reached when: stages for fleets of each size, and who belongs to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerName } from '../../../src/contract/ids.ts';
import {
  DEFAULT_ROLLOUT,
  isReached,
  NOBODY,
  planStages,
  reachOf,
} from '../../../src/orchestrator/gitops/rollout-plan.ts';

const fleet = (size: number) => Array.from({ length: size }, (_, index) => `AIGARDEN${index + 1}`);
const tenth = { ...DEFAULT_ROLLOUT, canary: { share: 0.1 } };

/** How many are reached at each stage. */
function sizes(policy: typeof DEFAULT_ROLLOUT, size: number): number[] {
  let reach = NOBODY;
  return planStages(policy, size).map((stage) => {
    reach = reachOf(stage, reach, fleet(size), 'seed');
    return fleet(size).filter((server) => isReached(reach, server, 'seed')).length;
  });
}

test('each stage reaches more servers than the one before, however small the fleet is', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 9, 20].map((size) => sizes(tenth, size)),
    [[0], [1], [1, 2], [1, 2, 3], [1, 2, 4], [1, 5, 9], [2, 10, 20]],
  );
  assert.deepEqual(
    [1, 3, 4].map((size) => sizes(DEFAULT_ROLLOUT, size)),
    [[1], [3], [1, 2, 4]],
    'no canary was asked for',
  );
  assert.deepEqual(sizes({ ...DEFAULT_ROLLOUT, canary: { share: 0.07 } }, 100), [7, 50, 100]);
});

test('servers by name come first, are counted into the share that follows, and need not be there', () => {
  const named = (...servers: string[]) => ({ ...DEFAULT_ROLLOUT, canary: { servers: servers as ServerName[] } });

  assert.deepEqual(sizes(named('AIGARDEN2'), 4), [1, 2, 4]);
  assert.deepEqual(sizes(named('AIGARDEN2', 'GONE'), 4), [1, 2, 4]);
  assert.deepEqual(sizes(named('AIGARDEN1'), 1), [1, 1], 'the one that was asked for is watched by itself');
});

test('who is reached stays so when others come and go', () => {
  const reach = reachOf({ share: 0.5 }, reachOf({ share: 0.1 }, NOBODY, fleet(20), 'seed'), fleet(20), 'seed');
  const before = fleet(20).filter((server) => isReached(reach, server, 'seed'));

  const wider = reachOf({ share: 0.5 }, reach, fleet(40), 'seed');

  assert.ok(before.every((server) => isReached(wider, server, 'seed')));
});
