/** The script for cron: a real repository, a real shell, the real check. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startGitHttpServer } from '../servers/git-http-server.ts';
import { type Signing, TestRepository } from '../support/git-repository.ts';
import { freshEnvironment, MAIN } from '../support/running-system.ts';
import { gpgKey, sshKey, without } from '../support/signing-keys.ts';
import { tempDir } from '../support/temp-dir.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/sync_config.sh');
const GOOD = { 'agents/grok.yaml': 'role: Reviewer\n', 'README.md': 'nobody’s business\n' };

async function makeHost(t: TestContext) {
  const folder = await tempDir(t);
  const pushed = await TestRepository.make(folder);
  const home = join(folder, 'home of nervesys');
  const sync = (args: readonly string[] = [pushed.bare], more: Record<string, string> = {}) =>
    new Promise<{ status: number; said: string }>((done) => {
      const environment = { NERVESYS_HOME: home, NERVESYS_COMMAND: `${process.execPath} ${MAIN}`, ...more };
      execFile('sh', [SCRIPT, ...args], { env: freshEnvironment(folder, environment) }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : Number(error.code), said: stdout + stderr }),
      );
    });
  const role = () => readFileSync(join(home, 'config/agents/grok.yaml'), 'utf8').trim();
  const state = () => [readlinkSync(join(home, 'config')), readdirSync(join(home, 'config-revisions')).sort()];
  return { folder, pushed, home, sync, role, state };
}

test('a good commit comes to stand there whole, what stood there before is kept aside, and a second run changes nothing', async (t) => {
  const { pushed, home, sync, role, state } = await makeHost(t);
  await mkdir(join(home, 'config/agents'), { recursive: true });
  await writeFile(join(home, 'config/agents/grok.yaml'), 'role: by hand\n');
  const sha = await pushed.push(GOOD);

  const first = await sync();
  const afterFirst = state();
  const { ino } = lstatSync(join(home, 'config'));
  const second = await sync();
  const inoAfter = lstatSync(join(home, 'config')).ino;
  const later = [];
  for (const n of [2, 3, 4]) {
    await pushed.push({ 'agents/grok.yaml': `role: Reviewer ${n}\n` });
    later.push([(await sync()).status, role()]);
  }

  assert.equal(first.status, 0, first.said);
  assert.match(first.said, new RegExp(`config is at ${sha}`));
  assert.equal(readFileSync(join(home, 'config.before-sync/agents/grok.yaml'), 'utf8'), 'role: by hand\n');
  assert.deepEqual(second, { status: 0, said: '' });
  assert.deepEqual(
    later,
    [2, 3, 4].map((n) => [0, `role: Reviewer ${n}`]),
  );
  assert.equal(afterFirst[0], `config-revisions/${(afterFirst[1] as string[]).at(-1)}`);
  assert.equal(inoAfter, ino, 'the link itself is the same');
  const kept = (state()[1] as string[]).filter((name) => !name.startsWith('.'));
  assert.equal(kept.length, 2, 'the one in use and the one before');
});

test('a bad commit changes nothing and says what is wrong, with exit code 3; so does a folder that is not there, and a link', async (t) => {
  const { pushed, home, sync, role, state } = await makeHost(t);
  await pushed.push(GOOD);
  await sync();
  const before = state();

  await pushed.push({ 'storage.yaml': 'upload: { window: 7m }\n' });
  const bad = await sync();
  const again = await sync();
  const missing = await sync([pushed.bare, 'main', 'elsewhere']);
  await pushed.push(GOOD);
  await pushed.link('agents/gimai.yaml', '/etc/passwd');
  const link = await sync();
  await pushed.push({ 'README.md': 'x' });
  const none = await sync();

  assert.equal(bad.status, 3, bad.said);
  assert.match(bad.said, /storage\.yaml:1:19: upload\.window/);
  assert.deepEqual([again.status, missing.status, link.status, none.status], [3, 3, 3, 3]);
  assert.match(missing.said, /no folder elsewhere/);
  assert.match(none.said, /no settings file in config/);
  assert.match(link.said, /a link where a file belongs: agents\/gimai\.yaml/);
  assert.deepEqual(state(), before);
  assert.equal(role(), 'role: Reviewer');
  assert.deepEqual(
    readdirSync(home).filter((name) => name.startsWith('.')),
    [],
  );
});

test('only what a given key has signed is taken, and who asks for signatures doesn’t lose them by it', {
  skip: without('ssh-keygen', 'gpg', 'gpgconf'),
}, async (t) => {
  const { folder, pushed, home, sync, role, state } = await makeHost(t);
  const [ssh, gpg, eve] = [await sshKey(t, 'Dana'), await gpgKey(t, 'Noa'), await sshKey(t, 'Eve')];
  const keys = { NERVESYS_GIT_SIGNED_BY_FILE: join(folder, 'keys') };
  await writeFile(join(folder, 'keys'), `# of ours\n${ssh.text}\n${gpg.text}`);
  const pushSigned = (name: string, signing: Signing | undefined) => {
    pushed.signing = signing;
    return pushed.push({ 'agents/grok.yaml': `role: ${name}\n` });
  };
  const taken = [];
  for (const [name, { signing }] of [['Dana', ssh] as const, ['Noa', gpg] as const]) {
    await pushSigned(name, signing);
    taken.push((await sync([pushed.bare], keys)).said.length > 0 && role());
  }
  const before = state();

  await pushSigned('Nobody', undefined);
  const unsigned = await sync([pushed.bare], keys);
  await pushSigned('Eve', eve.signing);
  const stranger = await sync([pushed.bare], keys);
  const noKeys = await sync([pushed.bare], { NERVESYS_GIT_SIGNED_BY_FILE: SCRIPT });
  await writeFile(join(home, 'config/orchestrator.yaml'), `git: { signed_by: [${ssh.text}] }\n`);
  const careless = await sync();

  assert.deepEqual(taken, ['role: Dana', 'role: Noa']);
  assert.deepEqual([unsigned.status, stranger.status, noKeys.status, careless.status], [3, 3, 2, 2]);
  assert.match(unsigned.said, /is not signed; nothing was changed/);
  assert.match(stranger.said, /is not signed well by any of the keys/);
  assert.match(noKeys.said, /holds no public key/);
  assert.match(careless.said, /orchestrator\.yaml asks for signed commits .*NERVESYS_GIT_SIGNED_BY_FILE/);
  assert.deepEqual(state(), before);
});

test('the branch goes before a tag of its name, and files are as they were committed, whatever its attributes say', async (t) => {
  const { pushed, sync, role } = await makeHost(t);
  await pushed.push({ 'agents/grok.yaml': 'role: of the tag\n' });
  pushed.tag('stable');
  // Written as UTF-16 by whoever committed: git keeps it as UTF-8.
  const file = { 'agents/grok.yaml': Buffer.from('\ufeffrole: $Id$\n', 'utf16le') };
  await pushed.push({ ...file, 'agents/.gitattributes': '*.yaml working-tree-encoding=UTF-16 eol=crlf ident\n' });
  execFileSync('git', ['--git-dir', pushed.bare, 'tag', 'main', 'stable']);
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534', pushed.bare]); // another user's is served too

  const branch = await sync();
  const ofBranch = role();
  const tag = await sync([pushed.bare, 'stable']);

  assert.deepEqual([branch.status, ofBranch], [0, 'role: $Id$'], branch.said);
  assert.deepEqual([tag.status, role()], [0, 'role: of the tag'], tag.said);
});

test('with Git away nothing changes, with exit code 1, and the next run brings what came meanwhile', async (t) => {
  const { pushed, sync, role, state } = await makeHost(t);
  await pushed.push(GOOD);
  await sync();
  const before = state();

  await rename(pushed.bare, `${pushed.bare}.away`);
  const away = await sync();
  const meanwhile = state();
  await rename(`${pushed.bare}.away`, pushed.bare);
  await pushed.push({ 'agents/grok.yaml': 'role: Second\n' });
  const back = await sync();

  assert.equal(away.status, 1);
  assert.match(away.said, /main cannot be fetched/);
  assert.deepEqual(meanwhile, before);
  assert.deepEqual([back.status, role()], [0, 'role: Second']);
});

test('over HTTP a token opens it, from the environment or a file, is never shown, and goes nowhere else by a redirect', async (t) => {
  const { folder, pushed, sync, role } = await makeHost(t);
  const token = 'a token of the repository';
  const server = await startGitHttpServer(folder, token);
  t.after(() => server.close());
  await pushed.push(GOOD);
  await writeFile(join(folder, 'token'), `${token}\n`);
  const address = [`${server.url}/config.git`];

  let asked = 0;
  const redirecting = http.createServer((request, response) => {
    asked++;
    response.writeHead(301, { location: `${server.url}${request.url}` }).end();
  });
  t.after(() => redirecting.close());
  await new Promise<void>((done) => redirecting.listen(0, '127.0.0.1', done));
  const elsewhere = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/config.git`;

  const redirected = await sync([elsewhere], { NERVESYS_GIT_TOKEN: token });
  const closed = await sync(address, { NERVESYS_GIT_TOKEN: 'another one' });
  const open = await sync(address, { NERVESYS_GIT_TOKEN_FILE: join(folder, 'token') });

  assert.deepEqual([redirected.status, asked > 0], [1, true], redirected.said);
  assert.equal(closed.status, 1);
  assert.doesNotMatch(closed.said, /another one|Authorization/);
  assert.deepEqual([open.status, role()], [0, 'role: Reviewer'], open.said);
});

test('what can be no address, branch or folder is refused before anything is asked or made', async (t) => {
  const { home, sync } = await makeHost(t);
  const wrong = [
    [],
    ['--upload-pack=touch /tmp/x'],
    ['ext::sh -c true'],
    ['https://user:secret@example.com/x.git'],
    ['http://example.com/x.git'],
    ['relative/path'],
    ['/srv/x.git', '-x'],
    ['/srv/x.git', 'main', '../..'],
    ['/srv/x.git', 'main', 'config', 'more'],
  ];

  for (const args of wrong) {
    const { status, said } = await sync(args);
    assert.equal(status, 2, `${args.join(' ')}: ${said}`);
    assert.doesNotMatch(said, /secret/);
  }
  assert.equal(existsSync(home), false);
  assert.match((await sync(['--help'])).said, /REPOSITORY \[BRANCH \[FOLDER\]\]/);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
test('shellcheck finds nothing in it', { skip: hasShellcheck ? false : 'shellcheck is not installed' }, () => {
  const { status, stdout } = spawnSync('shellcheck', [SCRIPT], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});
