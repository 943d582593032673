/**
 * Story 4 without anybody who serves it: two agents as real processes pull their configuration from one bare repository, one of them over file://, one over
 * HTTP with a token. Their orchestrator only hears of it.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runNervesys } from '../commands/run-nervesys.ts';
import { startGitHttpServer } from '../servers/git-http-server.ts';
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

const POLL_MS = 5_000;
/** Beyond the poll: its jitter, git itself, and a machine that is busy with other tests. */
const SLACK_MS = 3_000;
const SEND_EACH_MS = 10;
const TOKEN = 'of the repository';
const postgres = await TestPostgres.start();
after(() => postgres.close());

test('agents that pull from Git run a changed threshold within the poll, without a restart and without losing a record; a broken commit changes nothing, and their beats say why', async (t) => {
  const running: RunningSystem[] = [];
  t.after(() => Promise.all(running.map((agent) => agent.end())));
  const folder = await tempDir(t);
  const repository = await TestRepository.make(folder);
  const first = await repository.push({ 'agents/grok.yaml': 'role: Reviewer\n' });
  const http = await startGitHttpServer(folder, TOKEN);
  t.after(() => http.close());
  const system = await TestOrchestrator.open(t, await postgres.database());
  const sources = { AIGARDEN01: `file://${repository.bare}`, AIGARDEN02: `${http.url}/config.git` };
  const agents = await Promise.all(
    Object.entries(sources).map(async ([server, address]) => {
      const home = join(folder, server);
      await mkdir(join(home, 'config/agents'), { recursive: true });
      const own = `config: { source: git, repository: '${address}', poll: 5s }\n`;
      await writeFile(join(home, 'config/agents/_defaults.yaml'), own);
      const { token } = await system.orchestrator.createToken({ server });
      const environment = { NERVESYS_TOKEN: token, NERVESYS_SERVER: server, NERVESYS_GIT_TOKEN: TOKEN };
      const agent = await RunningSystem.start(t, home, ['agent', '--agent-port', '0'], environment);
      running.push(agent);
      return { server, home, agent, url: agent.agentUrl };
    }),
  );
  const told = (url: string) =>
    fetch(`${url}/agents/GROK/config`).then((answer) => answer.json()) as Promise<{
      revision: string;
      thresholds: { errors_per_minute: { critical: number } };
    }>;
  const allRun = (sha: string) =>
    until(
      `all run ${sha.slice(0, 12)}`,
      async () => {
        const revisions = await Promise.all(agents.map(({ url }) => told(url).then(({ revision }) => revision)));
        return revisions.every((revision) => revision === sha.slice(0, 12));
      },
      3 * POLL_MS,
    );
  const refusals = async () => (await system.ask('GET', '/api/v1/fleet')).json.config.refused;
  await allRun(first);
  let sending = true;
  const senders = agents.map(async ({ url }) => {
    let sent = 0;
    while (sending) {
      const body = JSON.stringify({ agent_id: 'GROK', message: 'x', context: { n: sent + 1 } });
      if ((await postLogs(url, body, { 'idempotency-key': `n${sent + 1}` })).status === 200) sent++;
      await sleep(SEND_EACH_MS); // as fast as it goes it would take both cores, and measure that
    }
    return sent;
  });

  const startedAt = performance.now();
  const second = await repository.push({
    'agents/grok.yaml': 'role: Reviewer\n',
    'thresholds.yaml': 'agents: { GROK: { errors_per_minute: { warning: 1, critical: 7 } } }\n',
  });
  await allRun(second);
  const tookMs = performance.now() - startedAt;
  const broken = await repository.push({
    'thresholds.yaml': 'agents: { GROKK: { errors_per_minute: { critical: 7 } } }\n',
  });
  const refused = await until(
    'beats tell of the broken one',
    async () => {
      const all = await refusals();
      return all.length === agents.length ? all : undefined;
    },
    3 * POLL_MS,
  );
  sending = false;
  const counts = await Promise.all(senders);

  assert.ok(tookMs < 1.1 * POLL_MS + SLACK_MS, `${tookMs} ms`);
  assert.deepEqual(
    refused.map(({ server, revision }: { server: string; revision: string }) => [server, revision]),
    agents.map(({ server }) => [server, broken.slice(0, 12)]),
  );
  for (const { reason } of refused) assert.match(reason, /thresholds\.yaml:1:\d+: agents\.GROKK/);
  for (const { url, agent, home } of agents) {
    const { revision, thresholds } = await told(url);
    assert.deepEqual([revision, thresholds.errors_per_minute.critical], [second.slice(0, 12), 7]);
    assert.ok(isAlive(agent.child.pid!), 'its process is another');
    assert.equal((await fetch(`${url}/flush`, { method: 'POST' })).status, 200);
    assert.ok(existsSync(join(home, 'agent/config.git')));
    assert.equal(agent.output.includes(TOKEN), false);
  }
  const objects = await readFolderArchive(join(system.home, 'archive'));
  for (const [index, { server }] of agents.entries()) {
    const own = objects.filter(({ key }) => key.startsWith(`logs/${server}/`));
    assertEachOnceInOrder(readRecords(own), 'GROK', counts[index]!);
  }
  const { stdout } = await runNervesys(['doctor', '--json', '--home', agents[0]!.home]);
  const checks: { name: string; state: string; found: string }[] = JSON.parse(stdout.toString()).checks;
  const checkout = checks.find(({ name }) => name === 'config checkout');
  assert.match(`${checkout?.state} ${checkout?.found}`, /^ok .*agent\/config\.git takes .*beside the buffer's limit$/);

  const third = await repository.push({ 'agents/grok.yaml': 'role: Reviewer of all\n' });
  await allRun(third);
  await until('nothing is refused any more', async () => (await refusals()).length === 0);
});
