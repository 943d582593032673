/** What becomes of a rollout, by what is known of the fleet: tables of cases, no clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  judgeRollout,
  type RolloutFacts,
  type RolloutServer,
  type RolloutVerdict,
  type ServerMeasure,
} from '../../../src/orchestrator/gitops/judge-rollout.ts';

const NEW = 'bbbbbbbbbbbb';
const OLD = 'aaaaaaaaaaaa';
const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;

type Rollout = Parameters<typeof judgeRollout>[0];

/** At the end of its canary stage of ten minutes. */
function rollout(change: Partial<Rollout> = {}): Rollout {
  return {
    revision: NEW,
    state: 'rolling',
    stages: [{ share: 0.1 }, { share: 1 }],
    stage: 0,
    startedAt: NOW - 20 * MINUTE,
    stageAt: NOW - 20 * MINUTE,
    waitMs: 10 * MINUTE,
    haltOn: { silentShare: 0.1, errorsFactor: 3, refusedServers: 1, lostRecords: 1 },
    hold: null,
    ...change,
  };
}

function server(name: string, change: Partial<RolloutServer> = {}): RolloutServer {
  return {
    server: name,
    reached: false,
    state: 'up',
    lastSeenAt: NOW - MINUTE / 2,
    offered: OLD,
    offeredAt: NOW - 40 * MINUTE,
    running: OLD,
    desired: OLD,
    error: null,
    ...change,
  };
}

const canary = (name: string, change: Partial<RolloutServer> = {}) =>
  server(name, { reached: true, offered: NEW, offeredAt: NOW - 18 * MINUTE, running: NEW, desired: NEW, ...change });
const DOWN = { state: 'down', lastSeenAt: NOW - 10 * MINUTE } as const;

const measure = (records: number, errors: number, change: Partial<ServerMeasure> = {}): ServerMeasure => ({
  server: 'A',
  records,
  errors,
  lost: 0,
  minutes: 20,
  ...change,
});

function judge(servers: readonly RolloutServer[], change: Partial<RolloutFacts> = {}, of = rollout()): string {
  const facts = {
    servers,
    hearing: { since: 0, heardAt: NOW - 1_000 },
    lateAfterMs: 2.5 * MINUTE,
    after: [],
    before: [],
    others: [],
    ...change,
  };
  return say(judgeRollout(of, facts, NOW));
}

function say(verdict: RolloutVerdict): string {
  if (verdict.type === 'halt') return `halt: ${verdict.findings.map(({ sign }) => sign).join(', ')}`;
  return verdict.type === 'wait' && verdict.hold !== null ? `wait: ${verdict.hold}` : verdict.type;
}

test('servers that fall silent everywhere are the network’s doing: the rollout holds and halts nothing', () => {
  const silent = canary('A', DOWN);

  assert.equal(judge([silent, server('B'), server('C')]), 'halt: silent');
  assert.equal(
    judge([silent, server('B', DOWN), server('C', DOWN)]),
    'wait: servers that it has not reached are silent as well',
  );
});

test('a server that comes back and asks before it is heard is not silent by the revision’s doing; one that stays silent is', () => {
  const longAway = { state: 'down', lastSeenAt: NOW - 600 * MINUTE } as const;
  const others = [canary('A'), server('B'), server('C')];

  assert.equal(judge([...others, canary('D', { ...longAway, offeredAt: NOW - 1_000, running: OLD })]), 'advance');
  assert.equal(judge([...others, canary('D', { ...longAway, offeredAt: NOW - 11 * MINUTE })]), 'halt: silent');
  // It was well when it was given it.
  const soon = { state: 'late', lastSeenAt: NOW - 3 * MINUTE, offeredAt: NOW - 2.5 * MINUTE } as const;
  assert.equal(judge([...others, canary('D', soon)]), 'halt: silent');
});

test('after a gap in which nobody heard the fleet, no stage begins by the time that went by in it', () => {
  const fleet = [canary('A'), server('B')];
  const again = 'wait: the fleet was not heard for a while, and is watched anew';

  assert.equal(judge(fleet, { hearing: { since: NOW - 90_000_000, heardAt: NOW - 86_400_000 } }), 'wait', 'just back');
  assert.equal(judge(fleet, { hearing: { since: NOW - 9 * MINUTE, heardAt: NOW } }), again);
  assert.equal(judge(fleet, { hearing: { since: NOW - 10 * MINUTE, heardAt: NOW } }), 'advance');
  // What does harm is halted all the same, and a clock that is an hour ahead of the fleet's time judges nothing.
  assert.equal(judge([canary('A', DOWN)], { hearing: { since: NOW - 9 * MINUTE, heardAt: NOW } }), 'halt: silent');
  assert.equal(judge(fleet, { hearing: { since: 0, heardAt: NOW - 60 * MINUTE } }), 'wait');
});

test('errors halt by how much more there are than before and elsewhere, however many there were', () => {
  const cases: readonly [after: [number, number], before: [number, number], others: [number, number], string][] = [
    [[2, 1], [1_000, 0], [1_000, 0], 'advance'], // one of two lines proves nothing
    [[9, 9], [1_000, 0], [1_000, 0], 'advance'],
    [[10, 10], [0, 0], [0, 0], 'halt: errors'],
    [[1_000, 29], [1_000, 0], [1_000, 0], 'advance'], // 3 × 1 %, which is what next to none counts as
    [[1_000, 31], [1_000, 0], [1_000, 0], 'halt: errors'],
    [[1_000, 31], [1_000, 0], [1_000, 50], 'advance'], // the others have it as well
    [[1_000, 500], [1_000, 400], [1_000, 10], 'advance'], // it was so before
    [[1_000, 950], [1_000, 400], [1_000, 10], 'halt: errors'], // and now is far worse: three times 40 % could never come
    [[1_000, 1_000], [1_000, 1_000], [1_000, 10], 'advance'], // never was anything else
  ];
  for (const [after, before, others, expected] of cases)
    assert.equal(
      judge([canary('A'), server('B')], {
        after: [measure(...after)],
        before: [measure(...before)],
        others: [measure(...others, { server: 'B' })],
      }),
      expected,
      JSON.stringify([after, before, others]),
    );
});

test('nobody being there proves nothing: a stage waits for who is away, takes others, and is over where nobody will come', () => {
  const away = { state: 'down', lastSeenAt: NOW - 600 * MINUTE } as const;
  const everybody = rollout({ stages: [{ share: 1 }] });
  const named = rollout({ stages: [{ servers: ['GONE'] }, { share: 1 }] });
  const nobody = 'wait: no server of this stage is there';

  assert.equal(judge([server('A', { ...away, reached: true })], {}, everybody), nobody);
  assert.equal(judge([server('A', { ...away, reached: true }), server('B')]), 'widen');
  assert.equal(judge([server('A', away), server('B', away)]), nobody);
  assert.equal(judge([server('B')], {}, named), nobody);
  // They never asked, or pull from Git: they will not.
  assert.equal(judge([server('A', { reached: true, offered: null })], {}, everybody), 'finish');
  assert.equal(judge([], {}, everybody), 'finish');
});

test('most of those of a stage that are there must run it; who has not said why not is waited for', () => {
  const slow = { running: OLD, desired: OLD } as const;

  assert.equal(judge([canary('A', slow), server('B')]), 'wait: only 0 of 1 servers of this stage run it');
  assert.equal(judge([canary('A'), canary('C', slow), canary('D', slow), server('B')]).slice(0, 14), 'wait: only 1 o');
  assert.equal(judge([canary('A'), canary('C', slow), server('B')]), 'advance');
  assert.equal(judge([canary('A', { running: OLD, error: 'no' }), server('B')]), 'halt: refused');
  // It refuses something else.
  assert.equal(judge([canary('A', { desired: OLD, error: 'no' }), server('B')]), 'advance');
});
