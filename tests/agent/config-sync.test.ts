/** An agent obeys what its orchestrator serves: whole agents against a real orchestrator, whose revisions are handed to it as a source would. */
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { findChanges } from '../../src/agent/config-sync/changes.ts';
import { readKeptConfig } from '../../src/agent/config-sync/config-file.ts';
import { builtInConfig, type Config, serverPart } from '../../src/config/index.ts';
import { readServerPart } from '../../src/config/read-server-part.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { errorCode } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { foundRevision } from '../support/revisions.ts';
import { assertEachOnceInOrder, postLogs, readFolderArchive, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const postgres = await TestPostgres.start();
after(() => postgres.close());

async function openAgent(t: TestContext, token: string | undefined, home: string, config?: Config): Promise<Agent> {
  const agent = await Agent.open({
    home,
    server: SERVER,
    config: config ?? (await builtInConfig()),
    followConfig: true,
    port: 0,
    join: { token },
    clock: systemClock,
    random: () => 0.05,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  return agent;
}

async function told(agent: Agent, agentId = 'GROK') {
  return (await fetch(`${agent.url}/agents/${agentId}/config`)).json() as Promise<{
    revision: string;
    role: string;
    silent_after_seconds: number;
  }>;
}

test('a change reaches a running agent: roles, redaction and files hold at once, the page sees it, and no record is lost or doubled', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { token } = await system.orchestrator.createToken();
  const home = await tempDir(t);
  const log = join(home, 'grok.log');
  await writeFile(log, '');
  const agent = await openAgent(t, token, home);
  let sent = 0;
  let sending = true;
  const sender = (async () => {
    while (sending) {
      const body = JSON.stringify({ agent_id: 'GIMAI', message: 'x', context: { n: sent + 1 } });
      const answer = await postLogs(agent.url, body, { 'idempotency-key': `n${sent + 1}` });
      if (answer.status === 200) sent++;
    }
  })();
  const serve = async (files: Record<string, string>) => {
    const revision = await foundRevision(files);
    await system.orchestrator.revisions.record(revision);
    await until('it runs', async () => (await told(agent)).revision === revision.revision);
    await until('its beats say so', async () => {
      const { config } = (await system.ask('GET', '/api/v1/fleet')).json;
      return config.running.some((one: { revision: string }) => one.revision === revision.revision);
    });
    return revision;
  };

  await serve({ 'agents/grok.yaml': `role: First\nsources:\n  - file: ${log}\n` });
  await appendFile(log, '{"message":"one","context":{"n":1}}\n');
  const mailed = { agent_id: 'GROK', action: 'mail', message: 'dana@example.com asked' };
  await postLogs(agent.url, JSON.stringify(mailed));
  const second = await serve({
    'agents/grok.yaml': `role: Second\nsilent_after: 77s\nredaction: { pii: [email] }\nsources:\n  - file: ${log}\n    multiline: auto\n`,
  });
  await postLogs(agent.url, JSON.stringify(mailed));
  await appendFile(log, '{"message":"two","context":{"n":2}}\n');

  assert.deepEqual([(await told(agent)).role, (await told(agent)).silent_after_seconds], ['Second', 77]);
  const kept = JSON.parse(await readFile(join(home, 'agent/config.json'), 'utf8'));
  assert.equal(kept.revision, second.revision);
  await until('the second line was read', async () => {
    const memory = await (await fetch(`${agent.url}/logs?agent_id=GROK`)).text();
    return memory.includes('two');
  });
  sending = false;
  await sender;
  assert.equal((await fetch(`${agent.url}/flush`, { method: 'POST' })).status, 200);
  const records = readRecords(await readFolderArchive(join(system.home, 'archive')));
  assertEachOnceInOrder(records, 'GIMAI', sent);
  assertEachOnceInOrder(
    records.filter(({ action }) => action !== 'mail'),
    'GROK',
    2,
  );
  assert.deepEqual(
    records.filter(({ action }) => action === 'mail').map(({ message }) => message),
    ['dana@example.com asked', '[redacted:email] asked'],
  );
});

test('with its orchestrator away an agent starts with what it ran last, and catches up when it is back', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const { token } = await system.orchestrator.createToken();
  const home = await tempDir(t);
  const agent = await openAgent(t, token, home);
  const first = await foundRevision({ 'agents/grok.yaml': 'role: First\n' });
  await system.orchestrator.revisions.record(first);
  await until('it runs', async () => (await told(agent)).revision === first.revision);
  await agent.close();

  const read = async (text: string) => {
    await writeFile(join(home, 'agent/config.json'), text);
    return readKeptConfig(home, silentLogger);
  };
  const kept = await readKeptConfig(home, silentLogger);
  const again = await openAgent(t, undefined, home, kept);
  assert.equal((await told(again)).role, 'First', 'before anybody has answered');
  const second = await foundRevision({ 'agents/grok.yaml': 'role: Second\n' });
  await system.orchestrator.revisions.record(second);
  await until('it catches up', async () => (await told(again)).revision === second.revision);
  await until('it is kept, a moment after', async () =>
    (await readFile(join(home, 'agent/config.json'), 'utf8')).includes(second.revision),
  );

  await again.close();
  const text = await readFile(join(home, 'agent/config.json'), 'utf8');
  const { sha256: _, ...older } = JSON.parse(text);
  assert.equal((await read(JSON.stringify(older)))?.revision, second.revision, 'an older agent kept no digest');
  const rules = [{ name: 'x', when: { tomorrow: true } }];
  const newer = { ...older, config: { ...older.config, agentDefaults: { ...older.config.agentDefaults, rules } } };
  for (const bad of [
    '{"revision":"x","config":{"agents":7}}',
    text.slice(0, -10),
    text.replace('Second', 'Third!'),
    JSON.stringify({ ...older, format: 2 }),
    JSON.stringify({ ...older, revision: 7 }),
    JSON.stringify(newer),
    '',
  ])
    assert.equal(await read(bad), undefined, bad.slice(0, 100));
  await writeFile(join(home, 'agent/config.json.0123abcd.tmp'), 'left by a kill');
  await openAgent(t, undefined, home);
  assert.deepEqual(
    (await readdir(join(home, 'agent'))).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('a part that is not one is refused with the key that is wrong; what a newer orchestrator adds is left out, what an older lacks is filled in', async () => {
  const config = await builtInConfig();
  const part = JSON.parse(JSON.stringify(serverPart(config, SERVER)));

  const read = await readServerPart({ ...part, tomorrow: { x: 1 } }, 'aaaaaaaaaaaa');
  // What is no server's business isn't served: it is filled in as well.
  const isServed = ([key]: readonly [string, unknown]) => key in part.orchestrator;
  const orchestrator = Object.fromEntries(Object.entries(read.orchestrator).filter(isServed));
  assert.ok(!('rollout' in part.orchestrator) && !('backup' in part.orchestrator));
  assert.deepEqual(read.orchestrator.rollout, config.orchestrator.rollout);
  assert.deepEqual(JSON.parse(JSON.stringify({ ...read, orchestrator, revision: 'built-in' })), part);
  const { storage: _, ...older } = part;
  assert.equal((await readServerPart(older, 'aaaaaaaaaaaa')).storage.upload.windowMs, 600_000);
  const agent = { ...part.agentDefaults, agentId: 'GROK', sources: [] };
  for (const [wrong, words] of [
    [null, /the whole/],
    [[], /the whole/],
    [{ ...part, agents: 7 }, /agents is no list/],
    [{ ...part, agents: [{ ...agent, agentId: 'x\u0000' }] }, /agentId/],
    [{ ...part, agents: [{ ...agent, silentAfterMs: 'soon' }] }, /silentAfterMs is no number/],
    [{ ...part, agents: [{ ...agent, sources: [{ exec: 'rm -rf' }] }] }, /no source/],
    [{ ...part, storage: { ...part.storage, buffer: [] } }, /storage\.buffer is no group/],
    [{ ...part, agentListen: { ...part.agentListen, port: Number.NaN } }, /port is no number/],
    [{ ...part, agentDefaults: { ...part.agentDefaults, description: 'x'.repeat(5_000_000) } }, /too large/],
  ] as const)
    await assert.rejects(readServerPart(wrong, 'aaaaaaaaaaaa'), (error: Error) => {
      assert.equal(errorCode(error), 'NSV_CONFIG_INVALID');
      assert.match(error.message, words);
      return true;
    });
  const polluted = JSON.parse(JSON.stringify(part).replace('{', '{"__proto__":{"polluted":1},'));
  assert.equal('polluted' in (await readServerPart(polluted, 'aaaaaaaaaaaa')), false);
});

test('only what a change touches is made anew, and what cannot change while running is named', async () => {
  const make = async (files: Record<string, string>) => (await foundRevision(files)).config!;
  const base = await make({ 'agents/grok.yaml': 'role: A\nsources: [{ file: /a.log }]\n' });
  const changes = async (files: Record<string, string>) => {
    const { restart, later } = findChanges(base, await make(files), SERVER);
    return [[...restart].sort(), later];
  };

  assert.deepEqual(await changes({ 'agents/grok.yaml': 'role: B\nsources: [{ file: /a.log }]\n' }), [[], []]);
  assert.deepEqual(await changes({ 'agents/grok.yaml': 'role: A\nsources: [{ file: /b.log }]\n' }), [['files'], []]);
  assert.deepEqual(
    await changes({
      'agents/grok.yaml': 'role: A\nsources: [{ file: /a.log }]\n',
      'agents/_defaults.yaml': "sources: [{ syslog: { udp: '127.0.0.1:5514' } }]\nlisten: { port: 4400 }\n",
    }),
    [['doors', 'listen'], []],
  );
  assert.deepEqual(
    await changes({
      'agents/grok.yaml': 'role: A\nsources: [{ file: /a.log }]\n',
      'agents/gimai.yaml': 'redaction: { pii: [email] }\n',
      'storage.yaml': 'upload: { window: 5m, jitter: 1s }\n',
    }),
    [['agents', 'buffer', 'redaction', 'rules'], []],
  );
  const grok = { 'agents/grok.yaml': 'role: A\nsources: [{ file: /a.log }]\n' };
  assert.deepEqual(await changes({ ...grok, 'storage.yaml': 'archive: { bucket: other }\n' }), [['archive'], []]);
  assert.deepEqual(
    await changes({ ...grok, 'storage.yaml': 'credentials: scoped\nbuffer: { path: /x.db, limit: 50MB }\n' }),
    [['buffer'], ['storage.buffer.path', 'storage.credentials']],
  );
  const rules = 'rules: [{ name: a, when: {}, then: { tag: a } }]';
  assert.deepEqual(await changes({ 'agents/grok.yaml': `role: A\nsources: [{ file: /a.log }]\n${rules}\n` }), [
    ['rules'],
    [],
  ]);
  assert.deepEqual(
    await changes({ 'agents/grok.yaml': 'role: A\nservers: [AIGARDEN02]\nsources: [{ file: /a.log }]\n' }),
    [['agents', 'files'], []],
  );
});
