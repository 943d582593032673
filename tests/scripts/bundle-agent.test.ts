import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { bundleAgent } from '../../scripts/bundle-agent.ts';
import { makeTinyGguf } from '../../scripts/make-tiny-gguf.ts';
import { NERVESYS_VERSION } from '../../src/contract/version.ts';
import { S3Server } from '../servers/s3-server.ts';
import { TestRepository } from '../support/git-repository.ts';
import { assertEachOnceInOrder, freshEnvironment, isAlive, postLogs, readRecords } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

let modules: readonly string[];
let folder: string;
let bundle: string;

before(async (t) => {
  folder = await tempDir(t as Parameters<typeof tempDir>[0]);
  bundle = join(folder, 'nervesys-agent.cjs');
  ({ modules } = await bundleAgent(bundle));
});

test('the bundle is one file that holds the agent, and nothing of the orchestrator, the page or a package that a server does not need', () => {
  const part = (module: string) => /^(?:src\/[a-z-]+|node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(module)?.[0] ?? module;
  const parts = new Set(modules.map(part));

  assert.ok(modules.includes('src/agent/agent.ts'), 'it holds no agent: is this test looking for the right thing?');
  const allowed = ['agent', 'commands', 'config', 'contract', 'main', 'platform', 'storage'].map((one) => `src/${one}`);
  assert.deepEqual(
    [...parts].filter((one) => ![...allowed, 'node_modules/commander', 'node_modules/yaml'].includes(one)),
    [],
  );
  assert.deepEqual(
    modules.filter((module) => /^src\/commands\/(?:up|orchestrator|token|sign-in|demo\/.*)\.ts$/.test(module)),
    [],
  );
});

test('an agent from the bundle alone archives what it accepted, also from a program that it runs', async (t) => {
  await using s3 = await S3Server.start();
  const home = await tempDir(t);
  const agent = startBundle(t, home, ['agent', '--agent-port', '0', '--home', home], {
    NERVESYS_SERVER: 'AIGARDEN01',
    ...s3.environment,
  });
  const url = await until('the agent is ready', () => {
    assert.equal(agent.child.exitCode, null, agent.output());
    return /at (http:\S+)\/logs/.exec(agent.output())?.[1];
  });

  const lines = [1, 2, 3].map((n) => JSON.stringify({ agent_id: 'GROK', message: `line ${n}`, context: { n } }));
  assert.equal((await postLogs(url, lines.join('\n'))).status, 200);
  assert.equal((await fetch(`${url}/flush`, { method: 'POST' })).status, 200);
  const exec = await runBundle(t, home, ['exec', '--agent-id', 'GIMAI', '--home', home, '--', 'echo', 'hello']);
  assert.equal((await fetch(`${url}/flush`, { method: 'POST' })).status, 200);
  const buffer = await runBundle(t, home, ['buffer', '--json', '--home', home]);
  agent.child.kill('SIGTERM');
  await until('it ends', () => agent.child.exitCode !== null);

  assert.equal(agent.child.exitCode, 0, agent.output());
  const archived = [...s3.objects].map(([key, { body }]) => ({ key, body }));
  const records = readRecords(archived);
  assertEachOnceInOrder(records, 'GROK', 3);
  assert.match(exec.output(), /hello/);
  assert.ok(records.some((record) => record.agent_id === 'GIMAI' && record.message === 'hello'));
  assert.equal(JSON.parse(buffer.output()).records, 0);
  assert.equal((await readdir(home)).includes('config'), false, 'the bundle has no examples to copy');
});

test('an agent from the bundle alone follows a repository where it is told to', async (t) => {
  const home = await tempDir(t);
  const repository = await TestRepository.make(home);
  await mkdir(join(home, 'config/agents'), { recursive: true });
  await writeFile(
    join(home, 'config/agents/_defaults.yaml'),
    `config: { source: git, repository: 'file://${repository.bare}' }\n`,
  );
  const sha = await repository.push({ 'agents/grok.yaml': 'role: Reviewer\n' });
  const keys = { STORJ_ACCESS_KEY: 'x', STORJ_SECRET_KEY: 'y', STORJ_ENDPOINT: 'http://127.0.0.1:9' };
  const agent = startBundle(t, home, ['agent', '--agent-port', '0', '--home', home], keys);
  const url = await until('the agent is ready', () => /at (http:\S+)\/logs/.exec(agent.output())?.[1]);

  const told = await until('it runs what it has pulled', async () => {
    const config = (await (await fetch(`${url}/agents/GROK/config`)).json()) as { revision: string; role: string };
    return config.revision === sha.slice(0, 12) ? config : undefined;
  });
  agent.child.kill('SIGTERM');
  await until('it ends', () => agent.child.exitCode !== null);

  assert.equal(told.role, 'Reviewer');
});

test('the bundle offers what it can do, and checks YAML', async (t) => {
  const [help, version, check] = await Promise.all([
    runBundle(t, folder, ['--help']),
    runBundle(t, folder, ['--version']),
    runBundle(t, folder, ['config', 'check', join(import.meta.dirname, '../../config')]),
  ]);

  assert.match(help.output(), /\bagent\b[\s\S]*\bdoctor\b/);
  assert.doesNotMatch(help.output(), /orchestrator|\bup\b/);
  assert.equal(version.output().trim(), NERVESYS_VERSION);
  assert.equal(check.child.exitCode, 0, check.output());
});

type Ending = { after(end: () => Promise<unknown> | undefined): void };

/** Started where no package is near, so that what it needs must be in it. */
test('the process of a local model is the bundle too', async (t) => {
  const home = await tempDir(t);
  await writeFile(join(home, 'tiny.gguf'), makeTinyGguf());

  const tried = await runBundle(t, home, ['model', 'test', '--home', home, '--path', join(home, 'tiny.gguf')]);

  assert.match(tried.output(), /node-llama-cpp: it is not installed\nhint: install it with: npm install/);
});

function startBundle(t: Ending, cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [bundle, ...args], { cwd, env: freshEnvironment(cwd, env) });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  t.after(async () => {
    if (child.exitCode === null && child.pid !== undefined && isAlive(child.pid)) child.kill('SIGKILL');
  });
  return { child, output: () => output };
}

async function runBundle(t: Ending, cwd: string, args: readonly string[]) {
  const run = startBundle(t, cwd, args);
  let closed = false;
  run.child.on('close', () => {
    closed = true;
  });
  await until(`${args[0]} ends`, () => closed);
  return run;
}
