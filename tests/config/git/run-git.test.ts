/** How git is run: where it is looked for, what it may reach, and what a look that is cut off leaves behind. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Repository } from '../../../src/config/git/repository.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { startGitHttpServer } from '../../servers/git-http-server.ts';
import { openRepository, TestRepository } from '../../support/git-repository.ts';
import { standIn } from '../../support/stand-in-program.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const GOOD = { 'agents/grok.yaml': 'role: Reviewer\n' };

test('git is looked for where the service looks for programs, then in the usual folders', async (t) => {
  const folder = await tempDir(t);
  const bin = await standIn(folder, 'git', `echo "$PATH" >> '${folder}/ran'; exec "$REAL" "$@"`);

  for (const searchPath of [undefined, '', `${bin}:/opt/there-is-none::relative:.`]) {
    const { pushed, read } = await openRepository(t, { searchPath });
    await pushed.push(GOOD);
    assert.notEqual((await read()).config, undefined, `${searchPath}`);
  }

  const [path = ''] = (await readFile(join(folder, 'ran'), 'utf8')).split('\n');
  const parts = path.split(':');
  assert.ok(parts.includes('/opt/there-is-none') && parts.includes('/usr/bin'), path);
  assert.ok(
    parts.every((part) => part.startsWith('/')),
    path,
  );
});

test('a redirect is not followed: neither the token nor a request reaches where it leads', async (t) => {
  const token = 'tok-of-the-first-server-alone';
  const elsewhere: http.IncomingHttpHeaders[] = [];
  const [second, secondUrl] = await listen((request, response) => {
    elsewhere.push(request.headers);
    response.writeHead(404).end();
  });
  const asked: (string | undefined)[] = [];
  const [first, firstUrl] = await listen((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(302, { location: `${secondUrl}${request.url}` }).end();
  });
  t.after(() => Promise.all([first, second].map((server) => new Promise((done) => server.close(done)))));
  const { repository } = await openRepository(t, { repository: `${firstUrl}/config.git`, credentials: { token } });

  await assert.rejects(repository.head(), /it redirects elsewhere, which is not followed; name the new address/);

  assert.deepEqual(asked, [`Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`]);
  assert.deepEqual(elsewhere, []);
});

test('http leads to this machine alone, and git speaks no other protocol than the repository’s', async (t) => {
  for (const address of [
    'http://192.0.2.1/x.git',
    'http://localhost.example.com/x.git',
    'git://127.0.0.1/x',
    'ftp://127.0.0.1/x',
  ]) {
    const { repository } = await openRepository(t, { repository: address });
    await assert.rejects(repository.head(), /transport '\w+' not allowed/, address);
  }
  const { folder, pushed } = await openRepository(t);
  await pushed.push(GOOD);
  const bin = await standIn(folder, 'git', `echo "$GIT_ALLOW_PROTOCOL" >> '${folder}/protocols'; exec false`);
  for (const address of [
    '/srv/x.git',
    'file:///srv/x.git',
    'git@example.com:x.git',
    'ssh://git@example.com/x',
    'https://example.com/x',
    'http://[::1]:9/x',
  ]) {
    const { repository } = await openRepository(t, { repository: address, searchPath: bin });
    await assert.rejects(repository.head());
  }
  const protocols = (await readFile(join(folder, 'protocols'), 'utf8')).trim().split('\n');
  assert.deepEqual(protocols, ['file', 'file', 'ssh', 'ssh', 'https', 'http']);
});

test('a fetch that does not end is a failure like others after its time, and leaves neither a process nor a lock', async (t) => {
  const { folder, pushed, settings, repository } = await openRepository(t);
  await pushed.push(GOOD);
  const { ref } = await repository.head();
  const lock = join(settings.gitDir, 'shallow.lock');
  const script = `case "$*" in *fetch*) touch '${lock}'; echo $$ > '${folder}/pid'; exec sleep 600;; *) exec "$REAL" "$@";; esac`;
  const searchPath = await standIn(folder, 'git', script);
  // The deadline comes when the fetch hangs, and not by the clock of a busy machine.
  const hangs = async () => {
    await until('the fetch hangs', () => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8'));
  };
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => (ms === 77_000 ? hangs() : systemClock.sleep(ms, signal)),
  };
  const hanging = new Repository({ ...settings, searchPath, clock, timeoutMs: 77_000 });

  const error = await hanging.read(ref).catch((one: unknown) => one);

  assert.ok(error instanceof NervesysError);
  assert.deepEqual([error.code, error.retryable], ['NSV_GIT_FAILED', true]);
  assert.match(error.message, /git fetch had not ended after 1m 17s/);
  assert.throws(() => process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0), /ESRCH/);
  assert.equal(existsSync(lock), false);
  assert.notEqual((await repository.read((await repository.head()).ref)).config, undefined);
});

test('a look that was called off is no failure, and leaves no lock either', async (t) => {
  const { folder, pushed, settings, repository } = await openRepository(t);
  await pushed.push(GOOD);
  const { ref } = await repository.head();
  const lock = join(settings.gitDir, 'shallow.lock');
  const searchPath = await standIn(
    folder,
    'git',
    `case "$*" in *fetch*) touch '${lock}'; exec sleep 600;; *) exec "$REAL" "$@";; esac`,
  );
  const closing = new AbortController();
  const reading = new Repository({ ...settings, searchPath }).read(ref, closing.signal);
  await Promise.race([until('the fetch hangs', () => existsSync(lock)), reading]);

  closing.abort(new DOMException('closing', 'AbortError'));

  await assert.rejects(reading, { name: 'AbortError' });
  assert.equal(existsSync(lock), false);
});

test('what a power loss left locked is begun anew at the next start', async (t) => {
  const { pushed, settings, read } = await openRepository(t);
  await pushed.push(GOOD);
  await read();
  for (const name of ['shallow.lock', 'config.lock']) await writeFile(join(settings.gitDir, name), '');
  await writeFile(join(settings.gitDir, 'HEAD'), '');

  const next = new Repository(settings);

  assert.notEqual((await next.read((await next.head()).ref)).config, undefined);
});

test('what is wrong is told in the words of whoever knows it, and what can be done', async (t) => {
  const { folder, pushed, settings } = await openRepository(t);
  await pushed.push(GOOD);
  const server = await startGitHttpServer(folder, 'the right one');
  t.after(() => server.close());
  const said = (more: Partial<typeof settings>) => {
    const repository = new Repository({ ...settings, gitDir: join(folder, 'other.git'), ...more });
    return repository.head().then(
      async ({ ref }) => assert.fail(`it was taken: ${(await repository.read(ref)).revision}`),
      (error: unknown) => {
        assert.ok(error instanceof NervesysError && error.code === 'NSV_GIT_FAILED' && error.retryable);
        return `${error.message}; ${error.hint}`;
      },
    );
  };
  const http = { repository: `${server.url}/config.git` };

  assert.match(
    await said({ repository: `${folder}/nowhere.git` }),
    /'.*nowhere\.git' does not appear to be a git repo/,
  );
  assert.match(await said({ repository: 'ssh://git@127.0.0.1:1/x' }), /connect to host 127\.0\.0\.1 port 1: /);
  assert.match(await said(http), /it asks for a token, and none is given/);
  assert.match(await said({ ...http, credentials: { token: 'wrong' } }), /does not take the token that is given/);
  assert.match(await said({ branch: 'release' }), /no branch and no tag of this name; its default branch is main/);
  const empty = await TestRepository.make(join(folder, 'empty'));
  assert.match(await said({ repository: empty.bare }), /is it empty\?/);
  const old = await standIn(folder, 'git', 'echo git version 2.25.1');
  assert.match(await said({ searchPath: old }), /this is git version 2\.25\.1; install git 2\.32 or newer/);
  await writeFile(join(folder, 'a-file'), '');
  const inFile = { gitDir: join(folder, 'a-file', 'copy.git') };
  assert.match(await said(inFile), /ENOTDIR.*; .* may write, where the copy is: .*copy\.git/);
  pushed.plant(['.gitmodules'], '[submodule "x"]\n path = x\n url = -u./payload\n');
  const repository = new Repository(settings);
  const { ref } = await repository.head();
  await assert.rejects(repository.read(ref), /gitmodulesUrl: disallowed submodule url/);
});

test('a repository of another user of this machine, and one of SHA-256, are followed', async (t) => {
  const { folder, settings } = await openRepository(t);
  const pushed = await TestRepository.make(join(folder, 'of-sha256'), 'sha256');
  const sha = await pushed.push(GOOD);
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534', pushed.bare]); // else it is our own
  const repository = new Repository({ ...settings, repository: pushed.bare });

  for (const _ of [1, 2]) {
    const { commit, config, revision } = await repository.read((await repository.head()).ref);
    assert.deepEqual([commit?.sha, revision, config?.agents.length], [sha, sha.slice(0, 12), 1]);
  }
});

test('a copy that was damaged on the disk is made anew', async (t) => {
  const { pushed, settings, read } = await openRepository(t);
  await pushed.push(GOOD);
  await read();
  const packs = join(settings.gitDir, 'objects', 'pack');
  const pack = join(packs, (await readdir(packs)).find((name) => name.endsWith('.pack'))!);
  const bytes = await readFile(pack);
  bytes.fill(0xff, bytes.length - 30, bytes.length - 20); // of the file's text, the last before the pack's hash: no fetch looks at it again
  await rm(pack);
  await writeFile(pack, bytes);

  await assert.rejects(read(), { code: 'NSV_GIT_FAILED' });

  assert.notEqual((await read()).config, undefined);
});

async function listen(handler: http.RequestListener): Promise<[http.Server, string]> {
  const server = http.createServer(handler);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}
