/** Story 4: one commit changes the fleet. A real repository, a real orchestrator, three agents as real processes that take in records all the while. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestRepository } from '../support/git-repository.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import {
  assertEachOnceInOrder,
  isAlive,
  postLogs,
  RunningSystem,
  readFolderArchive,
  readRecords,
} from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVERS = ['AIGARDEN01', 'AIGARDEN02', 'AIGARDEN03'];
const SECRET = 'of the webhook';
const SEND_EACH_MS = 10;
const postgres = await TestPostgres.start();
after(() => postgres.close());

test('a commit changes a threshold and a rule on three servers within five seconds, without a restart and without losing a record; a broken one changes nothing', async (t) => {
  const repository = await TestRepository.make(await tempDir(t));
  const first = await repository.push({ 'agents/grok.yaml': 'role: Reviewer\n' });
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    git: {
      repository: `file://${repository.bare}`,
      branch: 'main',
      path: 'config',
      credentials: {},
      pollMs: 600_000, // the webhook it is that tells
      random: () => 0.5,
      webhookSecret: SECRET,
    },
  });
  const agents = await Promise.all(
    SERVERS.map(async (server) => {
      const { token } = await system.orchestrator.createToken({ server });
      const environment = { NERVESYS_TOKEN: token, NERVESYS_SERVER: server };
      return RunningSystem.start(t, await tempDir(t), ['agent', '--agent-port', '0'], environment);
    }),
  );
  const urls = agents.map((agent) => agent.agentUrl);
  const told = (url: string) =>
    fetch(`${url}/agents/GROK/config`).then((answer) => answer.json()) as Promise<{
      revision: string;
      thresholds: { errors_per_minute: { critical: number } };
    }>;
  const allRun = (sha: string) =>
    until(`all run ${sha.slice(0, 12)}`, async () => {
      const revisions = await Promise.all(urls.map((url) => told(url).then(({ revision }) => revision)));
      return revisions.every((revision) => revision === sha.slice(0, 12));
    });
  const push = async (files: Record<string, string>) => {
    const sha = await repository.push(files);
    const body = '{"ref":"refs/heads/main"}';
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const hook = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
    const answer = await system.ask('POST', '/api/v1/hooks/github', { key: null, raw: body, headers: hook });
    assert.equal(answer.status, 200, answer.text);
    return sha;
  };
  await allRun(first);
  let sending = true;
  const senders = urls.map(async (url) => {
    let sent = 0;
    while (sending) {
      const body = JSON.stringify({ agent_id: 'GROK', message: 'x', context: { n: sent + 1 } });
      if ((await postLogs(url, body, { 'idempotency-key': `n${sent + 1}` })).status === 200) sent++;
      await sleep(SEND_EACH_MS); // as fast as it goes it would take both cores, and measure that
    }
    return sent;
  });

  const startedAt = performance.now();
  const second = await push({
    'agents/grok.yaml': 'role: Reviewer\n',
    'agents/_defaults.yaml':
      'rules:\n  - { name: mark, when: { agent: GIMAI }, then: { set: { level: ERROR }, tag: marked, alert: warning } }\n',
    'thresholds.yaml': 'agents: { GROK: { errors_per_minute: { warning: 1, critical: 7 } } }\n',
  });
  await allRun(second);
  const tookMs = performance.now() - startedAt;
  for (const url of urls) await postLogs(url, JSON.stringify({ agent_id: 'GIMAI', message: 'after' }));
  await push({ 'thresholds.yaml': 'agents: { GROKK: { errors_per_minute: { critical: 7 } } }\n' });
  await until('the broken one is told', async () =>
    (await system.ask('GET', '/api/v1/alerts')).json.alerts.some(
      (one: { kind: string }) => one.kind === 'config.refused',
    ),
  );
  sending = false;
  const counts = await Promise.all(senders);

  assert.ok(tookMs < 5_000, `${tookMs} ms`);
  for (const [index, url] of urls.entries()) {
    const { revision, thresholds } = await told(url);
    assert.deepEqual([revision, thresholds.errors_per_minute.critical], [second.slice(0, 12), 7]);
    assert.ok(isAlive(agents[index]!.child.pid!), 'its process is another');
    assert.equal((await fetch(`${url}/flush`, { method: 'POST' })).status, 200);
  }
  const objects = await readFolderArchive(join(system.home, 'archive'));
  for (const [index, server] of SERVERS.entries()) {
    const own = objects.filter(({ key }) => key.startsWith(`logs/${server}/`));
    const records = readRecords(own);
    assertEachOnceInOrder(records, 'GROK', counts[index]!);
    const marked = records.filter(({ agent_id: agentId }) => agentId === 'GIMAI');
    assert.deepEqual(
      marked.map(({ level, context, triage }) => ({ level, context, triage })),
      [{ level: 'ERROR', context: { _tags: ['marked'] }, triage: { severity: 'warning', rules: ['mark'] } }],
    );
  }
  await until('each server has told what the rule says', async () => {
    const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
    return alerts.filter(({ kind }: { kind: string }) => kind === 'rule').length === SERVERS.length;
  });
  await until('the fleet view says who runs what', async () => {
    const { config } = (await system.ask('GET', '/api/v1/fleet')).json;
    return config.running.some(
      (one: { revision: string; servers: number }) => one.revision === second.slice(0, 12) && one.servers === 3,
    );
  });
});
