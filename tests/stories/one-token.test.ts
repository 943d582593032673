/**
 * A server's life by its key, with real processes: it joins by one token, exchanges its key, is revoked, keeps what it has, says so, and
 * comes back by another token.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { postLogs, RunningSystem } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const ANY_PORTS = ['--port', '0', '--agent-port', '0'];
const NEWS_MS = 20_000;

interface Health {
  readonly status: string;
  readonly reasons: readonly string[];
}

async function healthOf(system: RunningSystem): Promise<Health> {
  return (await (await fetch(`${system.agentUrl}/healthz`)).json()) as Health;
}

async function post(system: RunningSystem, agentId: string, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, n) => JSON.stringify({ agent_id: agentId, message: `kept ${n}` }));
  assert.equal((await postLogs(system.agentUrl, lines.join('\n'))).status, 200);
}

async function keyOf(home: string): Promise<string> {
  return JSON.parse(await readFile(join(home, 'agent', 'agent.key'), 'utf8')).key;
}

/** A doctor that finds problems ends with 3, which the caller takes for a failure: what it printed is what counts. */
async function doctor(system: RunningSystem): Promise<string> {
  return system.cli('doctor').catch((error: { stdout?: string }) => error.stdout ?? '');
}

test('a server joins by one token and exchanges its key, and a revoked server keeps its records until it is let in again', async (t) => {
  const folder = await tempDir(t);
  const [home, remote] = [join(folder, 'main'), join(folder, 'remote')];
  const main = await RunningSystem.start(t, home, ['up', ...ANY_PORTS]);
  const token = async (...args: string[]) => (await main.cli('token', 'create', ...args)).trim();
  const start = (where: string, more: Record<string, string> = {}) =>
    RunningSystem.start(t, where, ['agent', '--agent-port', '0'], { NERVESYS_SERVER: 'AIGARDEN02', ...more });
  const agent = await start(remote, { NERVESYS_TOKEN: await token('--server', 'AIGARDEN*', '--reusable') });
  await until('it has joined', () => agent.output.includes('this server has joined'), NEWS_MS);

  const joinedWith = await keyOf(remote);
  await main.cli('token', 'rotate', '--server', 'AIGARDEN02');
  await post(agent, 'GIMAI', 1); // a new AI agent is news: the next beat is soon
  await until('the key is another', async () => (await keyOf(remote)) !== joinedWith, NEWS_MS);
  assert.match(
    await main.cli('fleet', '--server', 'AIGARDEN02'),
    /SERVER +STATE +AGENTS +VERSION +KEY AGE +LAST SEEN\nAIGARDEN02 +up/,
  );

  await main.cli('token', 'revoke', '--server', 'AIGARDEN02');
  await post(agent, 'GROK', 100);
  await until('it knows', async () => (await healthOf(agent)).reasons.some((one) => /was revoked/.test(one)), NEWS_MS);
  assert.match(agent.output, /this server was revoked; records are still kept here/);
  assert.match(await agent.cli('buffer'), /Records +10\d:[\s\S]*was revoked/);
  assert.match(await doctor(agent), /✗ agent +this server was revoked/);
  await agent.stop();
  const again = await start(remote, { NERVESYS_TOKEN: await token('--server', 'AIGARDEN02') });
  await until('it has joined again', () => again.output.includes('this server has joined'), NEWS_MS);
  const flushed = await fetch(`${again.agentUrl}/flush`, { method: 'POST' });
  assert.equal(flushed.status, 200, await flushed.text());

  assert.equal((await main.cli('logs', '--agent', 'GROK', '--json')).trim().split('\n').length, 100);
  assert.deepEqual((await healthOf(again)).reasons, []);
});
