import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import { StsClient } from '../../src/storage/index.ts';
import { parseAssumeRoleXml } from '../../src/storage/s3-xml.ts';
import { S3Server } from '../servers/s3-server.ts';

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::b/logs/A&B+ü%/*'] }],
});

async function open(t: TestContext, skewMs = 0) {
  const s3 = await S3Server.start({ sts: {}, now: () => Date.now() + skewMs });
  const sts = new StsClient({ endpoint: s3.endpoint, region: s3.region }, systemClock);
  t.after(async () => {
    sts[Symbol.dispose]();
    await s3.down();
  });
  const request = { keys: s3, roleArn: undefined, sessionName: 'nervesys-A', policy: POLICY, seconds: 900 };
  return { s3, sts, request };
}

test('a session is asked for by a signed form, any character in it, and its keys are read', async (t) => {
  const { s3, sts, request } = await open(t);

  const { accessKey, secretKey, sessionToken, expiresAt } = await sts.assumeRole(request);

  const session = s3.sessions!.given[0]!;
  assert.deepEqual([accessKey, secretKey, sessionToken], [session.accessKey, session.secretKey, session.token]);
  assert.equal(session.policyText, POLICY);
  assert.ok(Math.abs(expiresAt - Date.now() - 900_000) < 10_000);
});

test('on a host whose clock is off it signs by the store’s, and tells the end by its own', async (t) => {
  const { sts, request } = await open(t, 7_200_000);

  const { expiresAt } = await sts.assumeRole(request);

  assert.ok(Math.abs(expiresAt - Date.now() - 900_000) < 10_000, `${expiresAt - Date.now()} ms`);
});

test('a refusal is told with its code and without the secret, also where it quotes it', async (t) => {
  const { s3, sts, request } = await open(t);

  await assert.rejects(sts.assumeRole({ ...request, keys: { ...s3, secretKey: 'wrong' } }), {
    code: 'NSV_ARCHIVE_DENIED',
    message: /assume a role: sts http:\/\/127.*403 SignatureDoesNotMatch/,
  });
  await assert.rejects(sts.assumeRole({ ...request, policy: '{"Version":"2012-10-17"}' }), (error: Error) => {
    assert.match(error.message, /400 MalformedPolicyDocument/);
    return true;
  });
  s3.sessions!.failure = { status: 400, code: 'X', message: `you sent ${s3.secretKey}` };
  await assert.rejects(sts.assumeRole(request), /400 X \(you sent \*\*\*\)/);
});

test('an address at which no STS answers is told', async (t) => {
  const { s3, sts, request } = await open(t);
  await s3.down();

  await assert.rejects(sts.assumeRole(request), { code: 'NSV_ARCHIVE_UNREACHABLE', retryable: true });
});

test('an answer without all of its keys is none', () => {
  const whole =
    '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>s&amp;</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-15T12:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>';

  assert.equal(parseAssumeRoleXml(whole)?.secretKey, 's&');
  for (const name of ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration', 'AssumeRoleResponse'])
    assert.equal(parseAssumeRoleXml(whole.replaceAll(name, 'Other')), undefined, name);
  assert.equal(parseAssumeRoleXml('<html>'), undefined);
});
