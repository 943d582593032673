import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ScopedArchive } from '../../../src/agent/uploader/scoped-archive.ts';
import type { ScopedCredentials } from '../../../src/contract/credentials.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { StsClient } from '../../../src/storage/index.ts';
import { S3Server } from '../../servers/s3-server.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const NOON = '2026-01-15T12:00:00.000Z';
const HOUR_MS = 3_600_000;
const LIFETIME_MS = 12 * HOUR_MS;
const SKEW_MS = 5 * HOUR_MS;
const name = (n: number) => `logs/AIGARDEN01/2026-01-15/12-00${n === 0 ? '' : `.${n}`}.json.gz`;
const away = () => new NervesysError('NSV_ORCHESTRATOR_UNREACHABLE', 'ask the orchestrator', { retryable: true });

/** A store and its STS on one clock, an orchestrator that asks it, and this server on a clock that is five hours behind. */
async function open(t: TestContext, options: { readonly random?: number; readonly start?: boolean } = {}) {
  const clock = new FakeClock(NOON);
  const s3 = await S3Server.start({ sts: {}, now: () => clock.now() + SKEW_MS });
  const centralClock = { ...systemLike(clock), now: () => clock.now() + SKEW_MS };
  const sts = new StsClient(s3, centralClock);
  const state = { asked: 0, failure: undefined as NervesysError | undefined };
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${s3.bucket}/logs/AIGARDEN01/*`] },
    ],
  });
  const issueCredentials = async (): Promise<ScopedCredentials> => {
    state.asked++;
    if (state.failure !== undefined) throw state.failure;
    const asked = { roleArn: undefined, sessionName: 'nervesys-AIGARDEN01', policy, seconds: LIFETIME_MS / 1000 };
    const keys = await sts.assumeRole({ keys: s3, ...asked });
    return {
      type: 'scoped',
      access_key: keys.accessKey,
      secret_key: keys.secretKey,
      session_token: keys.sessionToken,
      bucket: s3.bucket,
      endpoint: s3.endpoint,
      region: s3.region,
      addressing: 'path',
      prefixes: ['logs/AIGARDEN01/'],
      expires_at: new Date(centralClock.now() + LIFETIME_MS).toISOString(),
      now: new Date(centralClock.now()).toISOString(),
    };
  };
  const log: string[] = [];
  const archive = new ScopedArchive({
    client: { issueCredentials, url: 'https://orchestrator' },
    clock,
    random: () => options.random ?? 0.5,
    logger: createLogger({ clock, write: (line) => void log.push(line) }),
    limits: { attemptsMax: 1 },
  });
  t.after(async () => {
    sts[Symbol.dispose]();
    await archive[Symbol.asyncDispose]();
    await s3.down();
  });
  if (options.start !== false) {
    archive.start();
    await clock.advance(0);
    await until('it has credentials', () => log.some((line) => line.includes('were renewed')));
  }
  return { clock, s3, state, archive, log };
}

function systemLike(clock: FakeClock) {
  return { monotonic: () => clock.monotonic(), sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal) };
}

/** Moves the clock and lets requests over real sockets end. */
async function pass(clock: FakeClock, ms: number, settled: () => boolean): Promise<void> {
  await clock.advance(ms);
  await until('it has settled', settled);
}

test('they are asked for once, used for many batches, and hold nothing back on a host whose clock is hours off', async (t) => {
  const { s3, state, archive } = await open(t);

  assert.equal(await archive.put(name(0), Buffer.from('a')), 'created');
  assert.equal(await archive.put(name(1), Buffer.from('b')), 'created');
  assert.equal(await archive.put(name(1), Buffer.from('c')), 'taken');

  assert.equal(state.asked, 1);
  assert.equal(s3.objects.get(name(1))?.body.toString(), 'b');
  assert.ok(
    s3.requests.filter(({ method }) => method === 'PUT').every(({ headers }) => headers['x-amz-security-token']),
  );
});

for (const [random, hours] of [
  [0, 6],
  [0.999_999, 8.4],
] as const) {
  test(`they are renewed in the background after ${hours} of 12 hours, by chance ${random}`, async (t) => {
    const { clock, s3, state, archive } = await open(t, { random });

    await pass(clock, hours * HOUR_MS - 60_000, () => true);
    assert.equal(state.asked, 1);
    await pass(clock, 120_000, () => s3.sessions!.given.length === 2);

    assert.equal(state.asked, 2);
    assert.equal(await archive.put(name(0), Buffer.from('a')), 'created');
  });
}

test('an orchestrator that is away for less than the remaining time is not missed; past it batches wait, and go when it is back', async (t) => {
  const { clock, s3, state, archive, log } = await open(t);
  state.failure = away();

  await clock.advance(11 * HOUR_MS);
  assert.equal(await archive.put(name(0), Buffer.from('a')), 'created');
  const tries = state.asked;
  const { length: sent } = s3.requests;
  assert.ok(tries > 10 && tries < 60, `asked ${tries} times in five hours`);
  await clock.advance(HOUR_MS);
  await assert.rejects(archive.put(name(1), Buffer.from('b')), { code: 'NSV_ORCHESTRATOR_UNREACHABLE' });
  assert.equal(s3.requests.length, sent, 'the store is not asked with old keys');
  state.failure = undefined;
  assert.equal(await archive.put(name(1), Buffer.from('b')), 'created');

  assert.ok(log.some((line) => line.includes('could not be had; it is tried again')));
});

test('keys that the store refuses before their time are replaced once, and the batch goes with the new ones', async (t) => {
  const { s3, state, archive } = await open(t);
  s3.sessions!.expireAll();

  assert.equal(await archive.put(name(0), Buffer.from('a')), 'created');

  assert.equal(state.asked, 2);
});

test('refused keys are not tried again while no others can be had', async (t) => {
  const { s3, state, archive } = await open(t);
  s3.sessions!.expireAll();
  state.failure = away();

  await assert.rejects(archive.put(name(0), Buffer.from('a')), { code: 'NSV_ORCHESTRATOR_UNREACHABLE' });
  const { length: sent } = s3.requests;
  await assert.rejects(archive.put(name(0), Buffer.from('a')), { code: 'NSV_ORCHESTRATOR_UNREACHABLE' });
  assert.equal(s3.requests.length, sent);
  state.failure = undefined;

  assert.equal(await archive.put(name(0), Buffer.from('a')), 'created');
});

test('a store that refuses the new ones too is left to people; new ones are asked for again after five minutes', async (t) => {
  const { clock, s3, state, archive } = await open(t);
  const elsewhere = 'logs/AIGARDEN02/2026-01-15/12-00.json.gz'; // what these may never write

  for (let attempt = 0; attempt < 5; attempt++)
    await assert.rejects(archive.put(elsewhere, Buffer.from('a')), { code: 'NSV_ARCHIVE_DENIED' });
  assert.equal(state.asked, 2);
  await clock.advance(300_000);
  await assert.rejects(archive.put(elsewhere, Buffer.from('a')), { code: 'NSV_ARCHIVE_DENIED' });

  assert.equal(state.asked, 3);
  assert.equal(s3.objects.size, 0);
});

test('puts at the same time wait for one answer', async (t) => {
  const { s3, state, archive } = await open(t, { start: false });

  await Promise.all([0, 1, 2].map((n) => archive.put(name(n), Buffer.from('a'))));

  assert.deepEqual([state.asked, s3.objects.size], [1, 3]);
});

test('they may not look, so nobody is asked', async (t) => {
  const { s3, archive } = await open(t);
  const before = s3.requests.length;

  await assert.rejects(archive.head(name(0)), { code: 'NSV_ARCHIVE_DENIED' });
  await assert.rejects(archive.get(name(0)), { code: 'NSV_ARCHIVE_DENIED' });

  assert.equal(s3.requests.length, before);
});

test('neither the log nor the description tells a secret', async (t) => {
  const { s3, archive, log } = await open(t);
  s3.failNext(1, { type: 'status', status: 403, code: 'AccessDenied' });
  await archive.put(name(0), Buffer.from('a'));

  const told = log.join('') + archive.description;

  assert.match(told, /by credentials of https:\/\/orchestrator/);
  for (const { secretKey, token } of s3.sessions!.given) {
    assert.ok(!told.includes(secretKey));
    assert.ok(!told.includes(token));
  }
});
