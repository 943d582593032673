/** Over ssh: what the program is called with, by a stand-in; and a real sshd, where this machine has one. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRepository } from '../../support/git-repository.ts';
import { without } from '../../support/signing-keys.ts';
import { standIn, whereIs } from '../../support/stand-in-program.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const GOOD = { 'agents/grok.yaml': 'role: Reviewer\n' };

test('ssh is called with the given key and known hosts alone, asks nobody, and reads no settings', async (t) => {
  const folder = await tempDir(t);
  // Each argument on a line of its own; the last is the command for the other side, which runs here.
  const script = `for one in "$@"; do echo "$one"; last="$one"; done >> '${folder}/arguments'; exec /bin/sh -c "$last"`;
  const searchPath = await standIn(folder, 'ssh', script);
  const sshKeyFile = join(folder, "a key of Dana's");
  const knownHostsFile = join(folder, "Dana's known hosts; $(touch x)");
  const { pushed } = await openRepository(t);
  await pushed.push(GOOD);
  const { read } = await openRepository(t, {
    repository: `ssh://git@config.example.com:2222${pushed.bare}`,
    credentials: { sshKeyFile, knownHostsFile, token: 'not for ssh' },
    searchPath,
  });

  const { config } = await read();

  assert.notEqual(config, undefined);
  const called = (await readFile(join(folder, 'arguments'), 'utf8')).trim().split('\n');
  const first = called.slice(0, called.findIndex((one) => one.startsWith('git-upload-pack')) + 1);
  assert.deepEqual(first, [
    ...['-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', 'IdentitiesOnly=yes'],
    ...['-o', 'ConnectTimeout=15', '-i', sshKeyFile, '-o', `UserKnownHostsFile="${knownHostsFile}"`],
    ...['-o', 'SendEnv=GIT_PROTOCOL', '-p', '2222', 'git@config.example.com', `git-upload-pack '${pushed.bare}'`],
  ]);
  assert.doesNotMatch(called.join('\n'), /not for ssh/);
});

const SKIP = without('sshd', 'ssh', 'ssh-keygen');

test('a real sshd is followed with the right key, and refused with another key or another host’s', {
  skip: SKIP,
}, async (t) => {
  let stop: () => Promise<unknown> = async () => undefined;
  t.after(() => stop());
  const folder = await tempDir(t);
  const { pushed } = await openRepository(t);
  const sha = await pushed.push(GOOD);
  const key = (name: string) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    return join(folder, name);
  };
  const [host, user, stranger, otherHost] = [key('host'), key('a user'), key('stranger'), key('other-host')];
  await copyFile(`${user}.pub`, join(folder, 'authorized'));
  const port = await freePort();
  const settings = [
    ['Port', port],
    ['ListenAddress', '127.0.0.1'],
    ['HostKey', host],
    ['AuthorizedKeysFile', join(folder, 'authorized')],
    ['PidFile', join(folder, 'pid')],
    ['PasswordAuthentication', 'no'],
    ['KbdInteractiveAuthentication', 'no'],
    ['UsePAM', 'no'],
    ['StrictModes', 'no'], // the folder lies below one that anybody may write to
    ['PermitRootLogin', 'prohibit-password'],
  ];
  await writeFile(join(folder, 'sshd_config'), settings.map((line) => `${line.join(' ')}\n`).join(''));
  // As root it wants the folder into which it drops its rights.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const sshd = spawn(whereIs('sshd')!, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  sshd.stderr.on('data', (chunk) => {
    said += chunk;
  });
  stop = async () => {
    if (sshd.exitCode === null && sshd.kill()) await once(sshd, 'exit');
  };
  await until('sshd listens', () => {
    assert.equal(sshd.exitCode, null, said);
    return isOpen(port);
  });
  const knownHosts = async (name: string, hostKey: string) => {
    const [kind, base64] = (await readFile(`${hostKey}.pub`, 'utf8')).split(' ');
    await writeFile(join(folder, name), `[127.0.0.1]:${port} ${kind} ${base64}\n`);
    return join(folder, name);
  };
  const [known, wrong] = [await knownHosts('known hosts', host), await knownHosts('wrong', otherHost)];
  const following = (sshKeyFile: string, knownHostsFile: string) =>
    openRepository(t, {
      repository: `ssh://${userInfo().username}@127.0.0.1:${port}${pushed.bare}`,
      credentials: { sshKeyFile, knownHostsFile },
    });

  const { commit, config } = await (await following(user, known)).read();

  assert.deepEqual([commit?.sha, config?.agents.map(({ agentId }) => agentId)], [sha, ['GROK']], said);
  await assert.rejects(
    (await following(stranger, known)).read(),
    /: \S*@127\.0\.0\.1: Permission denied \(publickey\)/,
  );
  await assert.rejects((await following(user, wrong)).read(), /: Host key verification failed/);
});

/** One that was free a moment ago: sshd can't be asked which it has taken. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}
