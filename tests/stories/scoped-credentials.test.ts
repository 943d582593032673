/**
 * `credentials: scoped`, whole: an orchestrator, an agent and a store whose STS evaluates the session's policy. Records arrive by temporary keys; an
 * orchestrator that is away is missed only when they are over; a revoked server gets no more; and the keys are nowhere but in memory.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Agent } from '../../src/agent/agent.ts';
import { loadOrEnrol } from '../../src/agent/bootstrap/enrolment.ts';
import { encodeObject } from '../../src/agent/sources/record-encoder.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { Orchestrator } from '../../src/orchestrator/orchestrator.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { S3Server } from '../servers/s3-server.ts';
import { openBuffer, SERVER } from '../support/local-api.ts';
import type { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { postLogs, RunningSystem, readRecords } from '../support/running-system.ts';
import { openScopedAgent, openScopedFleet, type ScopedFleet } from '../support/scoped-fleet.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const RENAMED = 'AIGARDEN09' as ServerName;
const NEWS_MS = 20_000;

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

interface Whole extends ScopedFleet {
  readonly s3: S3Server;
  readonly home: string;
}

async function openWhole(t: TestContext): Promise<Whole> {
  const s3 = await S3Server.start({ sts: {} });
  t.after(() => s3.down());
  return { ...(await openScopedFleet(t, postgres, s3.settings)), s3, home: await tempDir(t) };
}

const openAgent = (t: TestContext, whole: Whole, server = SERVER) => openScopedAgent(t, whole, whole.home, server);

async function post(agent: Agent, message: string): Promise<void> {
  assert.equal((await postLogs(agent.url, JSON.stringify({ agent_id: 'GROK', message }))).status, 200);
}

const batches = (s3: S3Server) => [...s3.objects].filter(([key]) => key.startsWith('logs/'));
const messages = (s3: S3Server) =>
  readRecords(batches(s3).map(([key, { body }]) => ({ key, body }))).map(({ message }) => message);

async function catalogOf({ central }: Whole): Promise<string[]> {
  const { json } = await central.ask('GET', '/api/v1/archive');
  return json.objects.map(({ key }: { key: string }) => key).sort();
}

test('an orchestrator that is away is not missed while the keys are good; when they are over batches wait, and go when it is back', async (t) => {
  const whole = await openWhole(t);
  const { s3, central, options } = whole;
  const agent = await openAgent(t, whole);
  await post(agent, 'first');
  await agent.flush();

  await central.orchestrator.close();
  await post(agent, 'while it was away');
  await agent.flush();
  assert.deepEqual(messages(s3), ['first', 'while it was away']);
  s3.sessions!.expireAll();
  await post(agent, 'when they were over');
  await assert.rejects(agent.flush(), /NSV_ORCHESTRATOR_UNREACHABLE|ask the orchestrator/);
  assert.deepEqual(messages(s3), ['first', 'while it was away']);
  const again = await Orchestrator.open(options);
  t.after(() => again.close());
  await until('the batch goes by itself', async () => {
    await agent.flush().catch(() => undefined);
    return messages(s3).length === 3;
  });

  assert.deepEqual(messages(s3), ['first', 'while it was away', 'when they were over']);
  const back = { ...whole, central: Object.create(central, { url: { value: again.url } }) as TestOrchestrator };
  const keys = batches(s3)
    .map(([key]) => key)
    .sort();
  await until('the catalog knows all of them', async () => (await catalogOf(back)).join() === keys.join(), NEWS_MS);
});

test('a revoked server is given no more: its records stay with it once its keys are over', async (t) => {
  const whole = await openWhole(t);
  const { s3, central } = whole;
  const agent = await openAgent(t, whole);
  await post(agent, 'before');
  await agent.flush();
  const given = s3.sessions!.given.length;

  await central.ask('POST', `/api/v1/servers/${SERVER}/revoke`, { body: {} });
  s3.sessions!.expireAll();
  await post(agent, 'after');
  await assert.rejects(agent.flush(), /revoked/);

  assert.deepEqual(messages(s3), ['before']);
  assert.equal(s3.sessions!.given.length, given);
  const buffer = (await (await fetch(`${agent.url}/buffer`)).json()) as { records: number };
  assert.equal(buffer.records, 1);
});

test('an upload whose answer was lost is recognised by the orchestrator, for the agent may not look', async (t) => {
  const whole = await openWhole(t);
  const { s3 } = whole;
  const agent = await openAgent(t, whole);
  await post(agent, 'first');
  await agent.flush();
  await until('the catalog knows the first', async () => (await catalogOf(whole)).length === 1); // nobody asks the store now
  await post(agent, 'second');
  s3.failNext(1, { type: 'dropAfter' });

  const { objects } = await agent.flush();

  assert.deepEqual(messages(s3), ['first', 'second']);
  assert.equal(objects.length, 1);
  const tries = s3.requests.filter(({ method, url }) => method === 'PUT' && url.endsWith(objects[0]!));
  assert.deepEqual(
    tries.map(({ status }) => status),
    [0, 412],
  );
  const keys = batches(s3)
    .map(([key]) => key)
    .sort();
  assert.equal(keys.length, 2);
  await until('the catalog knows both', async () => (await catalogOf(whole)).join() === keys.join());
});

test('a server that is installed anew finds its names taken and takes the next ones', async (t) => {
  const whole = await openWhole(t);
  const agent = await openAgent(t, whole);
  await post(agent, 'of the first buffer');
  await agent.flush();
  await agent.close();

  const anew = await openAgent(t, { ...whole, home: await tempDir(t) });
  await post(anew, 'of the second buffer');
  await anew.flush();

  assert.deepEqual(messages(whole.s3).sort(), ['of the first buffer', 'of the second buffer']);
});

test('what was sealed under a former name goes by permission, since the keys open the new prefix alone', async (t) => {
  const whole = await openWhole(t);
  const { s3, central, home } = whole;
  await mkdir(join(home, 'agent'), { recursive: true });
  const { token } = await central.orchestrator.createToken();
  const parts = { clock: systemClock, random: Math.random, logger: silentLogger };
  await loadOrEnrol({ home, server: SERVER, token, ...parts });
  const buffer = openBuffer(join(home, 'agent'));
  await buffer.append([encodeObject({ message: 'sealed before' }, { server: SERVER, now: Date.now() })]);
  await buffer.seal();
  await buffer.close();

  const agent = await openAgent(t, whole, RENAMED);
  await post(agent, 'written after');
  const { objects } = await agent.flush();

  assert.deepEqual(
    objects.map((key) => key.split('/')[1]),
    [SERVER, RENAMED],
  );
  const bySession = s3.requests.filter(({ method, headers }) => method === 'PUT' && headers['x-amz-security-token']);
  assert.ok(bySession.length > 0 && bySession.every(({ url }) => !url.includes(`/logs/${SERVER}/`)));
});

test('real processes: records arrive by temporary keys and are found, and the keys are in no log, file, table or argument', async (t) => {
  const s3 = await S3Server.start({ sts: {} });
  t.after(() => s3.down());
  const [home, remote] = [await tempDir(t), await tempDir(t)];
  for (const folder of [home, remote]) {
    await mkdir(join(folder, 'config'));
    await writeFile(join(folder, 'config', 'storage.yaml'), 'credentials: scoped\ncredentials_ttl: 1h\n');
  }
  const debug = { NERVESYS_DEBUG: '1' };
  const central = await RunningSystem.start(t, home, ['orchestrator', '--port', '0'], { ...s3.environment, ...debug });
  const token = (await central.cli('token', 'create')).trim();
  const agent = await RunningSystem.start(t, remote, ['agent', '--agent-port', '0'], {
    NERVESYS_TOKEN: token,
    NERVESYS_SERVER: SERVER,
    ...debug,
  });
  const lines = Array.from({ length: 100 }, (_, n) => JSON.stringify({ agent_id: 'GROK', message: `kept ${n}` }));

  assert.equal((await postLogs(agent.agentUrl, lines.join('\n'))).status, 200);
  await until(
    'they are archived',
    async () => (await fetch(`${agent.agentUrl}/flush`, { method: 'POST' })).status === 200,
    NEWS_MS,
  );
  const found = async () => (await central.cli('logs', '--agent', 'GROK', '--json')).trim().split('\n').length;
  await until('they are found', async () => (await found()) === 100, NEWS_MS);

  const [session] = s3.sessions!.of(SERVER);
  assert.equal(session?.seconds, 3_600);
  const put = s3.requests.find(({ url }) => url.includes('/logs/'));
  assert.ok(put?.headers['authorization']?.includes(session!.accessKey), 'it went by these keys');
  const commandLines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/cmdline`));
  const audit = await central.cli('audit', 'list', '--json');
  assert.match(audit, /credentials\.issued/);
  await Promise.all([agent.stop(), central.stop()]);
  const files = [home, remote].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => read(join(entry.parentPath, entry.name))),
  );
  const out = [central.output, agent.output, audit, ...commandLines, ...files];
  assert.ok(
    out.length > 100 && files.some((text) => text.includes('credentials.issued')),
    'the database was looked at',
  );
  for (const secret of [session!.secretKey, session!.token, s3.secretKey])
    assert.ok(!out.some((text) => text.includes(secret)));
});

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // a process that has ended
  }
}
