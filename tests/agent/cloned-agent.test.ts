import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { builtInConfig } from '../../src/config/index.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

/** Far above what it takes, also beside a busy suite. */
const DEADLINE_MS = 20_000;

/** A lean agent on this home that beats several times a second. */
async function openAgent(t: TestContext, home: string, server: string, token?: string): Promise<Agent> {
  const config = await builtInConfig();
  const heartbeat = { ...config.orchestrator.heartbeat, intervalMs: 150 };
  const agent = await Agent.open({
    home,
    server: server as ServerName,
    config: { ...config, orchestrator: { ...config.orchestrator, heartbeat } },
    port: 0,
    join: { token },
    clock: systemClock,
    random: () => 0.5,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

async function reasonsOf(agent: Agent): Promise<readonly string[]> {
  const answer = await fetch(`${agent.url}/healthz`);
  return ((await answer.json()) as { reasons: readonly string[] }).reasons;
}

test('the copy of a machine is asked to join by itself and is a server of its own then, and the first goes on', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), { overlapMs: 0 });
  const [home, copyHome] = [await tempDir(t), join(await tempDir(t), 'copy')];
  const { token } = await system.orchestrator.createToken();
  const first = await openAgent(t, home, 'AIGARDEN01', token);
  const isHeard = async () => (await system.ask('GET', '/api/v1/fleet')).json.servers[0]?.last_seen_at ?? null;
  await until('it beats', isHeard, DEADLINE_MS);
  await cp(join(home, 'agent', 'agent.key'), join(copyHome, 'agent', 'agent.key'));

  const copy = await openAgent(t, copyHome, 'AIGARDEN01');
  const isTold = async () => (await reasonsOf(copy)).some((one) => /here first.*NSV_AGENT_CLONED/.test(one));
  await until('the copy is told', isTold, DEADLINE_MS);
  assert.deepEqual(await reasonsOf(first), []);
  const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
  assert.ok(alerts.some(({ kind }: { kind: string }) => kind === 'server.cloned'));
  await copy.close();

  const own = await openAgent(t, copyHome, 'AIGARDEN02', (await system.orchestrator.createToken()).token);
  const beatsItself = async () => {
    const { servers } = (await system.ask('GET', '/api/v1/fleet')).json;
    return servers.find((one: { server: string }) => one.server === 'AIGARDEN02')?.last_seen_at ?? null;
  };
  await until('it beats as a server of its own', beatsItself, DEADLINE_MS);
  const kindsOf = (reasons: readonly string[]) => reasons.filter((one) => /CLONED|REVOKED|not joined/.test(one));
  assert.deepEqual([kindsOf(await reasonsOf(own)), await reasonsOf(first)], [[], []]);
});
