/** Settings that take effect in a running agent and its orchestrator: where it listens, how batches are cut, where the archive is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { requireOwnKeys } from '../../src/commands/own-archive.ts';
import { followPlace } from '../../src/commands/runtime.ts';
import { readSettings } from '../../src/commands/settings.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { addressFile } from '../../src/platform/address-file.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { S3Archive } from '../../src/storage/index.ts';
import { S3Server } from '../servers/s3-server.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { foundRevision } from '../support/revisions.ts';
import { postLogs } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const postgres = await TestPostgres.start();
after(() => postgres.close());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function openAgent(
  t: TestContext,
  system: TestOrchestrator,
  home: string,
  files: Record<string, string>,
): Promise<Agent> {
  const { token } = await system.orchestrator.createToken();
  const agent = await Agent.open({
    home,
    server: SERVER,
    config: (await foundRevision(files)).config!,
    followConfig: true,
    checkConfig: (next) => requireOwnKeys(readSettings({}, {}), next, true),
    join: { token },
    clock: systemClock,
    random: () => 0.05,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

async function serve(system: TestOrchestrator, files: Record<string, string>): Promise<string> {
  const found = await foundRevision(files);
  await system.orchestrator.revisions.record(found);
  return found.revision;
}

async function runs(agent: Agent, revision: string): Promise<void> {
  await until(`${revision} runs`, async () => {
    const answer = await fetch(`${agent.url}/agents/GROK/config`).catch(() => undefined);
    return answer !== undefined && ((await answer.json()) as { revision: string }).revision === revision;
  });
}

const listens = (port: number) => ({ 'agents/_defaults.yaml': `listen: { port: ${port} }\n` });

test('an agent listens elsewhere from one moment to the next, and stays where it was, with what it ran, when it can’t', async (t) => {
  const [first, second, taken] = [await freePort(), await freePort(), createServer().listen(0, '127.0.0.1')];
  await once(taken, 'listening');
  t.after(() => taken.close());
  const system = await TestOrchestrator.open(t, await postgres.database());
  const home = await tempDir(t);
  const agent = await openAgent(t, system, home, listens(first));
  assert.equal(new URL(agent.url).port, String(first));

  await runs(agent, await serve(system, listens(second)));

  assert.equal(new URL(agent.url).port, String(second));
  assert.equal((await postLogs(agent.url, '{"message":"x"}')).status, 200);
  await assert.rejects(fetch(`http://127.0.0.1:${first}/healthz`));
  assert.equal(JSON.parse(await readFile(addressFile(`${home}/agent`), 'utf8')).url, agent.url);

  const bad = await serve(system, listens((taken.address() as AddressInfo).port));
  await until('its beats say why', async () => {
    const { config } = (await system.ask('GET', '/api/v1/fleet')).json;
    return JSON.stringify(config).includes(bad) && /another program has this port/.test(JSON.stringify(config));
  });
  assert.equal((await postLogs(agent.url, '{"message":"y"}')).status, 200);
  assert.equal(new URL(agent.url).port, String(second));

  const keyless = await serve(system, { ...listens(second), 'storage.yaml': 'credentials: static\n' });
  await until('its beats say why', async () => {
    const { config } = (await system.ask('GET', '/api/v1/fleet')).json;
    return JSON.stringify(config).includes(keyless) && /STORJ_SECRET_KEY are not set/.test(JSON.stringify(config));
  });
  assert.ok(
    !(await readFile(`${home}/agent/config.json`, 'utf8')).includes(keyless),
    'the next start would end with it',
  );
  await runs(agent, await serve(system, { ...listens(second), 'storage.yaml': 'credentials: scoped\n' }));
});

test('the archive’s address is changed while nothing answers there: what waited is archived at the new one, without a restart', async (t) => {
  const server = await S3Server.start();
  t.after(() => server[Symbol.asyncDispose]());
  const dead = `http://127.0.0.1:${await freePort()}`;
  const { accessKey, secretKey, bucket } = server.settings;
  const settings = readSettings({}, { STORJ_ACCESS_KEY: accessKey, STORJ_SECRET_KEY: secretKey });
  const archive = new S3Archive({ accessKey, secretKey, endpoint: dead, bucket }, { clock: systemClock });
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    archive,
    onStorage: (storage) => followPlace(archive, settings, storage, silentLogger),
  });
  const at = (endpoint: string) => ({
    'storage.yaml': `archive: { endpoint: '${endpoint}', bucket: ${bucket} }\nupload: { jitter: 0s, window: 1m }\n`,
  });
  const port = await freePort();
  const agent = await openAgent(t, system, await tempDir(t), { ...at(dead), ...listens(port) });
  await runs(agent, await serve(system, { ...at(dead), ...listens(port) }));
  await postLogs(agent.url, '{"message":"waits"}');
  const before = await fetch(`${agent.url}/flush`, { method: 'POST' });
  assert.notEqual(before.status, 200);

  await runs(agent, await serve(system, { ...at(server.settings.endpoint), ...listens(port) }));

  await until('what waited is archived', async () => {
    const { batches } = (await (await fetch(`${agent.url}/buffer`)).json()) as { batches: unknown };
    return (await fetch(`${agent.url}/flush`, { method: 'POST' })).status === 200 && batches !== undefined;
  });
  assert.ok([...server.requests].some(({ method, url }) => method === 'PUT' && url.includes('/logs/AIGARDEN01/')));
});
