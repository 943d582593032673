/** An agent follows a repository by itself: a real bare repository, by the system's git. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { readKeptConfig } from '../../src/agent/config-sync/config-file.ts';
import { type ConfigState, ConfigTaker } from '../../src/agent/config-sync/config-taker.ts';
import { type ConfigRepository, GitSync } from '../../src/agent/config-sync/git-sync.ts';
import { builtInConfig, type Config, serverPart } from '../../src/config/index.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger, silentLogger } from '../../src/platform/logger.ts';
import { sourceFiles } from '../repository/sources.ts';
import { TestRepository } from '../support/git-repository.ts';
import { foundRevision } from '../support/revisions.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const SERVER = 'AIGARDEN01' as ServerName;
const POLL_MS = 150;

const short = (sha: string) => sha.slice(0, 12);

function following(pushed: TestRepository, more: Partial<ConfigRepository> = {}): ConfigRepository {
  return {
    repository: `file://${pushed.bare}`,
    branch: 'main',
    path: 'config',
    pollMs: POLL_MS,
    credentials: {},
    signedBy: undefined,
    searchPath: undefined,
    ...more,
  };
}

/** Agents of one home, one after the other, and the repository that they follow. */
async function makeHome(t: TestContext) {
  let agent: Agent | undefined;
  t.after(() => agent?.close());
  const folder = await tempDir(t);
  const home = join(folder, 'home');
  const pushed = await TestRepository.make(folder);
  const open = async (config?: Config, configRepository = following(pushed)) => {
    await agent?.close();
    agent = await Agent.open({
      home,
      server: SERVER,
      config: config ?? (await builtInConfig()),
      configRepository,
      port: 0,
      clock: systemClock,
      random: () => 0.5,
      logger: silentLogger,
    });
    return agent;
  };
  return { home, pushed, open };
}

async function told(agent: Agent) {
  return (await fetch(`${agent.url}/agents/GROK/config`)).json() as Promise<{ revision: string; role: string }>;
}

test('a commit is applied by the way of a served one: no restart, this server’s part alone, kept on the disk', async (t) => {
  const { home, pushed, open } = await makeHome(t);
  const files = {
    'agents/grok.yaml': 'role: Reviewer\nservers: [AIGARDEN01, AIGARDEN02]\n',
    'agents/gimai.yaml': 'role: Painter\nservers: [AIGARDEN02]\n',
    // What stands in a repository doesn't say where it is.
    'agents/_defaults.yaml': 'config: { source: git, repository: /elsewhere.git }\n',
  };
  await pushed.push({ 'agents/grok.yaml': 'role: First\n' });
  const agent = await open();
  await until('the first one runs', async () => (await told(agent)).role === 'First');

  const sha = await pushed.push(files);
  await until('the second one runs', async () => (await told(agent)).revision === short(sha));

  assert.equal((await told(agent)).role, 'Reviewer');
  const kept = await until('it is kept', async () => {
    const file = JSON.parse(await readFile(join(home, 'agent/config.json'), 'utf8'));
    return file.revision === short(sha) ? file : undefined;
  });
  const served = serverPart((await foundRevision(files, { revision: short(sha) })).config!, SERVER);
  assert.deepEqual(kept.config, JSON.parse(JSON.stringify(served)), 'an orchestrator would have served the same');
  assert.equal(JSON.stringify(kept).includes('AIGARDEN02'), false);
  assert.equal(JSON.stringify(kept).includes('elsewhere'), false);
  assert.ok(existsSync(join(home, 'agent/config.git')));
});

test('with the repository away an agent starts with what ran last, unless that came from somewhere else, and catches up', async (t) => {
  const { home, pushed, open } = await makeHome(t);
  const source = following(pushed);
  const first = await pushed.push({ 'agents/grok.yaml': 'role: First\n' });
  const agent = await open();
  await until('it runs', async () => (await told(agent)).revision === short(first));
  const kept = await until('it is kept', () => readKeptConfig(home, silentLogger, source)); // a moment after it runs
  await rename(pushed.bare, `${pushed.bare}.away`);

  const again = await open(kept);
  assert.equal((await told(again)).role, 'First');
  assert.equal(await readKeptConfig(home, silentLogger), undefined, 'not the orchestrator’s');
  assert.equal(await readKeptConfig(home, silentLogger, { ...source, branch: 'other' }), undefined);
  await rename(`${pushed.bare}.away`, pushed.bare);
  const second = await pushed.push({ 'agents/grok.yaml': 'role: Second\n' });
  await until('it catches up', async () => (await told(again)).revision === short(second));
});

test('a refused revision is told once and what ran runs on; so does a repository that is away, which is told after a while', async (t) => {
  let sync: GitSync | undefined;
  t.after(() => sync?.close());
  const folder = await tempDir(t);
  const pushed = await TestRepository.make(folder);
  const log: string[] = [];
  let aheadMs = 0;
  let looks = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs };
  const logger = createLogger({ clock, write: (line) => void log.push(line) });
  const states: ConfigState[] = [];
  const taker: ConfigTaker = new ConfigTaker({
    running: 'built-in',
    apply: async () => [],
    onChange: () => void states.push(taker.state),
    clock,
    logger,
  });
  const first = await pushed.push({ 'agents/grok.yaml': 'role: First\n' });
  sync = new GitSync({
    source: following(pushed),
    gitDir: join(folder, 'followed.git'),
    server: SERVER,
    taker,
    onRead: () => undefined,
    clock,
    random: () => {
      looks++;
      return 0.5;
    },
    logger,
  }).start();
  const moreLooks = async () => {
    const before = looks;
    await until('it looks again', () => looks > before + 2);
  };

  await until('the first one runs', () => taker.state.running === short(first));
  const broken = await pushed.push({ 'storage.yaml': 'upload: { window: 7m }\n' });
  await until('it is refused', () => taker.state.error !== null);
  const refused = taker.state;
  await moreLooks();
  pushed.commit('back to the good one', '--amend'); // another commit, as bad: told again
  await until('that is refused too', () => taker.state.desired !== short(broken));
  const back = await pushed.push({ 'agents/grok.yaml': 'role: First\n' });
  await until('a good one runs', () => taker.state.running === short(back));
  await rename(pushed.bare, `${pushed.bare}.away`);
  await moreLooks();
  const early = sync.trouble;
  aheadMs = 1_000_000;
  const late = sync.trouble;
  await rename(`${pushed.bare}.away`, pushed.bare);
  await until('it is back', () => sync!.trouble === undefined);

  assert.deepEqual([refused.running, refused.desired], [short(first), short(broken)]);
  assert.match(refused.error ?? '', /storage\.yaml:1:19: upload\.window/);
  assert.equal(states.length, 4, JSON.stringify(states));
  assert.equal(
    log.filter((line) => line.includes('is refused')).length,
    1,
    'the second within seconds is only counted',
  );
  assert.equal(early, undefined);
  assert.match(late ?? '', /the configuration is not followed: .*file:/);
});

test('an agent that is not asked to loads nothing that follows a repository', () => {
  const root = resolve(import.meta.dirname, '../..');
  const code = new Map(sourceFiles().map((source) => [source.file, source.code]));
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    // Types are stripped, and `import('…')` waits for its turn.
    for (const [, to] of code.get(file)!.matchAll(/^(?:import|export)(?! type)[^;]*? from '(\.[^']+)';/gm))
      visit(relative(root, resolve(root, dirname(file), to!)));
  };

  for (const file of ['src/main.ts', 'src/commands/agent.ts', 'src/agent/agent.ts', 'src/config/read-server-part.ts'])
    visit(file);

  assert.ok(seen.has('src/agent/config-sync/config-taker.ts'), 'is this test looking for the right thing?');
  assert.deepEqual(
    [...seen].filter((file) => file.startsWith('src/config/git/') || file.endsWith('/git-sync.ts')),
    [],
  );
});
