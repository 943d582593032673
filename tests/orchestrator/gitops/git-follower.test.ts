/** A real bare repository is followed over file:// and over HTTP, by the system's git, into a real orchestrator. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { parseCommitSigner } from '../../../src/config/commit-signer.ts';
import { Repository } from '../../../src/config/git/repository.ts';
import { parseRepository } from '../../../src/config/git-section.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import type { OrchestratorOptions } from '../../../src/orchestrator/orchestrator.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { errorCode } from '../../../src/platform/errors.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { BROKEN_CONFIGS } from '../../fixtures/broken-configs.ts';
import { startGitHttpServer } from '../../servers/git-http-server.ts';
import { openRepository, TestRepository } from '../../support/git-repository.ts';
import { type Answer, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { type SigningKey, sshKey, without } from '../../support/signing-keys.ts';
import { standIn } from '../../support/stand-in-program.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());
const SECRET = 'a secret of webhooks';
const GOOD = { 'agents/grok.yaml': 'role: Reviewer\n' };

interface Following {
  readonly git?: Partial<NonNullable<OrchestratorOptions['git']>>;
  /** Of the first commit. */
  readonly signing?: SigningKey;
  /** A repository that there is, and what is known of it. */
  readonly pushed?: TestRepository;
  readonly database?: Database;
}

async function openFollowing(t: TestContext, { git = {}, signing, database, ...more }: Following = {}) {
  const folder = await tempDir(t);
  const pushed = more.pushed ?? (await TestRepository.make(folder));
  pushed.signing = signing?.signing ?? pushed.signing;
  const first = more.pushed === undefined ? await pushed.push(GOOD, 'the first one') : pushed.head();
  const log: string[] = [];
  const system = await TestOrchestrator.open(t, database ?? (await postgres.database()), {
    logger: createLogger({ clock: systemClock, write: (line) => void log.push(line) }),
    git: {
      repository: `file://${pushed.bare}`,
      branch: 'main',
      path: 'config',
      credentials: {},
      pollMs: 300,
      random: () => 0.5,
      webhookSecret: SECRET,
      ...git,
    },
  });
  const revisions = async () => (await system.ask('GET', '/api/v1/revisions')).json.revisions;
  const desired = async () => (await system.ask('GET', '/api/v1/rollout')).json.config.desired;
  const alerts = async (kind: string) =>
    (await system.ask('GET', '/api/v1/alerts')).json.alerts.filter((one: { kind: string }) => one.kind === kind);
  await until('the first one is desired', async () => (await desired()) === first.slice(0, 12));
  return { folder, pushed, system, first, log, revisions, desired, alerts };
}

test('a commit becomes a revision with its author and subject; a broken one moves nothing and is told once; GitHub away changes nothing', async (t) => {
  const { pushed, system, first, revisions, desired, alerts, folder } = await openFollowing(t);

  const broken = await pushed.push({ 'storage.yaml': 'upload: { window: 7m }\n' }, 'oops');
  await until('it is refused', async () => (await alerts('config.refused')).length === 1);
  const whileBroken = await desired();
  await rename(pushed.bare, `${pushed.bare}.away`);
  await until('that it is away is told', async () => (await alerts('config.source')).length === 1);
  const whileAway = await desired();
  await rename(`${pushed.bare}.away`, pushed.bare);
  const mended = await pushed.push({ 'storage.yaml': 'upload: { window: 15m }\n' }, 'mended');
  await until('it is desired', async () => (await desired()) === mended.slice(0, 12));
  await until('nothing is left to worry about', async () =>
    [...(await alerts('config.source')), ...(await alerts('config.refused'))].every(
      ({ state }) => state === 'resolved',
    ),
  );

  assert.deepEqual([whileBroken, whileAway], [first.slice(0, 12), first.slice(0, 12)]);
  const found = await revisions();
  assert.deepEqual(
    found.map(({ revision, state }: { revision: string; state: string }) => [revision, state]),
    [
      [mended.slice(0, 12), 'rolling'], // no server is there to take it
      [broken.slice(0, 12), 'refused'],
      [first.slice(0, 12), 'everywhere'],
    ],
  );
  assert.equal(found[0].commit.author, 'Dana <dana@example.com>');
  assert.equal(found[0].commit.subject, 'mended');
  assert.match(found[1].reason, /storage\.yaml:1:19: upload\.window/);
  // By the whole SHA as well, as git and GitHub name it.
  assert.equal((await system.ask('GET', `/api/v1/revisions/${mended}`)).json.revision, mended.slice(0, 12));
  assert.equal((await system.ask('GET', `/api/v1/revisions/${'0'.repeat(40)}`)).status, 404);
  const back = await system.ask('POST', '/api/v1/rollout/rollback', { body: { revision: first } });
  assert.deepEqual([back.status, back.json.config.desired], [200, first.slice(0, 12)], back.text);
  assert.ok(folder.length > 0);
});

test('a deleted branch leaves the last good one, and a rewritten one is followed', async (t) => {
  const { pushed, first, desired, alerts } = await openFollowing(t);

  pushed.deleteBranch();
  await until('it is told', async () => (await alerts('config.source')).length === 1);
  const meanwhile = await desired();
  const [{ detail }] = await alerts('config.source');
  const rewritten = pushed.commit('the first one, otherwise', '--amend');
  await until('the other is desired', async () => (await desired()) === rewritten.slice(0, 12));

  assert.equal(meanwhile, first.slice(0, 12));
  assert.match(detail.message, /no branch and no tag/);
});

test('a webhook makes it look at once, and one with a wrong signature is refused and audited', async (t) => {
  const { pushed, system, desired } = await openFollowing(t, { git: { pollMs: 600_000 } });
  const body = JSON.stringify({ ref: 'refs/heads/main' });
  const sign = (text: string, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
  const hook = (kind: string, headers: Record<string, string>, raw = body) =>
    system.ask('POST', `/api/v1/hooks/${kind}`, {
      key: null,
      raw,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const second = await pushed.push({ 'agents/grok.yaml': 'role: Second\n' });
  const startedAt = performance.now();

  const right = await hook('github', { 'x-hub-signature-256': sign(body) });
  await until('it is desired', async () => (await desired()) === second.slice(0, 12));
  const tookMs = performance.now() - startedAt;
  const third = await pushed.push({ 'agents/grok.yaml': 'role: Third\n' });
  const gitlab = await hook('gitlab', { 'x-gitlab-token': SECRET });
  await until('it is desired', async () => (await desired()) === third.slice(0, 12));
  const wrong = [
    await hook('github', { 'x-hub-signature-256': sign(body, 'another') }),
    await hook('github', { 'x-hub-signature-256': sign(`${body} `) }),
    await hook('github', { 'x-hub-signature-256': 'sha256=zz' }),
    await hook('github', {}),
    await hook('gitlab', { 'x-gitlab-token': 'another' }),
    await hook('gitlab', {}),
  ];

  assert.deepEqual([right.status, gitlab.status], [200, 200]);
  assert.ok(tookMs < 5_000, `${tookMs} ms`);
  for (const answer of wrong) assert.deepEqual([answer.status, answer.json.code], [401, 'NSV_UNAUTHORIZED']);
  const tooMany = await hookUntilLimited(() => hook('gitlab', {}));
  assert.equal(tooMany.json.code, 'NSV_WEBHOOK_TRIES');
  assert.match(tooMany.json.detail, /webhooks with a wrong signature/);
  const limited = [
    await hook('github', { 'x-hub-signature-256': sign(body, 'another') }),
    await hook('github', { 'x-hub-signature-256': sign(body) }),
    await hook('gitlab', { 'x-gitlab-token': SECRET }),
  ];
  assert.deepEqual(
    limited.map(({ status }) => status),
    [429, 200, 200],
    'wrong ones hold up no right one',
  );
  const { entries } = (await system.ask('GET', '/api/v1/audit')).json;
  assert.match(JSON.stringify(entries), /hooks\/github/);
});

test('an unsigned commit moves nothing and is told once; the next one that is signed resolves it', {
  skip: without('ssh-keygen'),
}, async (t) => {
  const dana = await sshKey(t, 'Dana');
  const { pushed, desired, alerts, revisions } = await openFollowing(t, { signing: dana, git: signedBy(dana) });
  pushed.signing = undefined;

  const unsigned = await pushed.push({ 'agents/grok.yaml': 'role: Unsigned\n' });
  await until('it is refused', async () => (await alerts('config.refused')).length === 1);
  const meanwhile = await desired();
  pushed.signing = dana.signing;
  const signed = await pushed.push({ 'agents/grok.yaml': 'role: Signed\n' });
  await until('it is desired', async () => (await desired()) === signed.slice(0, 12));

  assert.notEqual(meanwhile, unsigned.slice(0, 12));
  const told = await alerts('config.refused');
  assert.deepEqual(
    told.map(({ state, detail }: { state: string; detail: { code: string } }) => [state, detail.code]),
    [['resolved', 'NSV_COMMIT_NOT_SIGNED']],
  );
  const [newest, refused] = await revisions();
  assert.match(newest.commit.signer, /^Dana \(SHA256:/);
  assert.deepEqual([refused.revision, refused.state, refused.commit.signer], [unsigned.slice(0, 12), 'refused', null]);
});

test('nobody goes back to an unsigned commit that was taken before signatures were asked for', {
  skip: without('ssh-keygen'),
}, async (t) => {
  const dana = await sshKey(t, 'Dana');
  const before = await openFollowing(t, { git: { pollMs: 300 } });
  const { pushed, first: unsigned } = before;
  pushed.signing = dana.signing;
  const signed = await pushed.push({ 'agents/grok.yaml': 'role: Signed\n' });
  await until('it is desired', async () => (await before.desired()) === signed.slice(0, 12));
  await before.system.orchestrator.close();
  const after = await openFollowing(t, { pushed, database: postgres.connect(postgres.lastName), git: signedBy(dana) });

  pushed.goTo(unsigned);
  await until('it is refused', async () => (await after.alerts('config.refused')).length === 1);

  assert.equal(await after.desired(), signed.slice(0, 12));
});

test('of two replicas one looks at a time, and what one has handed on the other doesn’t fetch', async (t) => {
  const folder = await tempDir(t);
  const searchPath = await standIn(folder, 'git', loggingGit(folder));
  const one = await openFollowing(t, { git: { searchPath } });
  const { pushed } = one;
  const two = await openFollowing(t, {
    pushed,
    database: postgres.connect(postgres.lastName),
    git: { searchPath, pollMs: 250 },
  });
  const log = () => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  const count = (command: string, { system } = one) =>
    log().filter((line) => line === `${join(system.home, 'orchestrator/config.git')} ${command}`).length;
  await until('both have looked', () => count('fetch', one) > 0 && count('fetch', two) > 0);

  const second = await pushed.push({ 'agents/grok.yaml': 'role: Second\n' });
  await until('both desire it', async () =>
    [await one.desired(), await two.desired()].every((revision) => revision === second.slice(0, 12)),
  );
  const looks = [count('ls-remote', one), count('ls-remote', two)] as const;
  await until(
    'both have looked again',
    () => count('ls-remote', one) > looks[0] + 1 && count('ls-remote', two) > looks[1] + 1,
  );

  assert.deepEqual(
    log().filter((line) => line === 'two at once'),
    [],
  );
  assert.equal(count('fetch', one) + count('fetch', two), 3, 'one each at its start, and one for both');
});

test('a branch that goes back to what one replica saw last is seen by it, though another saw what came between', async (t) => {
  const one = await openFollowing(t, { git: { pollMs: 600_000 } });
  const { pushed, first } = one;
  const two = await openFollowing(t, { pushed, database: postgres.connect(postgres.lastName) });
  const second = await pushed.push({ 'agents/grok.yaml': 'role: Second\n' });
  await until('it is desired', async () => (await two.desired()) === second.slice(0, 12));
  await two.system.orchestrator.close();

  pushed.goTo(first);
  await one.system.ask('POST', '/api/v1/hooks/gitlab', { key: null, headers: { 'x-gitlab-token': SECRET }, body: {} });

  await until('the first one is desired again', async () => (await one.desired()) === first.slice(0, 12));
});

/** Writes down what git does to which copy, and whether two are at it at once: a folder is made by one alone. */
function loggingGit(folder: string): string {
  return [
    `mkdir '${folder}/busy' || echo 'two at once' >> '${folder}/log'`,
    `echo "$2 $3" >> '${folder}/log'`,
    '"$REAL" "$@"',
    'code=$?',
    `rmdir '${folder}/busy'`,
    'exit $code',
  ].join('\n');
}

function signedBy(...keys: readonly SigningKey[]) {
  return { signedBy: keys.map(({ text }) => parseCommitSigner(text)!) };
}

async function hookUntilLimited(hook: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 0; tries < 50; tries++) {
    const answer = await hook();
    if (answer.status === 429) return answer;
  }
  throw new Error('nothing limits wrong webhooks');
}

test('over HTTP the token opens the repository, and stands in no argument, log, file or answer', async (t) => {
  const token = `tok${randomBytes(16).toString('hex')}`;
  const folder = await tempDir(t);
  const pushed = await TestRepository.make(folder);
  const sha = await pushed.push(GOOD);
  const server = await startGitHttpServer(folder, token);
  t.after(() => server.close());
  const shared = { branch: 'main', path: 'config', clock: systemClock, timeoutMs: 30_000, bytesMax: 50_000_000 };
  const at = (credentials: object, name: string) =>
    new Repository({ ...shared, repository: `${server.url}/config.git`, credentials, gitDir: join(folder, name) });
  const seen = new Set<string>();
  let looking = true;
  const looks = (async () => {
    while (looking) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          // it has ended
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();

  const repository = at({ token }, 'a.git');
  const found = await repository.read((await repository.head()).ref);
  looking = false;
  await looks;
  const refused = await at({}, 'b.git')
    .head()
    .catch((error: unknown) => error);
  const wrong = await at({ token: 'wrong' }, 'c.git')
    .head()
    .catch((error: unknown) => error);

  assert.equal(found.commit?.sha, sha);
  assert.ok(
    [...seen].some((line) => line.includes('git')),
    'no git was seen at work',
  );
  assert.ok(![...seen].some((line) => line.includes(token)), 'the token was an argument');
  for (const error of [refused, wrong]) assert.equal(errorCode(error), 'NSV_GIT_FAILED');
  const files = readdirSync(join(folder, 'a.git'), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  for (const file of files)
    assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(token), `${file.name} holds the token`);
});

test('each broken repository is refused with its place and remedy', async (t) => {
  const { pushed, repository } = await openRepository(t);
  const cases = BROKEN_CONFIGS.map((one, index) => ({ ...one, branch: `case-${index}` }));
  pushed.import(new Map([...cases.map(({ branch, files }) => [branch, files] as const), ['main', GOOD]]));
  await repository.head(); // makes the copy
  for (const { name, branch, place, remedy } of cases) {
    const found = await repository.read(`refs/heads/${branch}`);

    const [complaint = 'no complaint'] = found.refusal?.complaints ?? [];
    assert.equal(found.config, undefined, name);
    // What is too large for a settings file is not even fetched out of the repository.
    if (name !== 'a file that is too large') assert.ok(complaint.startsWith(place), `${name}: ${complaint}`);
    assert.match(complaint, remedy, name);
  }
  const { config, refusal } = await repository.read('refs/heads/main');
  assert.deepEqual([config?.agents.map(({ agentId }) => agentId), refusal], [['GROK'], undefined]);
});

test('links are refused, and a repository that is too large, or takes too long, is given up and leaves nothing', async (t) => {
  const { pushed, read } = await openRepository(t);
  await pushed.push(GOOD);
  await pushed.link('storage.yaml', '/etc/passwd');
  const linked = await read();
  assert.match(linked.refusal?.complaints[0] ?? '', /^storage\.yaml: is a link, not a file/);
  assert.doesNotMatch(JSON.stringify(linked), /root:/);

  const small = await openRepository(t, { bytesMax: 300_000 });
  await small.pushed.push({ ...GOOD, 'weights.bin': randomBytes(3_000_000) });
  await assert.rejects(small.read(), /is larger than/);
  const hurried = await openRepository(t, { timeoutMs: 1 });
  await hurried.pushed.push(GOOD);
  await assert.rejects(hurried.read(), { code: 'NSV_GIT_FAILED', retryable: true });
});

test('what git would take for an option, a program or a way to leak a password is no address of a repository', () => {
  for (const address of [
    'https://github.com/owalai/nervesys-config.git',
    'git@github.com:owalai/nervesys-config.git',
    'ssh://git@example.com:2222/config.git',
    'file:///srv/config.git',
    '/srv/config.git',
    'http://127.0.0.1:3000/config.git',
  ])
    assert.equal(parseRepository(address), address);
  for (const address of [
    '--upload-pack=touch /tmp/x',
    '-oProxyCommand=x',
    'ext::sh -c id',
    'http://example.com/config.git',
    'https://user:password@example.com/x.git',
    'https://token@example.com/x.git',
    'git://example.com/x.git',
    'a b',
    'relative/path',
    'https://example.com/\nx',
  ])
    assert.equal(parseRepository(address), undefined, address);
});
