/** The night that everything goes wrong: a replica is killed in the middle of a backup, another finishes it, the database is lost, and the fleet goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { listBackups } from '../../src/orchestrator/backups/read-backup.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { openArchive } from '../../src/storage/index.ts';
import { S3Server } from '../servers/s3-server.ts';
import { tableSums } from '../support/backups.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { assertEachOnceInOrder, postLogs, RunningSystem, readRecords } from '../support/running-system.ts';
import { SetClock } from '../support/simulated-fleet.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function addressOf(name: string): string {
  const { host, port, user } = postgres.server.connection();
  return `postgres://${user}@localhost:${port}/${name}?host=${encodeURIComponent(String(host))}`;
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, i) =>
    JSON.stringify({ agent_id: 'GROK', message: 'at work', context: { n: from + i } }),
  ).join('\n');
}

test('a backup that a killed replica left is finished by another, is restored by one command, and the agent goes on', async (t) => {
  await using s3 = await S3Server.start();
  await using archive = await openArchive(s3.settings, { clock: systemClock });
  await using first = await postgres.database();
  const firstName = postgres.lastName;
  const [home, agentHome, port] = [await tempDir(t), await tempDir(t), await freePort()];
  const environment = { ...s3.environment, DATABASE_URL: addressOf(firstName) };
  const orchestrator = await RunningSystem.start(t, home, ['orchestrator', '--port', String(port)], environment);
  const key = (await readFile(join(home, 'orchestrator/admin.key'), 'utf8')).trim();
  const ask = async (method: string, path: string) => {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    };
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers,
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const { token } = await ask('POST', '/tokens');
  const agent = await RunningSystem.start(t, agentHome, ['agent', '--agent-port', '0'], {
    NERVESYS_TOKEN: token,
    NERVESYS_SERVER: 'AIGARDEN02',
  });
  await postLogs(agent.agentUrl, lines(1, 100));
  assert.equal((await fetch(`${agent.agentUrl}/flush`, { method: 'POST' })).status, 200);

  // Killed in the middle: its first part hangs.
  s3.failNext(1, { type: 'hang' });
  const begun = await ask('POST', '/backups');
  await until('its first part hangs', () =>
    s3.requests.some(({ url, status }) => url.includes('backups') && status === 0),
  );
  await orchestrator.kill();
  assert.deepEqual(await listBackups(archive), []);

  // The lease is over tomorrow at the latest: another replica makes the night's backup.
  const clock = new SetClock();
  clock.jump(86_400_000);
  const replica = await TestOrchestrator.open(t, postgres.connect(firstName), { archive, clock });
  const [made] = await until('a whole backup is there', async () => {
    const found = await listBackups(archive);
    return found.length > 0 ? found : undefined;
  });
  await until('it is noted', async () => {
    const { backups } = (await replica.ask('GET', '/api/v1/backups')).json;
    return backups.some(
      (one: { state: string; checked: string }) => one.state === 'done' && one.checked === 'restored',
    );
  });
  await replica.orchestrator.close();
  assert.notEqual(made?.run, begun.run);
  await postLogs(agent.agentUrl, lines(101, 150)); // kept meanwhile

  // The database is lost.
  await using second = await postgres.emptyDatabase();
  const restoredTo = { ...environment, DATABASE_URL: addressOf(postgres.lastName) };
  const restoring = RunningSystem.commandOf(home, restoredTo);
  const told = JSON.parse(await restoring('archive', 'restore-db', '--json'));
  assert.equal(told.key, made?.key);
  const [before, now] = [await tableSums(first), await tableSums(second)];
  for (const table of ['servers', 'agent_keys', 'enrolment_tokens', 'installation', 'schema_migrations'])
    assert.equal(now[table], before[table], table);

  await RunningSystem.start(t, home, ['orchestrator', '--port', String(port)], restoredTo);
  await until('the agent is heard again', async () => {
    const { agents } = await ask('GET', '/fleet');
    return agents.some((one: { server: string; state: string }) => one.server === 'AIGARDEN02' && one.state === 'up');
  });
  await until('what waited is archived', async () => (await fetch(`${agent.agentUrl}/flush`, { method: 'POST' })).ok);

  const objects = [...s3.objects].filter(([name]) => name.startsWith('logs/AIGARDEN02/'));
  assertEachOnceInOrder(readRecords(objects.map(([name, { body }]) => ({ key: name, body }))), 'GROK', 150);
  assert.equal((await ask('GET', '/archive')).objects.length, objects.length);
  assert.equal((await ask('GET', '/audit/verdict')).ok, true);
  const { backups } = await ask('GET', '/backups');
  assert.deepEqual(
    backups.map(({ run, state, checked }: Record<string, string>) => [run, state, checked]),
    [
      [made?.run, 'done', 'restored'],
      [begun.run, 'failed', null],
    ],
  );
});
