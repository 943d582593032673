import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { S3Server } from '../servers/s3-server.ts';
import { assertEachOnceInOrder, postLogs, RunningSystem, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/*
 * A real agent is asked to end (SIGTERM) at its worst moments: amid requests, and while a client dribbles a request and the archive takes
 * connections without answering. It ends by itself within 10 s, and the next start continues: what was acknowledged is archived once.
 */

const END_MS_MAX = 9_000;

test('SIGTERM amid requests, and with an archive and a client that hang, ends within 10 s and loses nothing', async (t) => {
  const home = await tempDir(t);
  await using s3 = await S3Server.start();
  const settings = { ...s3.environment, NERVESYS_SERVER: 'AIGARDEN01' };
  const start = () => RunningSystem.start(t, home, ['agent', '--agent-port', '0'], settings);
  let agent = await start();
  let stopped = false;
  const clients = ['GROK', 'GIMAI'].map((agentId) =>
    sendUntil(
      () => stopped,
      () => agent.agentUrl,
      agentId,
    ),
  );
  await until('requests are answered', async () => (await stats(agent.agentUrl)).records > 200);

  const amidRequestsMs = await terminated(agent);
  s3.failNext(1_000, { type: 'hang' });
  agent = await start();
  await until('requests are answered again', async () => (await stats(agent.agentUrl)).records > 200);
  const dribbling = net.connect(Number(new URL(agent.agentUrl).port), '127.0.0.1');
  t.after(() => dribbling.destroy());
  dribbling.on('error', () => undefined); // it is cut off
  await once(dribbling, 'connect');
  dribbling.write('POST /logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"message":"half');
  await until('the half request is being read', async () => /body_bytes 1[0-9]\n/.test(await metrics(agent.agentUrl)));
  const hangingMs = await terminated(agent);
  s3.heal();
  agent = await start();
  stopped = true;
  const sent = await Promise.all(clients);
  await until(
    'everything is archived',
    async () => (await fetch(`${agent.agentUrl}/flush`, { method: 'POST' })).ok,
    15_000,
  );

  t.diagnostic(`ended after ${amidRequestsMs} and ${hangingMs} ms; ${sent.join(' and ')} records`);
  assert.ok(amidRequestsMs < END_MS_MAX && hangingMs < END_MS_MAX, `${amidRequestsMs} and ${hangingMs} ms`);
  const records = readRecords([...s3.objects].map(([key, { body }]) => ({ key, body })));
  assertEachOnceInOrder(records, 'GROK', sent[0]!);
  assertEachOnceInOrder(records, 'GIMAI', sent[1]!);
});

/** Asks the agent to end; resolves with how long that took. It must end by itself, and cleanly. */
async function terminated(agent: RunningSystem): Promise<number> {
  const startedAt = performance.now();
  const exited = once(agent.child, 'exit');
  agent.child.kill('SIGTERM');
  const [code] = await exited;
  assert.equal(code, 0, agent.output);
  return Math.round(performance.now() - startedAt);
}

/** One request after the other, each repeated under its key until it is answered; resolves with how many records were sent. */
async function sendUntil(isOver: () => boolean, urlOf: () => string, agentId: string): Promise<number> {
  let sent = 0;
  while (!isOver()) {
    const lines = Array.from({ length: 20 }, (_, i) =>
      JSON.stringify({ agent_id: agentId, message: 'm', context: { n: sent + i + 1 } }),
    );
    const headers = { 'idempotency-key': randomUUID() };
    await until(
      'an answer',
      async () => (await attempt(() => postLogs(urlOf(), lines.join('\n'), headers)))?.ok === true,
      30_000,
    );
    sent += lines.length;
  }
  return sent;
}

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined; // it has ended, or its address file has gone
  }
}

async function stats(url: string): Promise<{ records: number }> {
  return (await (await fetch(`${url}/buffer`)).json()) as { records: number };
}

async function metrics(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}
