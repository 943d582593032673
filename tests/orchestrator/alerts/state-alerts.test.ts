import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { FleetPolicy } from '../../../src/orchestrator/fleet/judge-state.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SetClock } from '../../support/simulated-fleet.ts';
import { VirtualFleet } from '../../support/virtual-fleet.ts';

// The goal: who is silent is told as people would say it. A real orchestrator and Postgres, and minutes that pass at once.

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function open(t: TestContext, size: number, policy: Partial<FleetPolicy> = {}) {
  const clock = new SetClock();
  const fleet = new VirtualFleet(clock);
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    clock,
    onTransitions: fleet.onTransitions,
    policy,
  });
  fleet.systems = [system];
  await fleet.join(size);
  return { fleet, system };
}

interface Told {
  readonly kind: string;
  readonly server: string;
  readonly agent_id: string | null;
  readonly severity: string;
  readonly state: string;
  readonly count: number;
  readonly title: string;
}

async function alertsOf(system: TestOrchestrator): Promise<string[]> {
  const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json as { alerts: readonly Told[] };
  return alerts
    .map(({ kind, server, agent_id: agentId, severity, state, count }) =>
      [kind, agentId === null ? server : `${server}/${agentId}`, severity, state, count].join(' '),
    )
    .sort();
}

test('a server that is down is one alert, and not one more for each of its AI agents; its return resolves it', async (t) => {
  const { fleet, system } = await open(t, 3);

  fleet.servers[0]!.silent = true;
  await fleet.minutes(4);
  assert.deepEqual(await alertsOf(system), []);
  await fleet.minutes(60);
  assert.deepEqual(await alertsOf(system), ['server.silent AIGARDEN01 critical open 1']);
  fleet.servers[0]!.silent = false;
  await fleet.minutes(2);

  assert.deepEqual(await alertsOf(system), ['server.silent AIGARDEN01 critical resolved 1']);
});

test('a server that counts as down soon is one alert all the same', async (t) => {
  const { fleet, system } = await open(t, 1, { lateAfterMs: 65_000, downAfterMs: 100_000 });

  fleet.servers[0]!.silent = true;
  await fleet.minutes(4);

  assert.deepEqual(await alertsOf(system), ['server.silent AIGARDEN01 critical open 1']);
});

test('an AI agent that gives no sign though its server beats is an alert of its own', async (t) => {
  const { fleet, system } = await open(t, 1);

  fleet.servers[0]!.seenAt = fleet.clock.now();
  await fleet.minutes(12);
  assert.deepEqual(await alertsOf(system), ['agent.silent AIGARDEN01/GROK warning open 1']);
  fleet.servers[0]!.seenAt = undefined;
  await fleet.minutes(2);

  assert.deepEqual(await alertsOf(system), ['agent.silent AIGARDEN01/GROK warning resolved 1']);
});

test('what an AI agent says of itself is an alert: degraded, then critical, then well again', async (t) => {
  const { fleet, system } = await open(t, 1);

  fleet.servers[0]!.replace = { status: 'degraded' };
  await fleet.minutes(2);
  fleet.servers[0]!.replace = { status: 'critical' };
  await fleet.minutes(2);
  assert.deepEqual(await alertsOf(system), [
    'agent.critical AIGARDEN01/GROK critical open 1',
    'agent.degraded AIGARDEN01/GROK warning resolved 1',
  ]);
  fleet.servers[0]!.replace = {};
  await fleet.minutes(2);

  assert.deepEqual(await alertsOf(system), [
    'agent.critical AIGARDEN01/GROK critical resolved 1',
    'agent.degraded AIGARDEN01/GROK warning resolved 1',
  ]);
});

test('an AI agent that stops is a note, and a warning where it ended with an error', async (t) => {
  const { fleet, system } = await open(t, 2);

  fleet.servers[0]!.replace = { status: 'stopped' };
  fleet.servers[1]!.replace = { status: 'stopped', alerts: ['exited with code 137'] };
  await fleet.minutes(2);

  assert.deepEqual(await alertsOf(system), [
    'agent.stopped AIGARDEN01/GROK info open 1',
    'agent.stopped AIGARDEN02/GROK warning open 1',
  ]);
  const { alerts } = (await system.ask('GET', '/api/v1/alerts?severity=warning')).json;
  assert.equal(alerts[0].title, 'GROK on AIGARDEN02 has stopped: exited with code 137');
});

test('who is taken out of service alarms nobody any more', async (t) => {
  const { fleet, system } = await open(t, 1);
  fleet.servers[0]!.silent = true;
  await fleet.minutes(10);

  await system.ask('POST', '/api/v1/servers/AIGARDEN01/retire');
  await fleet.minutes(10);

  assert.deepEqual(await alertsOf(system), ['server.silent AIGARDEN01 critical resolved 1']);
});
