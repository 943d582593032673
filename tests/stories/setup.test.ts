/**
 * docs/SETUP.md from nothing to a main server and three servers, its archive on S3: the commands that it names, in that order, each typed as it
 * stands there. The hosts are folders (`NERVESYS_PREFIX`), and the S3 service is one on this machine.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { S3Server } from '../servers/s3-server.ts';
import { assertEachOnceInOrder, isAlive, RunningSystem, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVERS = ['AIGARDEN01', 'AIGARDEN02', 'AIGARDEN03'];
const RECORDS = 50;
/** Fetching Node and the agent for three hosts at once, beside the rest of the suite. */
const JOIN_MS = 60_000;

async function freePort(): Promise<number> {
  const probe = http.createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

/** A bare host; pastes a command into its shell. */
async function paste(t: TestContext, server: string, command: string) {
  const isRoot = process.getuid?.() === 0;
  let program = '';
  // Before the folder's own end, which takes the file with the process's number away.
  t.after(() => {
    const pid = pidOf(program);
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  const prefix = await tempDir(t, 'nervesys-host-');
  const state = join(prefix, isRoot ? 'var/lib/nervesys' : 'h/.local/share/nervesys');
  program = join(prefix, isRoot ? 'opt/nervesys' : 'h/.local/share/nervesys-agent');
  const port = await freePort();
  await mkdir(join(state, 'config/agents'), { recursive: true });
  await writeFile(join(state, 'config/agents/_defaults.yaml'), `listen: { port: ${port} }\n`);
  const shell = spawn('sh', ['-c', command], {
    // On hosts of their own the name would be the host's.
    env: { PATH: process.env['PATH'], HOME: '/h', NERVESYS_PREFIX: prefix, NERVESYS_SERVER: server },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  await until(`${server} is installed`, () => shell.exitCode !== null, JOIN_MS);
  return { code: shell.exitCode, output, url: `http://127.0.0.1:${port}`, program };
}

function pidOf(program: string): number | undefined {
  try {
    return Number(readFileSync(join(program, 'agent.pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

test('from nothing to S3, a main server and three servers by the commands of SETUP', async (t) => {
  await using s3 = await S3Server.start();
  const home = await tempDir(t);
  const port = await freePort();
  await mkdir(join(home, 'config'), { recursive: true });
  await writeFile(
    join(home, 'config/orchestrator.yaml'),
    `listen: { host: 0.0.0.0, port: ${port} }\npublic_url: https://127.0.0.1:${port}\n`,
  );

  const main = await RunningSystem.start(t, home, ['orchestrator'], s3.environment);
  const made = await main.cli('token', 'create', '--server', 'AIGARDEN*', '--reusable', '--expires', '1h', '--json');
  const { command, token } = JSON.parse(made) as { command: string; token: string };
  const hosts = await Promise.all(SERVERS.map((server) => paste(t, server, command)));

  for (const { code, output } of hosts) assert.equal(code, 0, output);
  for (const { url } of hosts) {
    const lines = Array.from({ length: RECORDS }, (_, n) =>
      JSON.stringify({ agent_id: 'GROK', message: 'a line', context: { n: n + 1 } }),
    );
    assert.equal((await fetch(`${url}/logs`, { method: 'POST', body: lines.join('\n') })).status, 200);
    assert.equal((await fetch(`${url}/flush`, { method: 'POST' })).status, 200);
  }
  const { servers } = JSON.parse(await main.cli('fleet', '--json')) as { servers: { server: string; state: string }[] };
  assert.deepEqual(
    servers.map(({ server, state }) => [server, state]),
    SERVERS.map((server) => [server, 'up']),
  );
  for (const server of SERVERS) {
    const objects = [...s3.objects].filter(([key]) => key.startsWith(`logs/${server}/`));
    assertEachOnceInOrder(readRecords(objects.map(([key, { body }]) => ({ key, body }))), 'GROK', RECORDS);
  }
  const read = await main.cli('logs', '--since', '1h', '--agent', 'GROK', '--json');
  assert.equal(read.trimEnd().split('\n').length, SERVERS.length * RECORDS);
  assert.match(await main.cli('archive', 'verify'), /AIGARDEN03/);
  assert.match(await main.cli('token', 'list'), /reusable/);
  assert.match(await main.cli('audit', 'verify'), /\d+ entries/);
  const listing = await main.cli('archive', 'ls');
  for (const server of SERVERS) assert.match(listing, new RegExp(`logs/${server}/`));
  for (const secret of [s3.secretKey, token]) assert.ok(!main.output.includes(secret), 'a secret was logged');
});
