/**
 * Storj's own program isn't here: a stand-in, written from its documentation, refuses flags that it doesn't know and tells what it was called
 * with. What the real gateway does with such keys is not proven by it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerName } from '../../../src/contract/ids.ts';
import { UplinkIssuer } from '../../../src/orchestrator/credentials/uplink-issuer.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const STAND_IN = resolve(import.meta.dirname, '../../servers/uplink-stand-in.ts');
const GRANT = `grant-${'ab'.repeat(40)}`;
const REQUEST = { server: 'AIGARDEN01' as ServerName, prefix: 'logs/AIGARDEN01/', seconds: 43_200 };
const never = new AbortController().signal;

/** The program in a folder of its own; `script`: another one in its place. */
async function open(t: TestContext, script?: string) {
  const folder = await tempDir(t);
  const program = join(folder, 'uplink');
  const standIn = `#!/bin/sh\nexec '${process.execPath}' '${join(folder, 'uplink.ts')}' "$@"\n`;
  await writeFile(join(folder, 'uplink.ts'), `import '${STAND_IN}';\n`);
  await writeFile(program, script ?? standIn);
  await chmod(program, 0o755);
  const lines = (name: string) =>
    readFileSync(join(folder, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const settings = { program, bucket: 'owalai-production', grant: GRANT, clock: systemClock };
  return { folder, settings, issuer: new UplinkIssuer(settings), lines };
}

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('nervesys-uplink-'));

test('a grant is restricted to uploads below the prefix until its end, and registered', async (t) => {
  const { issuer, lines } = await open(t);
  const askedAt = Date.now();

  const keys = await issuer.issue(REQUEST, never);

  assert.deepEqual([keys.accessKey, keys.secretKey], ['jregistered', 'jsecretregistered']);
  assert.ok(Math.abs(keys.expiresAt - askedAt - 43_200_000) < 5_000);
  const prefix = 'sj://owalai-production/logs/AIGARDEN01/';
  assert.deepEqual(
    lines('registered.jsonl').map(({ may }) => may),
    [{ upload: true, delete: false, read: false, list: false, prefix, after: '43200s' }],
  );
});

test('no grant is an argument or in the environment, its folder is ours alone and goes with the call', async (t) => {
  const { issuer, lines } = await open(t);
  const before = leftovers();

  await issuer.issue(REQUEST, never);

  const calls = lines('calls.jsonl');
  assert.deepEqual(
    calls.map(({ args }) => args.slice(0, 2)),
    [
      ['access', 'restrict'],
      ['access', 'register'],
    ],
  );
  for (const { args, environment, modes } of calls) {
    assert.doesNotMatch(JSON.stringify(args), /grant-/);
    assert.ok(!environment.some((name: string) => /STORJ|NERVESYS|VAULT|UPLINK/.test(name)), String(environment));
    assert.equal(modes[0], 0o700);
    assert.deepEqual([...new Set(modes.slice(1))], [0o600]);
  }
  assert.deepEqual(leftovers(), before);
});

test('another auth service is named where one is set, and a grant that was exchanged is used from then on', async (t) => {
  const { settings, lines } = await open(t);
  const issuer = new UplinkIssuer({ ...settings, authService: 'auth.example:7777', grant: 'gone' });

  await assert.rejects(issuer.issue(REQUEST, never), { code: 'NSV_CREDENTIALS_FAILED', message: /invalid access/ });
  issuer.useGrant(GRANT);
  await issuer.issue(REQUEST, never);

  assert.deepEqual(
    lines('registered.jsonl').map(({ service }) => service),
    ['auth.example:7777'],
  );
});

test('what the program complains of is told without a grant in it', async (t) => {
  const other = 'Zx9'.repeat(30);
  const { issuer } = await open(t, `#!/bin/sh\necho "cannot use ${GRANT} nor ${other}" >&2\nexit 3\n`);

  await assert.rejects(issuer.issue(REQUEST, never), (error: Error) => {
    assert.match(error.message, /access restrict: it ended with 3: cannot use \*\*\* nor \*\*\*/);
    return true;
  });
});

test('a program that prints no keys, or is not there, is told as that', async (t) => {
  const { issuer, settings } = await open(t, '#!/bin/sh\necho "AWS_ACCESS_KEY_ID=only half"\n');
  const absent = new UplinkIssuer({ ...settings, program: 'no-such-uplink' });

  await assert.rejects(issuer.issue(REQUEST, never), { code: 'NSV_CREDENTIALS_FAILED', message: /printed no keys/ });
  await assert.rejects(absent.issue(REQUEST, never), {
    code: 'NSV_CREDENTIALS_UNAVAILABLE',
    message: /no-such-uplink access restrict: there is no such program/,
  });
});

test('a program that does not end is ended, and nothing stays', async (t) => {
  const { settings, folder } = await open(t, '#!/bin/sh\necho $$ > "$(dirname "$0")/pid"\nexec sleep 600\n');
  const before = leftovers();
  const clock = new FakeClock();
  const issuing = new UplinkIssuer({ ...settings, clock }).issue(REQUEST, never);
  const refused = assert.rejects(issuing, { code: 'NSV_CREDENTIALS_FAILED', retryable: true });
  await until('it runs', () => readdirSync(folder).includes('pid'));

  await clock.advance(20_000);
  await refused;

  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await until('it has ended', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
  assert.deepEqual(leftovers(), before);
});
