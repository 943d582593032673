import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { TokenAnswer } from '../../src/contract/fleet.ts';
import { isOwnMachineOnly, joinCommands } from '../../src/contract/join-command.ts';

const ANSWER: Required<TokenAnswer> = {
  id: 'ab12',
  token: 'nsv1.eyJ1IjoiaHR0cHM6Ly9h_-',
  expires_at: '2026-11-23T16:02:30.000Z',
  url: 'https://nervesys.example.com:7700',
  fingerprint: null,
  bootstrap_sha256: 'ab'.repeat(32),
};
const install = (replace: Partial<TokenAnswer>, server: string | null = null) =>
  joinCommands({ ...ANSWER, ...replace }, server, 'nervesys agent').install;

test('the command names a server only where the token is for one name', () => {
  const { install: script, agent } = joinCommands(ANSWER, 'AIGARDEN02', 'nervesys agent');

  assert.ok(script?.startsWith(`NERVESYS_TOKEN=${ANSWER.token} NERVESYS_SERVER=AIGARDEN02 sh -c '`));
  assert.equal(agent, `NERVESYS_TOKEN=${ANSWER.token} NERVESYS_SERVER=AIGARDEN02 nervesys agent`);
  for (const server of [null, 'AIGARDEN*', 'AIGARDEN0?'])
    assert.doesNotMatch(install({}, server) ?? assert.fail(), /NERVESYS_SERVER/);
});

test('the certificate goes unchecked only where the token pins one, and the hash is checked always', () => {
  assert.doesNotMatch(install({}) ?? '', /-k|no-check/);
  assert.doesNotMatch(install({ url: 'http://10.0.0.5:7700' }) ?? '', /-k|no-check/);
  assert.match(install({ fingerprint: 'cd'.repeat(32) }) ?? '', /curl -fsSk .* wget -q --no-check-certificate /);
  for (const fingerprint of [null, 'cd'.repeat(32)])
    assert.ok(install({ fingerprint })?.includes(`echo "${ANSWER.bootstrap_sha256}  $f" | sha256sum -c && sh "$f"`));
});

test('whatever stands in the address, the shell sees one line with nothing of it to run', () => {
  for (const url of [
    `https://nervesys.example.com/it's`,
    'https://nervesys.example.com/$(reboot)/`reboot`',
    'https://nervesys.example.com/a;reboot&b|c"d\\e(f)',
    'https://[2001:db8::1]:7700/ü',
    'https://nervesys.example.com/base/',
  ]) {
    const command = install({ url }) ?? assert.fail(url);
    const { status, stderr } = spawnSync('sh', ['-n', '-c', command], { encoding: 'utf8' });
    const written = /u=(\S+)\/api\/v1\/agent\/bootstrap\.sh /.exec(command)?.[1] ?? assert.fail(command);

    assert.equal(status, 0, stderr);
    assert.equal(command.split("'").length, 3, command);
    assert.match(written, /^https:\/\/[\w.[\]:]+(\/[\w.~%/-]*)?$/, command);
    assert.equal(command.split('\n').length, 1);
  }
});

test('there is no such command where the orchestrator tells no hash, or what is none', () => {
  const { url: _, fingerprint: __, bootstrap_sha256: ___, ...older } = ANSWER;
  assert.equal(joinCommands(older, null, 'nervesys agent').install, undefined);
  for (const replace of [
    { bootstrap_sha256: null },
    { bootstrap_sha256: '"; reboot; "' },
    { token: "nsv1.x' reboot '" },
    { url: 'not an address' },
  ])
    assert.equal(install(replace), undefined, JSON.stringify(replace));
});

test('an address of the machine itself is told as such', () => {
  for (const url of ['http://127.0.0.1:7700', 'https://localhost:7700', 'http://[::1]:7700'])
    assert.ok(isOwnMachineOnly({ ...ANSWER, url }), url);
  for (const url of ['https://nervesys.example.com', 'http://10.0.0.5:7700', 'https://127.evil.example'])
    assert.ok(!isOwnMachineOnly({ ...ANSWER, url }), url);
});
