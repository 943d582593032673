import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DeadMan, dutiesHealth } from '../../../src/orchestrator/alerts/dead-man.ts';
import type { Logger } from '../../../src/platform/logger.ts';
import { silentLogger } from '../../../src/platform/logger.ts';
import { ProviderServer } from '../../servers/provider-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const PATH = '/ping/0b8c-secret';

async function watched(t: TestContext, logger: Logger = silentLogger) {
  const server = await ProviderServer.answering(() => ({ status: 200, body: 'OK' }));
  t.after(() => server.stop());
  const clock = new FakeClock();
  const health: { now: true | string | undefined } = { now: true };
  const deadMan = new DeadMan({
    url: `${server.url}${PATH}?create=1`,
    intervalMs: () => 60_000,
    healthy: () => health.now,
    clock,
    logger,
  });
  t.after(() => deadMan.close());
  const asked = (count: number) => until(`${count} signs`, () => server.asked.length === count);
  return { server, clock, health, deadMan, asked };
}

test('a sign of life goes out at each interval while the orchestrator is healthy', async (t) => {
  const { server, clock, deadMan, asked } = await watched(t);
  deadMan.start();

  await clock.advance(0);
  await asked(1);
  await until('the first was taken', () => deadMan.state.pinged_at !== null);
  await clock.advance(59_000);
  assert.equal(server.asked.length, 1);
  await clock.advance(1_000);
  await asked(2);

  assert.deepEqual(
    server.asked.map(({ method, path, text }) => [method, path, text]),
    Array(2).fill(['POST', `${PATH}?create=1`, 'ok']),
  );
});

test('while it is not healthy the sign says so, with the reason', async (t) => {
  const { server, health, deadMan, clock } = await watched(t);

  health.now = 'the fleet has not been watched for 90 s: is Postgres away?';
  assert.equal(await deadMan.pingOnce(), 60_000);
  health.now = true;
  await deadMan.pingOnce();

  assert.deepEqual(
    server.asked.map(({ path, text }) => [path, text]),
    [
      [`${PATH}/fail?create=1`, 'the fleet has not been watched for 90 s: is Postgres away?'],
      [`${PATH}?create=1`, 'ok'],
    ],
  );
  assert.deepEqual(deadMan.state, { pinged_at: new Date(clock.now()).toISOString(), problem: null });
});

test('nothing is said while it is too early to say', async (t) => {
  const { server, health, deadMan } = await watched(t);
  health.now = undefined;

  assert.equal(await deadMan.pingOnce(), 1_000);

  assert.deepEqual(server.asked, []);
});

test('a sign that was lost is repeated before the next is due, and told without the address', async (t) => {
  const logged: string[] = [];
  const note = (...parts: unknown[]) => void logged.push(JSON.stringify(parts));
  const { server, deadMan } = await watched(t, { ...silentLogger, warn: note, info: note } as Logger);
  server.next({ status: 500 });
  assert.equal(await deadMan.pingOnce(), 10_000);
  assert.match(deadMan.state.problem ?? '', /answered 500/);
  await server.stop();

  assert.equal(await deadMan.pingOnce(), 10_000);

  assert.match(deadMan.state.problem ?? '', /ECONNREFUSED/);
  assert.equal(logged.length, 2);
  assert.doesNotMatch(logged.join() + JSON.stringify(deadMan.state), /0b8c-secret/);
});

test('closing ends the wait for an answer', async (t) => {
  const { server, deadMan, clock, asked } = await watched(t);
  server.next('silence');
  deadMan.start();
  await clock.advance(0);
  await asked(1);

  await deadMan.close();
});

test('the fleet counts as watched by when it last was, and a start has the same time', () => {
  assert.equal(dutiesHealth([undefined, 1_500], 1_000, 2_000), undefined);
  assert.equal(dutiesHealth([5_000, 59_000], 1_000, 60_000), true);
  assert.match(String(dutiesHealth([69_000, 5_000], 1_000, 70_000)), /nobody told, for 65 s/);
  assert.match(String(dutiesHealth([undefined, 69_000], 1_000, 70_000)), /for 69 s/);
});
