import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { FaultProxy } from '../servers/fault-proxy.ts';
import { S3Server } from '../servers/s3-server.ts';
import {
  assertEachOnceInOrder,
  freshEnvironment,
  isAlive,
  MAIN,
  postLogs,
  RunningSystem,
  readFolderArchive,
  readRecords,
} from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/*
 * The whole story with real processes: lines come in by every door, and each must stand in the archive exactly once, in order
 * for its AI agent, whatever happens on the way.
 */

const ANY_PORTS = ['--port', '0', '--agent-port', '0'];
const HTTP_AGENTS = ['GROK', 'DEEPSEEK', 'GIMAI', 'CHATGPT', 'COPILOT'];

async function configureTail(home: string, pattern: string): Promise<void> {
  await mkdir(join(home, 'config', 'agents'), { recursive: true });
  await writeFile(
    join(home, 'config', 'agents', 'tailed.yaml'),
    `agent_id: TAILED\nsources:\n  - file: "${pattern}"\n`,
  );
}

/** `count` numbered records of each AI agent, 100 a request, the AI agents side by side. */
async function sendNumbered(url: string, agents: readonly string[], from: number, to: number): Promise<void> {
  await Promise.all(
    agents.map(async (agentId) => {
      for (let first = from; first <= to; first += 100) {
        const lines = [];
        for (let n = first; n < Math.min(first + 100, to + 1); n++)
          lines.push(
            JSON.stringify({
              agent_id: agentId,
              level: 'INFO',
              action: 'count',
              message: `record ${n}`,
              context: { n },
            }),
          );
        const answer = await postLogs(url, lines.join('\n'));
        assert.equal(answer.status, 200);
        assert.equal(((await answer.json()) as { accepted: number }).accepted, lines.length);
      }
    }),
  );
}

async function runExec(home: string, agentId: string, count: number): Promise<string> {
  const script = `for (let n = 1; n <= ${count}; n++) console.log(JSON.stringify({ message: 'line ' + n, context: { n } }))`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [MAIN, 'exec', '--home', home, '--agent-id', agentId, '--', process.execPath, '-e', script],
    { env: freshEnvironment(home), maxBuffer: 1e8 },
  );
  return stdout;
}

/** Waits until `nervesys fleet` shows it: news are told within two seconds. */
async function inFleet(system: RunningSystem, field: 'server' | 'agent_id', name: string): Promise<void> {
  await until(
    `${name} is in the fleet`,
    async () => {
      const fleet = JSON.parse(await system.cli('fleet', '--json')) as { agents: Record<typeof field, string>[] };
      return fleet.agents.some((agent) => agent[field] === name);
    },
    5000,
  );
}

async function flush(url: string): Promise<void> {
  const answer = await fetch(`${url}/flush`, { method: 'POST' });
  assert.equal(answer.status, 200, await answer.text());
}

test('every line by HTTP, by tail and by exec is in the folder archive once and in order, and the buffer is empty', async (t) => {
  const home = await tempDir(t);
  const log = join(home, 'tailed.log');
  await configureTail(home, join(home, '*.log'));
  await writeFile(log, '');
  const system = await RunningSystem.start(t, home, ['up', ...ANY_PORTS]);
  const tailedLine = (n: number) => `${JSON.stringify({ message: `tailed ${n}`, context: { n } })}\n`;
  const writeTailed = async () => {
    for (let n = 1; n <= 1000; n++) {
      if (n === 500) {
        await rename(log, `${log}.1`); // rotated in the middle
        await writeFile(log, '');
      }
      await appendFile(log, tailedLine(n));
    }
  };

  const [, , printed] = await Promise.all([
    sendNumbered(system.agentUrl, HTTP_AGENTS, 1, 2000),
    writeTailed(),
    runExec(home, 'EXECUTED', 1000),
  ]);
  await until(
    'the last tailed line has arrived',
    async () => {
      const answer = (await (await fetch(`${system.agentUrl}/logs?agent_id=TAILED&limit=1`)).json()) as {
        records: { context: { n: number } }[];
      };
      return answer.records[0]?.context.n === 1000;
    },
    20_000,
  );
  await flush(system.agentUrl);

  const records = readRecords(await readFolderArchive(join(home, 'archive')));
  for (const agentId of HTTP_AGENTS) assertEachOnceInOrder(records, agentId, 2000);
  assertEachOnceInOrder(records, 'TAILED', 1000);
  assertEachOnceInOrder(
    records.filter((record) => record.context['n'] !== undefined),
    'EXECUTED',
    1000,
  );
  assert.equal(printed.trimEnd().split('\n').length, 1000);
  const bytes = ['', '-wal', '-shm'].reduce((sum, suffix) => {
    const path = join(home, 'agent', `buffer.db${suffix}`);
    return sum + (existsSync(path) ? readFileSync(path).length : 0);
  }, 0);
  assert.ok(bytes < 1_000_000, `${bytes} bytes in the buffer`);
  const archived = (await system.cli('logs', '--since', '1h', '--agent', 'GROK', '--json')).trimEnd().split('\n');
  assert.equal(archived.length, 2000);
});

test('Ctrl-C closes everything within ten seconds, what was accepted is archived, and no process stays behind', async (t) => {
  const home = await tempDir(t);
  const system = await RunningSystem.start(t, home, ['up', ...ANY_PORTS]);
  const postmaster = Number(
    readFileSync(join(home, 'orchestrator', 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0],
  );
  await sendNumbered(system.agentUrl, ['GROK'], 1, 300);
  const startedAt = performance.now();

  const exitCode = await system.stop();

  assert.equal(exitCode, 0, system.output);
  assert.ok(performance.now() - startedAt < 10_000);
  assert.equal(isAlive(postmaster), false);
  assert.equal(existsSync(join(home, 'agent', 'address.json')), false);
  assertEachOnceInOrder(readRecords(await readFolderArchive(join(home, 'archive'))), 'GROK', 300);
});

test('after kill -9 it starts again in the same home, takes over from the orphaned Postgres, and loses nothing', async (t) => {
  const home = await tempDir(t);
  const first = await RunningSystem.start(t, home, ['up', ...ANY_PORTS]);
  await sendNumbered(first.agentUrl, ['GROK'], 1, 500);
  await first.kill();

  const second = await RunningSystem.start(t, home, ['up', ...ANY_PORTS]);
  await sendNumbered(second.agentUrl, ['GROK'], 501, 700);
  await flush(second.agentUrl);
  await inFleet(second, 'agent_id', 'GROK');

  assertEachOnceInOrder(readRecords(await readFolderArchive(join(home, 'archive'))), 'GROK', 700);
});

test('with STORJ_* set everything goes to S3, once and in order, though the network is cut in the middle', async (t) => {
  const home = await tempDir(t);
  await using s3 = await S3Server.start();
  await using proxy = await FaultProxy.start(s3.port);
  const system = await RunningSystem.start(t, home, ['up', ...ANY_PORTS], {
    ...s3.environment,
    STORJ_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
  });
  await sendNumbered(system.agentUrl, ['GROK', 'GIMAI'], 1, 2000);
  await flush(system.agentUrl);

  proxy.cut();
  await sendNumbered(system.agentUrl, ['GROK', 'GIMAI'], 2001, 3000);
  const refused = await fetch(`${system.agentUrl}/flush`, { method: 'POST' });
  await sendNumbered(system.agentUrl, ['GROK', 'GIMAI'], 3001, 5000);
  proxy.resume();
  await flush(system.agentUrl);

  assert.equal(refused.status, 503);
  const batches = [...s3.objects].filter(([key]) => key.startsWith('logs/')); // beside them stands the orchestrator's probe
  const records = readRecords(batches.map(([key, { body }]) => ({ key, body })));
  for (const agentId of ['GROK', 'GIMAI']) assertEachOnceInOrder(records, agentId, 5000);
  assert.equal(system.output.includes(s3.secretKey), false);
  const found = (await system.cli('logs', '--since', '1h', '--agent', 'GIMAI', '--json')).trimEnd().split('\n');
  assert.equal(found.length, 5000, 'the catalog knows them');
});

test('a second server joins with one token and is in the fleet within five seconds', async (t) => {
  const home = await tempDir(t);
  const far = await tempDir(t);
  const system = await RunningSystem.start(t, home, ['up', ...ANY_PORTS]);
  const { token } = JSON.parse(await system.cli('token', 'create', '--json')) as { token: string };
  const startedAt = performance.now();

  const agent = await RunningSystem.start(t, far, ['agent', '--agent-port', '0'], {
    NERVESYS_TOKEN: token,
    NERVESYS_SERVER: 'AIGARDEN02',
  });
  await inFleet(system, 'server', 'AIGARDEN02');
  const joinedMs = performance.now() - startedAt;
  await sendNumbered(agent.agentUrl, ['GROK'], 1, 200);
  await flush(agent.agentUrl);

  assert.ok(joinedMs <= 5000, `${joinedMs} ms`);
  const objects = await readFolderArchive(join(home, 'archive'));
  assert.ok(objects.every(({ key }) => key.startsWith('logs/')));
  assertEachOnceInOrder(readRecords(objects.filter(({ key }) => key.startsWith('logs/AIGARDEN02/'))), 'GROK', 200);
  assert.equal(agent.output.includes(token), false);
});
