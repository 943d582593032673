/**
 * Goal: what was found bad comes to nobody by another door: not by its name, not by another commit that does the same, not by going back; and what is
 * told says so, on the command line as well. Method: a fleet of nobody, whose rollouts go by time alone.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { runNervesys } from '../../commands/run-nervesys.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { nthRevision } from '../../support/revisions.ts';
import { SetClock, SimulatedFleet } from '../../support/simulated-fleet.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('nobody is led back to what was found bad, nor to what was never everywhere; and a bad one is known by what it does', async (t) => {
  const database = await postgres.database();
  const clock = new SetClock();
  const system = await TestOrchestrator.open(t, database, { clock });
  const fleet = await SimulatedFleet.enrol(system, database, clock, 0);
  const { revisions } = system.orchestrator;
  const [r1, r2, r3, r4, r5, r6] = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => nthRevision(n)));
  const status = async () => (await system.ask('GET', '/api/v1/rollout')).json;
  const steer = (what: string, body: object = {}) => system.ask('POST', `/api/v1/rollout/${what}`, { body });
  const desired = async (what: string, body: object = {}) => {
    const { json } = await steer(what, body);
    return json.config?.desired ?? json.detail;
  };
  const nervesys = async (...args: string[]) => {
    const { code, stdout, stderr } = await runNervesys(['config', 'rollout', ...args, '--home', system.home]);
    return { code, out: stdout.toString(), stderr };
  };
  for (const found of [r1!, r2!, r3!]) {
    await revisions.record(found);
    await fleet.minutes(11);
    assert.equal((await status()).config.desired, found.revision);
  }

  // Back by one, and by another one; then there is none left.
  assert.equal(await desired('rollback', { reason: 'too\u001b[2J many alerts' }), r2!.revision);
  assert.equal(await desired('rollback'), r1!.revision);
  assert.match(await desired('rollback'), /no good revision is known from before/);
  // The one before this is the third, which was left for its faults, and before that the first.
  assert.equal(await desired('resume', { revision: r3!.revision }), r3!.revision);
  await fleet.minutes(11);
  await revisions.record(r4!);
  await fleet.minutes(11);
  await database.query("UPDATE config_revisions SET state = 'rolled_back' WHERE revision = $1", [r3!.revision]);
  assert.equal(await desired('rollback'), r1!.revision);

  // The same by another name, be it a commit of its own.
  const sha = 'cccccccccccccccccccccccccccccccccccccccc';
  const twin = await nthRevision(4);
  const picked = { ...twin, revision: sha.slice(0, 12), config: { ...twin.config!, revision: sha.slice(0, 12) } };
  assert.equal(await revisions.record(picked), 'new');
  assert.equal(await revisions.record(picked), 'known');
  const remembered = await status();
  assert.deepEqual([remembered.config.desired, remembered.config.rollout], [r1!.revision, null]);
  assert.deepEqual([remembered.found.revision, remembered.found.state], [picked.revision, 'rolled_back']);
  assert.match(
    remembered.found.reason,
    new RegExp(`^it does the same as ${r4!.revision}, which was taken back: rolled back by`),
  );
  const alerts = async () =>
    (await system.ask('GET', '/api/v1/alerts')).json.alerts.filter(
      (one: { kind: string }) => one.kind === 'config.refused',
    );
  assert.deepEqual(
    (await alerts()).map(({ count, title }: { count: number; title: string }) => [count, title.slice(0, 21)]),
    [[1, `Revision ${picked.revision}`]],
  );
  const shown = await nervesys('status');
  assert.match(
    shown.out,
    new RegExp(`^0 of 0 on ${r1!.revision}\nThe source holds ${picked.revision}, which is remembered as bad: it does`),
  );
  assert.match(shown.stderr, new RegExp(`nervesys config rollout resume ${picked.revision}`));

  // Somebody lets it come all the same: then it is good, by whatever name.
  assert.equal(await desired('resume', { revision: picked.revision }), picked.revision);
  await fleet.minutes(11);
  assert.ok((await alerts()).every(({ state }: { state: string }) => state === 'resolved'));
  const again = { ...picked, revision: 'dddddddddddd', config: { ...twin.config!, revision: 'dddddddddddd' } };
  await revisions.record(again);
  assert.equal((await status()).config.rollout.revision, again.revision);

  // One that was overtaken on its way was never everywhere: it comes by stages or not at all.
  await revisions.record(r5!);
  const refused = await steer('rollback', { revision: again.revision });
  assert.deepEqual([refused.status, refused.json.code], [409, 'NSV_REVISION_UNUSABLE']);
  assert.match(refused.json.detail, /not every server was to run dddddddddddd before/);
  const underWay = await nervesys('pause', '--reason', 'it is \u001b[2JFriday');
  assert.match(
    underWay.out,
    new RegExp(
      `Rollout of ${r5!.revision}: paused\n  began .* ago, falls back to ${picked.revision}\n  stage 1 of 1: \\[100%\\], for .*\n  admin: it is \\\\x1b\\[2JFriday\n`,
    ),
  );

  // It is halted while it is paused: what came meanwhile is not let go by that, and somebody is told how.
  const agent = await fleet.join('AIGARDEN01');
  fleet.effectOf = (revision) => (revision === r5!.revision ? 'is refused' : 'works');
  await revisions.record(r6!);
  await fleet.minutes(1);
  assert.equal((await status()).rollout.state, 'halted');
  await fleet.minutes(1);
  const waiting = await nervesys('status');
  assert.match(
    waiting.out,
    new RegExp(`^1 of 1 on ${picked.revision}\nThe source holds ${r6!.revision}, which is good and waits`),
  );
  assert.match(waiting.out, /: halted by itself\n[\s\S]*a server refuses it: there is no file .* \(AIGARDEN01\)\n/);
  assert.match(waiting.stderr, /Let it come, by stages: nervesys config rollout resume\n/);

  // Its only server is away the whole time: nothing is called good, somebody is told once, and it has it when it is back.
  fleet.agents.length = 0;
  await fleet.minutes(6);
  assert.equal(await desired('resume'), r6!.revision);
  await fleet.minutes(75);
  const held = async () =>
    (await system.ask('GET', '/api/v1/alerts')).json.alerts.filter(
      (one: { kind: string }) => one.kind === 'config.held',
    );
  assert.deepEqual(
    (await held()).map(({ count, title }: { count: number; title: string }) => [count, title]),
    [[1, `The rollout of ${r6!.revision} does not get past stage 1 of 1: no server of this stage is there`]],
  );
  assert.match((await nervesys('status')).out, /, for 1h .*\n {2}it waits: no server of this stage is there\n/);
  fleet.agents.push(agent);
  await fleet.minutes(2);
  assert.equal(agent.running, r6!.revision);
  await fleet.rolloutWatch.judgeOnce();
  assert.ok((await held()).every(({ state }: { state: string }) => state === 'resolved'));

  await revisions.record(await nthRevision(7));
  const back = await nervesys('rollback', '--reason', 'on a Friday');
  assert.match(
    back.out,
    new RegExp(`^\\w+ is left and remembered as bad; every server is to run ${r6!.revision} again.\n`),
  );
  assert.match(back.out, /: rolled back\n[\s\S]* {2}admin: on a Friday\n/);
  assert.equal((await nervesys('pause')).code, 1);
});
