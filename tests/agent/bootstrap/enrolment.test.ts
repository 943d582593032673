import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type EnrolmentToken, loadOrEnrol } from '../../../src/agent/bootstrap/enrolment.ts';
import { formatToken } from '../../../src/contract/enrolment.ts';
import type { ServerName } from '../../../src/contract/ids.ts';
import { renameProof } from '../../../src/contract/rename-proof.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { sha256Hex } from '../../../src/platform/digest.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { FakeOrchestrator } from '../../support/fake-orchestrator.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

const SERVER = 'AIGARDEN02' as ServerName;

async function fixture(t: TestContext) {
  const far = await FakeOrchestrator.start(t);
  far.answer = ({ path, body }) =>
    path === '/api/v1/enroll'
      ? { status: 200, body: { key: `key-${far.requests.length}`, server: body.server } }
      : { status: 200, body: { accepted: 0, rejected: [], now: '2026-01-01T00:00:00.000Z' } };
  const home = await tempDir(t);
  const log: string[] = [];
  // Time between attempts passes at once, so that a long outage is short here.
  const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal) };
  const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
  const token = (secret: string) => formatToken({ url: far.url, secret, fingerprint: null });
  const enrol = (given?: EnrolmentToken, signal?: AbortSignal, server = SERVER) =>
    loadOrEnrol({ home, server, clock: realTimeouts(clock), random: () => 0.5, logger, token: given, signal });
  const keyFile = join(home, 'agent', 'agent.key');
  return { far, home, log, token, enrol, keyFile };
}

/** Deadlines of requests stay what they are: only the waits between attempts are shortened. */
function realTimeouts(clock: Clock): Clock {
  return {
    ...clock,
    sleep: (ms: number, signal?: AbortSignal) =>
      ms === 15_000 || ms === 5_000 ? systemClock.sleep(ms, signal) : clock.sleep(ms, signal),
  };
}

test('a token is exchanged for a key, which is kept for its owner alone and wins from then on', async (t) => {
  const { far, enrol, keyFile, token, log, home } = await fixture(t);

  const first = await enrol(token('secret-1'));
  const again = await enrol(token('secret-1'));
  const without = await enrol();

  assert.deepEqual(first, { url: far.url, key: 'key-1', server: SERVER });
  assert.deepEqual([again, without], [first, first]);
  assert.deepEqual(
    far.requests.map(({ path }) => path),
    ['/api/v1/enroll'],
  );
  const { secret, server, agent_version, boot_id } = far.requests[0]!.body;
  assert.deepEqual([secret, server, typeof agent_version], ['secret-1', SERVER, 'string']);
  assert.ok(boot_id === null || /^[0-9a-f-]{36}$/.test(boot_id));
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(home, 'agent')), ['agent.key']);
  assert.doesNotMatch((await readFile(keyFile, 'utf8')) + log.join(''), /secret-1/);
  assert.doesNotMatch(log.join(''), /key-1/);
});

test('an orchestrator that is away is asked again until it is there', async (t) => {
  const { far, enrol, token, log } = await fixture(t);
  await far.stop();
  const enrolling = enrol(token('s'));
  await until('it was tried', () => log.some((line) => line.includes('NSV_ORCHESTRATOR_UNREACHABLE')));

  await far.start();

  assert.equal((await enrolling).server, SERVER);
});

test('an orchestrator of another version is asked again until it is upgraded, and why is said meanwhile', async (t) => {
  const { far, home, token, log } = await fixture(t);
  const join = far.answer;
  far.answer = () => ({
    status: 409,
    body: { code: 'NSV_ORCHESTRATOR_TOO_OLD', detail: 'contract 2, and it serves 1' },
  });
  const troubles: unknown[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void log.push(line) });
  const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal) };
  const options = { home, server: SERVER, clock: realTimeouts(clock), random: () => 0.5, logger };
  const enrolling = loadOrEnrol({ ...options, token: token('s'), onTrouble: (error) => troubles.push(error) });
  await until('it was told twice', () => troubles.length >= 2);
  assert.match(String(troubles[0]), /contract 2, and it serves 1/);

  far.answer = join;

  assert.equal((await enrolling).server, SERVER);
  assert.ok(log.some((line) => line.includes('NSV_ORCHESTRATOR_TOO_OLD')));
});

test('a clock that is far off is said when joining, one that is a little off is not', async (t) => {
  const { far, enrol, token, log } = await fixture(t);
  for (const [secret, skewMs, said] of [
    ['a', 299_000, false],
    ['b', -301_000, true],
  ] as const) {
    far.answer = ({ body }) => ({ status: 200, body: { key: 'k', server: body.server, clock_skew_ms: skewMs } });
    await enrol(token(secret), undefined, `AIGARDEN-${secret}` as ServerName);
    assert.equal(
      log.some((line) => line.includes('the clock of this host is wrong')),
      said,
    );
  }
  assert.ok(
    Math.abs(Date.parse(far.requests.at(-1)!.body.now) - Date.now()) < 60_000,
    'the agent says what time it has',
  );
});

test('a refused token is told with the exact reason, at once', async (t) => {
  const { far, enrol, token, keyFile } = await fixture(t);

  for (const code of ['NSV_TOKEN_UNKNOWN', 'NSV_TOKEN_EXPIRED', 'NSV_TOKEN_USED', 'NSV_TOKEN_WRONG_SERVER']) {
    far.answer = () => ({ status: 401, body: { code, detail: 'because' } });
    await assert.rejects(enrol(token('s')), { code });
  }
  assert.equal(far.requests.length, 4);
  await assert.rejects(stat(keyFile), { code: 'ENOENT' });
});

test('neither key nor token, or something that is no token, is said without quoting it', async (t) => {
  const { enrol } = await fixture(t);

  await assert.rejects(enrol(), { code: 'NSV_SETTING_INVALID' });
  await assert.rejects(enrol('nsv1.hunter2'), (error: Error & { code: string }) => {
    assert.equal(error.code, 'NSV_TOKEN_MALFORMED');
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});

test('a revoked key is replaced only by a new token; the old one, or none, leaves it', async (t) => {
  const { far, enrol, token } = await fixture(t);
  await enrol(token('old'));
  far.answer = ({ path, authorization }) =>
    path === '/api/v1/enroll'
      ? { status: 200, body: { key: 'fresh', server: SERVER } }
      : authorization === 'Bearer key-1'
        ? { status: 403, body: { code: 'NSV_AGENT_REVOKED', detail: 'revoked' } }
        : { status: 200, body: { accepted: 0, rejected: [], now: '' } };

  assert.equal((await enrol(token('old'))).key, 'key-1');
  assert.equal((await enrol()).key, 'key-1');
  assert.equal((await enrol(token('new'))).key, 'fresh');
  assert.equal((await enrol(token('newer'))).key, 'fresh', 'a key that opens is kept');
});

test('an orchestrator that lost its memory takes the new token; one that is away changes nothing', async (t) => {
  const { far, enrol, token } = await fixture(t);
  await enrol(token('old'));

  await far.stop();
  assert.equal((await enrol(token('new'))).key, 'key-1');
  await far.start();
  far.answer = ({ path }) =>
    path === '/api/v1/enroll'
      ? { status: 200, body: { key: 'fresh', server: SERVER } }
      : { status: 401, body: { code: 'NSV_UNAUTHORIZED' } };
  assert.equal((await enrol(token('new'))).key, 'fresh');
});

test('a token that is made on demand is made only when it is needed', async (t) => {
  const { far, enrol, token } = await fixture(t);
  let made = 0;
  const make = async () => token(`made-${++made}`);

  assert.equal((await enrol(make)).key, 'key-1');
  assert.equal((await enrol(make)).key, 'key-1');
  assert.equal(made, 1);
  far.answer = ({ path }) =>
    path === '/api/v1/enroll'
      ? { status: 200, body: { key: 'fresh', server: SERVER } }
      : { status: 401, body: { code: 'NSV_UNAUTHORIZED' } };
  assert.equal((await enrol(make)).key, 'fresh');
  assert.equal(made, 2);
});

test('a server with another name joins under it with a token, and is told without one', async (t) => {
  const { far, enrol, token } = await fixture(t);
  await enrol(token('s'));
  const renamed = 'AIGARDEN09' as ServerName;

  await assert.rejects(enrol(undefined, undefined, renamed), { code: 'NSV_SETTING_INVALID', message: /AIGARDEN02/ });
  assert.equal((await enrol(token('s'), undefined, renamed)).server, renamed);
  // It proves its former key to whoever answers there, and doesn't show it.
  const { former } = far.requests.at(-1)!.body;
  const names = { former: SERVER, server: renamed };
  const proof = renameProof({ keySha256: sha256Hex('key-1'), ...names, tokenSecret: 's' });
  assert.deepEqual(former, { server: SERVER, proof });
  assert.doesNotMatch(JSON.stringify(far.requests), /key-1/);
});

test('a damaged key file is replaced with a token, and said without one', async (t) => {
  const { enrol, token, keyFile } = await fixture(t);
  await enrol(token('s'));
  await writeFile(keyFile, '{"url":"http://x","key":"half-a-secr');

  await assert.rejects(enrol(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'NSV_SETTING_INVALID');
    assert.doesNotMatch(error.message, /half-a-secr/);
    return true;
  });
  assert.equal((await enrol(token('s'))).key, 'key-2');
});

test('a home that cannot keep a key is said before the token is spent', async (t) => {
  const { far, enrol, token, home } = await fixture(t);
  await writeFile(join(home, 'agent'), 'a file stands where the folder should be');

  await assert.rejects(enrol(token('s')), { code: 'NSV_HOME_UNUSABLE' });
  assert.equal(far.requests.length, 0);
});

test('aborting ends the waiting', async (t) => {
  const { far, enrol, token, log } = await fixture(t);
  await far.stop();
  const abort = new AbortController();
  const enrolling = enrol(token('s'), abort.signal);
  await until('it was tried', () => log.length > 0);

  abort.abort(new Error('closing'));

  await assert.rejects(enrolling, /closing/);
});
