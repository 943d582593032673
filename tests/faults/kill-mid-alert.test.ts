/**
 * Goal: whoever is killed on the way of an alert, it is told, and not twice to a person. Method: real processes, killed for real while a
 * provider holds their request; a claim's minute is made to pass in the database.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import { parseToken } from '../../src/contract/enrolment.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { type ProviderRequest, ProviderServer } from '../servers/provider-server.ts';
import { TestPostgres } from '../support/postgres.ts';
import { postLogs, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const CONFIG = resolve(import.meta.dirname, '../../config');
const CLAIM_MS = 60_000;

/** Takes what it is told, unless a test does something else with it first. */
class Provider {
  readonly server: ProviderServer;
  /** In the moment in which it takes something, before it answers. */
  onTaking: (request: ProviderRequest) => void = () => {};

  private constructor(server: ProviderServer) {
    this.server = server;
  }

  static async start(t: TestContext): Promise<Provider> {
    let taking = (_: ProviderRequest) => {};
    const server = await ProviderServer.answering((request) => {
      taking(request);
      return { status: 204 };
    });
    t.after(() => server.stop());
    const provider = new Provider(server);
    taking = (request) => provider.onTaking(request);
    return provider;
  }

  /** What was taken, `<webhook-id>` and what it tells of. */
  get told(): { readonly id: string; readonly titles: readonly string[] }[] {
    return this.server.taken.map((request) => ({ id: idOf(request), titles: titlesOf(request) }));
  }
}

function idOf({ headers }: ProviderRequest): string {
  return String(headers['webhook-id']);
}

function titlesOf({ json }: ProviderRequest): string[] {
  return json.data.alerts.map(({ title }: { title: string }) => title);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A home whose configuration tells the provider at once, and makes an alert of each critical line. */
async function homeFor(t: TestContext, { server }: Provider): Promise<string> {
  const home = await tempDir(t);
  const folder = join(home, 'config');
  await cp(CONFIG, folder, { recursive: true });
  const orchestrator = join(folder, 'orchestrator.yaml');
  await writeFile(
    orchestrator,
    `${await readFile(orchestrator, 'utf8')}
alerts: { critical_wait: 0s }
channels:
  oncall: { type: webhook, url: "${server.url}/" }
`,
  );
  const defaults = join(folder, 'agents/_defaults.yaml');
  const rule = `rules:
  - { name: tried, when: { agent: 'TRY*', level: CRITICAL }, then: { alert: critical } }
  - { name: critical_line, when: { agent: GIMAI, level: CRITICAL }, then: { alert: critical } }
`;
  await writeFile(defaults, (await readFile(defaults, 'utf8')).replace(/^rules:\n/m, rule));
  return home;
}

interface Replica {
  readonly system: RunningSystem;
  readonly url: string;
}

async function startReplica(t: TestContext, home: string, database: string, port = 0): Promise<Replica> {
  const { host, port: ofPostgres, user } = postgres.server.connection();
  const system = await RunningSystem.start(t, home, ['orchestrator', '--port', String(port)], {
    DATABASE_URL: `postgres://${user}@localhost:${ofPostgres}/${database}?host=${encodeURIComponent(String(host))}`,
    NERVESYS_CHANNEL_ONCALL_SECRET: `whsec_${Buffer.alloc(32, 'k').toString('base64')}`,
  });
  return { system, url: system.address('orchestrator').url };
}

async function ask(url: string, path: string, key: string, body?: unknown) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function newToken({ system, url }: Replica): Promise<string> {
  const admin = (await readFile(join(system.home, 'orchestrator/admin.key'), 'utf8')).trim();
  return (await ask(url, '/tokens', admin, {})).token;
}

async function enrol(replica: Replica): Promise<string> {
  const secret = parseToken(await newToken(replica))?.secret;
  const body = { secret, server: 'AIGARDEN01', agent_version: '0.1.0', boot_id: null };
  return (await ask(replica.url, '/enroll', '', body)).key;
}

/** An agent tells a trouble of its own. */
function tell({ url }: Replica, key: string, title: string): Promise<unknown> {
  const alert = {
    dedup_key: title,
    severity: 'critical',
    server: 'AIGARDEN01',
    agent_id: null,
    kind: title,
    title,
    detail: {},
    at: new Date().toISOString(),
  };
  return ask(url, '/alerts', key, { alerts: [alert] });
}

async function waiting(database: Database): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM notifications WHERE state = 'waiting'",
  );
  return rows[0]!.n;
}

async function claimRunsOut(database: Database): Promise<void> {
  await database.query(
    "UPDATE notifications SET claimed_until = claimed_until - $1::int * interval '1 millisecond' WHERE claimed_until IS NOT NULL",
    [CLAIM_MS],
  );
}

test('a replica that is killed while it tells, or before it has noted that it has, is followed by another under the same id', async (t) => {
  const provider = await Provider.start(t);
  await using database = await postgres.database();
  const name = postgres.lastName;
  const homes = [await homeFor(t, provider), await homeFor(t, provider)] as const;
  const replicas = await Promise.all(homes.map((home) => startReplica(t, home, name)));
  const key = await enrol(replicas[0]!);
  /** The link that is told leads to who tells it. */
  const tellerOf = ({ json }: ProviderRequest) => replicas.find(({ url }) => json.data.link.startsWith(`${url}/`))!;
  const otherThan = (one: Replica) => replicas.find((replica) => replica !== one)!;

  // Killed while the provider holds its request: nobody knows whether it was taken.
  provider.server.next('silence');
  await tell(replicas[0]!, key, 'first');
  const [held] = await until('it is being told', () =>
    provider.server.asked.length > 0 ? provider.server.asked : undefined,
  );
  const killed = tellerOf(held!);
  const survivor = otherThan(killed);
  await killed.system.kill();
  await tell(survivor, key, 'second');
  await until('the second waits, too', async () => (await waiting(database)) === 2);
  assert.ok(provider.told.length === 0, 'the claim of the killed one still holds');
  await claimRunsOut(database);
  await until('both are told', () => provider.told.length === 2);
  await until('and noted', async () => (await waiting(database)) === 0);

  assert.deepEqual(
    provider.told.map(({ titles }) => titles),
    [['first'], ['second']],
  );
  assert.equal(provider.told[0]!.id, idOf(held!));

  const { rows: noted } = await database.query('SELECT state, attempts FROM notifications ORDER BY id');
  assert.deepEqual(noted, [
    { state: 'told', attempts: 2 },
    { state: 'told', attempts: 1 },
  ]);

  // Killed after the provider has taken it, before its answer has arrived.
  replicas[replicas.indexOf(killed)] = await startReplica(t, killed.system.home, name);
  let dying: Replica | undefined;
  provider.onTaking = (request) => {
    if (dying !== undefined) return;
    dying = tellerOf(request);
    dying.system.child.kill('SIGKILL');
  };
  await tell(replicas[0]!, key, 'third');
  await until('it is taken', () => dying !== undefined);
  await dying!.system.kill();
  await claimRunsOut(database);
  await until('it is noted by the other', async () => (await waiting(database)) === 0);

  const third = provider.told.slice(2);
  assert.deepEqual(
    third.map(({ titles }) => titles),
    [['third'], ['third']],
  );
  assert.equal(third[0]!.id, third[1]!.id, 'a receiver that heeds ids drops the second');
});

test('a critical line while the orchestrator is away is told once, though the agent is killed before it is back', async (t) => {
  const provider = await Provider.start(t);
  await using database = await postgres.database();
  const name = postgres.lastName;
  const [home, agentHome, port] = [await homeFor(t, provider), await tempDir(t), await freePort()];
  const orchestrator = await startReplica(t, home, name, port);
  const environment = { NERVESYS_TOKEN: await newToken(orchestrator), NERVESYS_SERVER: 'AIGARDEN01' };
  const startAgent = () => RunningSystem.start(t, agentHome, ['agent', '--agent-port', '0'], environment);
  let agent = await startAgent();
  const tellLine = async (agentId: string, message: string) => {
    const line = JSON.stringify({ agent_id: agentId, level: 'CRITICAL', message });
    assert.equal((await postLogs(agent.agentUrl, line)).status, 200);
  };
  let tries = 0;
  await until('it has its rule', async () => {
    await tellLine(`TRY${++tries}`, 'before');
    return provider.told.length > 0;
  });

  const nothingWaits = async () => alertsInBuffer(agentHome) === 0 && (await waiting(database)) === 0;
  await until('all of it is told', nothingWaits); // a claim of the killed one would hold the channel

  await orchestrator.system.kill();
  await tellLine('GIMAI', 'away');
  await until('it waits in the file', () => alertsInBuffer(agentHome, 'GIMAI') > 0);
  await agent.kill();
  agent = await startAgent();
  await startReplica(t, home, name, port);
  const told = () => provider.told.filter(({ titles }) => titles.includes('critical_line: away'));
  await until('it is told', () => told().length > 0, 20_000);
  await until('nothing waits any more', nothingWaits);

  assert.equal(told().length, 1);
  const { rows } = await database.query('SELECT agent_id, count FROM alerts WHERE agent_id = $1', ['GIMAI']);
  assert.deepEqual(rows, [{ agent_id: 'GIMAI', count: 1 }]);
});

/** How many wait at an agent: of one AI agent, or of all. */
function alertsInBuffer(home: string, agentId = ''): number {
  const file = new DatabaseSync(join(home, 'agent/buffer.db'), { readOnly: true });
  try {
    const select = file.prepare('SELECT count(*) AS n FROM alerts WHERE instr(dedup_key, ?) > 0');
    return select.get(agentId)!['n'] as number;
  } finally {
    file.close();
  }
}
