import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sayFinding, sayHold, sayRolloutReason } from '../../src/dashboard/messages/rollout-reasons.ts';
import { createWords } from '../../src/dashboard/messages/words.ts';
import {
  judgeRollout,
  type RolloutFacts,
  type RolloutServer,
  type ServerMeasure,
} from '../../src/orchestrator/gitops/judge-rollout.ts';

const en = createWords('en');
const he = createWords('he');
const NEW = 'abc123def456';

const server = (name: string, change: Partial<RolloutServer> = {}): RolloutServer => ({
  server: name,
  reached: true,
  state: 'up',
  lastSeenAt: 5_000,
  offered: NEW,
  offeredAt: 2_000,
  running: 'old',
  desired: NEW,
  error: null,
  ...change,
});
const measure = (change: Partial<ServerMeasure>): ServerMeasure => ({
  server: 'A1',
  records: 1_000,
  errors: 0,
  lost: 0,
  minutes: 10,
  ...change,
});
const judge = (servers: readonly RolloutServer[], facts: Partial<RolloutFacts> = {}) =>
  judgeRollout(
    {
      revision: NEW,
      state: 'rolling',
      stages: [{ share: 0.5 }, { share: 1 }],
      stage: 0,
      startedAt: 1_000,
      stageAt: 1_000,
      waitMs: 1_000,
      haltOn: { silentShare: 0.1, errorsFactor: 3, refusedServers: 1, lostRecords: 1 },
      hold: null,
    },
    {
      servers,
      hearing: { since: 0, heardAt: 10_000 },
      lateAfterMs: 2_000,
      after: [],
      before: [],
      others: [],
      ...facts,
    },
    10_000,
  );

test("each sentence of the orchestrator's judgement of a rollout has words of its own in Hebrew", () => {
  const refusing = server('A1', { error: 'x:\ny' });
  const findings = [
    judge([refusing]),
    judge([refusing, server('A2', { error: 'z' })]),
    judge([server('A1', { state: 'late' })]),
    judge([server('A1')], { after: [measure({ errors: 400 })] }),
    judge([server('A1')], { after: [measure({ lost: 400 })] }),
  ].flatMap((verdict) => (verdict.type === 'halt' ? verdict.findings : []));
  const holds = [
    judge([]),
    judge([server('A1')]),
    judge([server('A1', { state: 'late' }), server('B1', { reached: false, state: 'down' })]),
    judge([server('A1')], { hearing: { since: 9_500, heardAt: 10_000 } }),
  ].flatMap((verdict) => (verdict.type === 'wait' && verdict.hold !== null ? [verdict.hold] : []));
  assert.deepEqual(
    [findings.map(({ sign }) => sign), holds.length],
    [['refused', 'refused', 'silent', 'errors', 'losses'], 4],
  );

  for (const { text } of findings) {
    assert.match(sayFinding(he, text), /[א-ת]/, text);
    assert.match(sayRolloutReason(he, text), /[א-ת]/, 'a revision tells it as its reason');
  }
  for (const hold of holds) assert.match(sayHold(he, hold), /[א-ת]/, hold);
  const bare = (text: string) => text.replace(/[\u2068\u2069]/g, '').toLowerCase();
  for (const { text } of findings) assert.equal(bare(sayFinding(en, text)), text.toLowerCase());
});

test('why a rollout ended is said in the reader’s language, and what a person wrote is left as it is', () => {
  assert.match(sayRolloutReason(he, `${NEW} came after it`), /באה אחריה/);
  assert.match(sayRolloutReason(he, `the source went back to ${NEW}`), /המקור חזר/);
  assert.match(
    sayRolloutReason(he, `it does the same as ${NEW}, which was taken back: it is Friday`),
    /אותו דבר.*it is Friday/,
  );
  assert.match(sayRolloutReason(he, 'rolled back by dana'), /dana/);
  assert.match(sayRolloutReason(he, 'rolled back by dana'), /הוחזרה/);
  assert.equal(sayRolloutReason(he, 'it is Friday'), 'it is Friday');
});
