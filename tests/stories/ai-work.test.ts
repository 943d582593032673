/**
 * What AI agents do with models, from the records of their frameworks at a real agent's process to the report of the day. The network between it
 * and the orchestrator is a proxy that can be cut.
 */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { formatToken, parseToken } from '../../src/contract/enrolment.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { gatherAiWork } from '../../src/orchestrator/reports/facts/ai-work-facts.ts';
import { factsWindow } from '../../src/orchestrator/reports/facts/facts-window.ts';
import { currentPeriod } from '../../src/orchestrator/reports/period.ts';
import { FaultProxy } from '../servers/fault-proxy.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { postLogs, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

interface Town {
  readonly database: Database;
  readonly proxy: FaultProxy;
  agent(): Promise<RunningSystem>;
}

async function town(t: TestContext): Promise<Town> {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const proxy = await FaultProxy.start(Number(new URL(system.url).port));
  t.after(() => proxy[Symbol.asyncDispose]());
  const home = await tempDir(t);
  const { token: direct } = await system.orchestrator.createToken();
  const token = formatToken({ ...parseToken(direct)!, url: `http://127.0.0.1:${proxy.port}` });
  const agent = async () => {
    const running = await RunningSystem.start(t, home, ['agent', '--agent-port', '0'], {
      NERVESYS_TOKEN: token,
      NERVESYS_SERVER: 'AIGARDEN01',
    });
    await until('it has joined', () => /has joined|Ready in/.test(running.output));
    return running;
  };
  return { database, proxy, agent };
}

const record = (context: object, more: object = {}) =>
  JSON.stringify({ agent_id: 'GROK', message: 'model answered', context, ...more });
const call = (id: string) =>
  record({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-5',
    'gen_ai.response.id': id,
    'gen_ai.usage.input_tokens': 1_000,
    'gen_ai.usage.output_tokens': 200,
  });
const FAILED = record(
  { event: 'api_error', model: 'gpt-5', error: 'rate limited', status_code: 429 },
  { level: 'ERROR' },
);
const TOOL = record({ event: 'tool_result', tool: 'search', success: false, call_id: 'c1' });

const post = async (agent: RunningSystem, ...lines: readonly string[]) => {
  const answer = await postLogs(agent.agentUrl, lines.join('\n'), { 'content-type': 'application/x-ndjson' });
  assert.equal(answer.status, 200, await answer.text());
};
const workOf = (database: Database) => {
  const window = factsWindow('daily', currentPeriod('daily', Date.now(), 'UTC'), Date.now());
  return gatherAiWork(database, window, [{ model: 'gpt-*', input: 1, output: 10 }]);
};

test('calls, tokens and failures of an AI agent stand in the report of the day, once, whatever the network does', async (t) => {
  const { database, proxy, agent } = await town(t);
  const first = await agent();
  await until('it beats', async () => (await database.query('SELECT FROM agents_latest')).count > 0);
  await post(first, call('r1'), call('r2'), call('r2'), FAILED, TOOL, record({ step: 7 }));

  await first.stop(); // what is left is told at the end
  const told = await workOf(database);
  proxy.cut();
  const second = await agent();
  await post(second, call('r3'));
  await second.stop(); // nobody is there: it is kept
  const away = await workOf(database);
  proxy.resume();
  const third = await agent();
  await until('it beats', async () => (await database.query('SELECT FROM agents_latest')).count > 0);
  await post(third, record({ step: 8 }));
  await third.stop();
  const back = await workOf(database);

  assert.deepEqual(
    [told!.calls, told!.failed_calls, told!.input_tokens, told!.output_tokens, told!.tool_calls, told!.tool_failures],
    [3, 1, 2_000, 400, 1, 1],
  );
  assert.deepEqual([told!.cost_usd, told!.by_agent_model.length], [0.006, 1]);
  assert.deepEqual(away, told);
  assert.deepEqual([back!.calls, back!.input_tokens, back!.cost_usd], [4, 3_000, 0.009]);
  const { rows } = await database.query('SELECT agent_id, sum(lines)::int AS lines FROM template_hours GROUP BY 1');
  assert.deepEqual(rows, [{ agent_id: 'GROK', lines: 8 }]);
});
