/**
 * Goal: a revision that harms reaches a few and is taken back; one that doesn't reaches all. Method: twenty agents that ask and beat over HTTP with keys of
 * their own, live through minutes of a clock that is set, and do what the revision makes of them.
 */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { nthRevision, refusedRevision } from '../../support/revisions.ts';
import { type Effect, SetClock, SimulatedFleet, watchesOf } from '../../support/simulated-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const POLICY = 'rollout: { canary: 10%, wait: 10m, then: [50%, 100%] }\n';

async function openFleet(t: TestContext, size = 20) {
  const database = await postgres.database();
  const clock = new SetClock();
  const system = await TestOrchestrator.open(t, database, { clock });
  const fleet = await SimulatedFleet.enrol(system, database, clock, size);
  const first = await nthRevision(1, POLICY);
  await system.orchestrator.revisions.record(first);
  await fleet.minutes(3);
  assert.equal(fleet.running(first.revision).length, size, 'the first configuration goes to everybody');
  const status = async () => (await system.ask('GET', '/api/v1/rollout')).json;
  const configAlerts = async () =>
    (await system.ask('GET', '/api/v1/alerts')).json.alerts.filter((one: { kind: string }) =>
      one.kind.startsWith('config.'),
    );
  return { database, clock, system, fleet, first, status, configAlerts };
}

test('a healthy revision goes to two of twenty, then to half, then to all, and its canaries stay the same', async (t) => {
  const { system, fleet, status } = await openFleet(t);
  const next = await nthRevision(2, POLICY);

  await system.orchestrator.revisions.record(next);
  await fleet.minutes(2);
  const canaries = fleet.running(next.revision);
  await fleet.minutes(5);
  const stillCanaries = fleet.running(next.revision);
  await fleet.minutes(5);
  await fleet.settle(next.revision, 10);
  const half = fleet.running(next.revision);
  await fleet.minutes(12);
  await fleet.settle(next.revision, 20);
  const all = fleet.running(next.revision);
  await fleet.minutes(12);

  assert.equal(canaries.length, 2);
  assert.deepEqual(stillCanaries, canaries, 'a stage began before its time');
  assert.equal(half.length, 10);
  assert.ok(canaries.every((server) => half.includes(server)));
  assert.equal(all.length, 20);
  const { rollout, config } = await status();
  assert.deepEqual([rollout.state, config.desired], ['done', next.revision]);
  assert.deepEqual(config.running, [{ revision: next.revision, servers: 20 }]);
});

for (const [effect, sign] of [
  ['silences', 'silent'],
  ['makes errors', 'errors'],
  ['loses records', 'losses'],
  ['is refused', 'refused'],
] as const satisfies readonly (readonly [Effect, string])[])
  test(`a revision that ${effect} halts at its canaries, the one before is desired again, and it is told once`, async (t) => {
    const { database, clock, system, fleet, first, status, configAlerts } = await openFleet(t);
    const bad = await nthRevision(2, POLICY);
    fleet.effectOf = (revision) => (revision === bad.revision ? effect : 'works');

    await system.orchestrator.revisions.record(bad);
    // Two replicas look at the same.
    const { rolloutWatch } = watchesOf(database, clock);
    let worst = 0;
    let halted = 0;
    for (let minute = 0; minute < 25 && halted < 3; minute++) {
      await fleet.minutes(1);
      await rolloutWatch.judgeOnce();
      halted += (await status()).rollout.state === 'halted' ? 1 : 0;
      worst = Math.max(worst, fleet.agents.filter((agent) => agent.offered === bad.revision).length);
    }

    assert.ok(worst >= 1 && worst <= 2, `${worst} got it`); // a refusal ends it before the second canary has asked
    const { rollout, config } = await status();
    assert.deepEqual([rollout.state, rollout.findings[0].sign, config.desired], ['halted', sign, first.revision]);
    const alerts = await configAlerts();
    assert.deepEqual(
      alerts.map(({ kind, count }: { kind: string; count: number }) => [kind, count]),
      [['config.halted', 1]],
    );
    if (effect !== 'silences') await fleet.settle(first.revision, 20); // the canaries are back
    const detail = (await system.ask('GET', `/api/v1/revisions/${bad.revision}`)).json;
    assert.equal(detail.state, 'rolled_back');
    assert.ok(detail.reason.length > 0);
    // Found again it is remembered, not tried again; and the next good one is.
    assert.equal(await system.orchestrator.revisions.record(bad), 'known');
    await fleet.minutes(2);
    assert.equal((await status()).config.desired, first.revision);
    fleet.effectOf = () => 'works';
    const good = await nthRevision(3, POLICY);
    await system.orchestrator.revisions.record(good);
    await fleet.settle(good.revision, 2);
  });

test('a rollout does not wait for servers that have begun to pull from Git themselves', async (t) => {
  const { system, fleet, status } = await openFleet(t, 4);
  for (const agent of fleet.agents.slice(1)) agent.pulls = true;
  await fleet.minutes(1);

  const next = await nthRevision(2, POLICY);
  await system.orchestrator.revisions.record(next);
  for (let minute = 0; minute < 60 && (await status()).rollout?.state !== 'done'; minute++) await fleet.minutes(1);

  const { rollout, config } = await status();
  assert.deepEqual([rollout.state, rollout.hold, config.desired], ['done', null, next.revision]);
  assert.deepEqual(config.running, [
    { revision: 'ffffffffffff', servers: 3 },
    { revision: next.revision, servers: 1 },
  ]);
});

test('people pause, resume and roll back, viewers don’t, and the audit log tells', async (t) => {
  const { system, fleet, first, status } = await openFleet(t);
  const next = await nthRevision(2, POLICY);
  const viewer = (await system.ask('POST', '/api/v1/keys', { body: { name: 'looks on', role: 'viewer' } })).json.key;
  const steer = (what: string, body: object = {}, key?: string) =>
    system.ask('POST', `/api/v1/rollout/${what}`, { body, key });
  await system.orchestrator.revisions.record(next);
  await fleet.minutes(2);

  const refused = await steer('pause', {}, viewer);
  const paused = await steer('pause', { reason: 'it is Friday' });
  await fleet.minutes(30);
  const whilePaused = fleet.running(next.revision).length;
  const resumed = await steer('resume');
  await fleet.minutes(13); // the stage's time begins anew
  await fleet.settle(next.revision, 10);
  const back = await steer('rollback', { reason: 'we like the old one' });
  await fleet.settle(first.revision, 20);
  const nothing = await steer('pause');

  assert.equal(refused.status, 403);
  for (const answer of [paused, resumed, back]) assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([paused.json.rollout.state, paused.json.rollout.reason], ['paused', 'it is Friday']);
  assert.equal(whilePaused, 2);
  assert.equal(resumed.json.rollout.state, 'rolling');
  assert.equal(back.json.config.desired, first.revision);
  assert.equal(nothing.json.code, 'NSV_ROLLOUT_STATE');
  const { entries } = (await system.ask('GET', '/api/v1/audit')).json;
  const actions = entries.map((entry: { action: string }) => entry.action);
  for (const action of ['config.rollout_paused', 'config.rollout_resumed', 'config.rolled_back'])
    assert.ok(actions.includes(action), `${action} is not told`);
  assert.equal((await status()).servers.length, 20);
});

test('a revision with mistakes moves nothing, makes one alert however often it is found, and the next good one resolves it', async (t) => {
  const { system, fleet, first, configAlerts, status } = await openFleet(t, 3);
  const broken = refusedRevision('abcdef012345');

  for (let round = 0; round < 3; round++) {
    await system.orchestrator.revisions.record(broken);
    await fleet.minutes(1);
  }
  const alerts = await configAlerts();
  const desired = (await status()).config.desired;
  await system.orchestrator.revisions.record(await nthRevision(2));
  const later = await configAlerts();

  assert.deepEqual(
    alerts.map(({ kind, count, state }: { kind: string; count: number; state: string }) => [kind, count, state]),
    [['config.refused', 1, 'open']],
  );
  assert.match(JSON.stringify(alerts[0].detail), /storage\.yaml:1:9/);
  assert.equal(desired, first.revision);
  assert.equal(fleet.running(first.revision).length, 3);
  assert.ok(later.every((alert: { state: string }) => alert.state === 'resolved'));
});
