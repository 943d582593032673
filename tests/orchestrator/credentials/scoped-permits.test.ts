/**
 * What the orchestrator gives out as scoped credentials, over its real API, with a real Postgres and a store that evaluates the session's policy:
 * what they open, what they don't, and where none are given.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import type { AuditEntry } from '../../../src/contract/audit.ts';
import type { ScopedCredentials } from '../../../src/contract/credentials.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { S3Archive } from '../../../src/storage/index.ts';
import { S3Server, type S3ServerOptions } from '../../servers/s3-server.ts';
import { makeBatch } from '../../support/batch.ts';
import { type Answer, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { HOUR_MS, openScopedFleet, sendSigned } from '../../support/scoped-fleet.ts';

const ROLE = 'arn:aws:iam::123456789012:role/nervesys';
const OWN = 'logs/AIGARDEN01/2025-12-10/19-40.json.gz';
const OTHERS = 'logs/AIGARDEN02/2025-12-10/19-40.json.gz';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

async function open(
  t: TestContext,
  options: S3ServerOptions = {},
  issuing: { readonly roleArn?: string; readonly allowOverwriting?: boolean } = {},
) {
  const s3 = await S3Server.start({ sts: {}, ...options });
  t.after(() => s3.down());
  const { central: orchestrator, log } = await openScopedFleet(t, postgres, s3.settings, issuing);
  const key = await orchestrator.enrol('AIGARDEN01');
  const ask = (as: string | null = key): Promise<Answer> =>
    orchestrator.ask('POST', '/api/v1/credentials', { key: as, body: {} });
  return { s3, orchestrator, key, ask, log };
}

async function given(answer: Promise<Answer>): Promise<ScopedCredentials> {
  const { status, json, text } = await answer;
  assert.equal(status, 200, text);
  return json;
}

function md5Hex(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

async function auditOf(orchestrator: TestOrchestrator): Promise<AuditEntry[]> {
  const { json } = await orchestrator.ask('GET', '/api/v1/audit?after=0&limit=1000');
  return json.entries.filter(({ action }: AuditEntry) => action.startsWith('credentials.'));
}

test('a server gets keys for its own prefix and for as long as was set, which is told once, without them', async (t) => {
  const { s3, orchestrator, ask, log } = await open(t);

  const credentials = await given(ask());

  const { access_key, secret_key, session_token, expires_at, now, ...rest } = credentials;
  const { bucket, endpoint, region } = s3;
  assert.deepEqual(rest, {
    type: 'scoped',
    bucket,
    endpoint,
    region,
    addressing: 'path',
    prefixes: ['logs/AIGARDEN01/'],
  });
  const lifetimeMs = Date.parse(expires_at) - Date.parse(now);
  assert.ok(lifetimeMs <= 12 * HOUR_MS && lifetimeMs > 12 * HOUR_MS - 60_000, `${lifetimeMs} ms`);
  const session = s3.sessions!.of('AIGARDEN01')[0]!;
  assert.deepEqual([access_key, secret_key, session_token], [session.accessKey, session.secretKey, session.token]);
  assert.deepEqual(JSON.parse(session.policyText).Statement, [
    {
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: [`arn:aws:s3:::${bucket}/logs/AIGARDEN01/*`],
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
  ]);
  const entries = await auditOf(orchestrator);
  assert.deepEqual(
    entries.map(({ action, actor_type, actor, subject, address }) => [action, actor_type, actor, subject, address]),
    [['credentials.issued', 'agent', 'AIGARDEN01', 'AIGARDEN01', '127.0.0.1']],
  );
  const told = JSON.stringify(entries) + log();
  for (const secret of [secret_key, session_token!, s3.secretKey]) assert.ok(!told.includes(secret));
});

test('whoever steals them can write below this prefix, and nothing else: not read, list, delete, overwrite, nor elsewhere', async (t) => {
  const { s3, ask } = await open(t);
  s3.plant(OWN, Buffer.from('standing'));
  s3.plant(OTHERS, Buffer.from('another’s'));
  const stolen = await given(ask());
  const fresh = { headers: { 'if-none-match': '*' }, body: 'new' };

  assert.equal((await sendSigned(stolen, 'PUT', 'logs/AIGARDEN01/2025-12-10/19-50.json.gz', fresh)).status, 200);
  const denied = [
    sendSigned(stolen, 'GET', OWN),
    sendSigned(stolen, 'HEAD', OWN),
    sendSigned(stolen, 'GET', '', { query: '?list-type=2&prefix=logs/AIGARDEN01/' }),
    sendSigned(stolen, 'GET', '', { query: '?list-type=2' }),
    sendSigned(stolen, 'DELETE', OWN),
    sendSigned(stolen, 'PUT', OWN, { body: 'overwritten' }),
    sendSigned(stolen, 'PUT', 'logs/AIGARDEN01/2025-12-10/20-00.json.gz', { body: 'without the condition' }),
    sendSigned(stolen, 'PUT', 'logs/AIGARDEN02/2025-12-10/19-50.json.gz', fresh),
    sendSigned(stolen, 'PUT', 'logs/AIGARDEN011/2025-12-10/19-50.json.gz', fresh),
    sendSigned(stolen, 'PUT', 'logs/AIGARDEN01', fresh),
    sendSigned(stolen, 'PUT', 'backups/daily/2025-12-10', fresh),
    sendSigned(stolen, 'PUT', 'nervesys-probe', fresh),
    sendSigned(stolen, 'PUT', ''),
  ];
  for (const [index, { status }] of (await Promise.all(denied)).entries()) assert.equal(status, 403, `no. ${index}`);
  assert.deepEqual(await sendSigned(stolen, 'PUT', OWN, fresh), { status: 412, code: 'PreconditionFailed' });
  const { session_token: _token, ...tokenless } = stolen;
  assert.equal((await sendSigned(tokenless, 'PUT', 'logs/AIGARDEN01/x', fresh)).status, 403);
  s3.sessions!.expireAll();
  assert.deepEqual(await sendSigned(stolen, 'PUT', 'logs/AIGARDEN01/x', fresh), { status: 400, code: 'ExpiredToken' });

  assert.deepEqual([...s3.objects.keys()].sort(), [
    OWN,
    'logs/AIGARDEN01/2025-12-10/19-50.json.gz',
    OTHERS,
    'nervesys-probe',
  ]);
  assert.equal(s3.objects.get(OWN)?.body.toString(), 'standing');
});

for (const conditionalWrites of ['ignored', 'refused'] as const) {
  test(`where a store's condition is ${conditionalWrites} none are given, with the reason, and presigned still works`, async (t) => {
    const { s3, orchestrator, key, ask } = await open(t, { conditionalWrites });

    const { status, json } = await ask();

    assert.deepEqual([status, json.code], [409, 'NSV_CREDENTIALS_UNAVAILABLE']);
    assert.match(json.detail, /does not honour If-None-Match, so a server .* could overwrite/);
    assert.match(json.hint, /presigned/);
    assert.equal(s3.sessions?.asked, 0);
    assert.deepEqual(await auditOf(orchestrator), []);
    const announced = await orchestrator.ask('POST', '/api/v1/batches', { key, body: makeBatch({}).announcement });
    assert.equal(announced.status, 200, announced.text);
  });
}

test('where it cannot be found out what the store does, none are given either', async (t) => {
  const { s3, ask } = await open(t);
  s3.failNext(20, { type: 'status', status: 403, code: 'AccessDenied' });

  const { status, json } = await ask();

  assert.deepEqual([status, json.code], [409, 'NSV_CREDENTIALS_UNAVAILABLE']);
  assert.match(json.detail, /could not be found out: its keys may not write nervesys-probe/);
});

for (const conditionKey of ['refused', 'ignored', 'unmet'] as const) {
  test(`where the policy's condition is ${conditionKey} none are given, with the reason`, async (t) => {
    const { s3, orchestrator, ask } = await open(t, { sts: { conditionKey } });

    const { status, json } = await ask();

    assert.deepEqual([status, json.code], [409, 'NSV_CREDENTIALS_UNAVAILABLE']);
    assert.match(json.detail, /can't demand If-None-Match, so stolen ones could overwrite/);
    assert.match(json.hint, /allow_overwriting/);
    assert.deepEqual([s3.sessions!.of('AIGARDEN01'), await auditOf(orchestrator)], [[], []]);
  });

  test(`where the policy's condition is ${conditionKey} and overwriting is allowed by name, the policy goes without it, and the log tells`, async (t) => {
    const { s3, ask, log } = await open(t, { sts: { conditionKey } }, { allowOverwriting: true });

    const credentials = await given(ask());
    await given(ask());

    const fresh = { headers: { 'if-none-match': '*' }, body: 'new' };
    assert.equal((await sendSigned(credentials, 'PUT', OWN, fresh)).status, 200);
    assert.equal((await sendSigned(credentials, 'PUT', OTHERS, fresh)).status, 403);
    assert.equal((await sendSigned(credentials, 'GET', OWN)).status, 403);
    for (const { policyText } of s3.sessions!.of('AIGARDEN01')) assert.doesNotMatch(policyText, /Condition/);
    assert.equal(log().match(/can't forbid overwriting: stolen scoped credentials could replace/g)?.length, 1);
  });
}

test('where a role is asked for it is the configured one; a role of shorter sessions gives an hour, and that is told', async (t) => {
  const { s3, ask, log } = await open(t, { sts: { roleArn: ROLE, secondsMax: 3_600 } }, { roleArn: ROLE });

  const first = await given(ask());
  const asked = s3.sessions!.asked;
  await given(ask());

  assert.ok(Date.parse(first.expires_at) - Date.parse(first.now) <= HOUR_MS);
  assert.equal(s3.sessions!.asked, asked + 1, 'the shorter time is remembered');
  assert.match(log(), /raise its MaxSessionDuration/);
});

test('a service that refuses or fails is told with what it said and nothing is handed out; then it goes on', async (t) => {
  const { s3, orchestrator, ask } = await open(t, { sts: { roleArn: ROLE } });

  const denied = await ask();
  s3.sessions!.failure = { status: 500, code: 'InternalFailure', message: 'down' };
  const failed = await ask();

  assert.deepEqual([denied.status, denied.json.code], [502, 'NSV_ARCHIVE_DENIED']);
  assert.match(denied.json.detail, /assume a role: sts http:.*403 AccessDenied/);
  assert.deepEqual([failed.status, failed.json.code], [503, 'NSV_ARCHIVE_BUSY']);
  assert.ok(!`${denied.text}${failed.text}`.includes(s3.secretKey));
  assert.deepEqual(await auditOf(orchestrator), []);
});

test('only an enrolled server gets any; a person, a revoked server and nobody at all do not', async (t) => {
  const { s3, orchestrator, key, ask } = await open(t);

  assert.deepEqual([(await ask(null)).status, (await ask(orchestrator.adminKey)).status], [401, 403]);
  await orchestrator.ask('POST', '/api/v1/servers/AIGARDEN01/revoke', { body: {} });
  assert.deepEqual([(await ask(key)).status, (await ask(key)).json.code], [403, 'NSV_AGENT_REVOKED']);

  assert.deepEqual(s3.sessions!.of('AIGARDEN01'), []);
});

test('a server is given twenty within an hour, however many it asks for at once, and another server its own', async (t) => {
  const { s3, orchestrator, ask } = await open(t);

  const answers = await Promise.all(Array.from({ length: 30 }, () => ask()));

  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length, 10);
  assert.equal(refused[0]?.json.code, 'NSV_CREDENTIALS_TRIES');
  assert.ok(Number(refused[0]?.headers.get('retry-after')) > 3_500);
  assert.equal(s3.sessions!.of('AIGARDEN01').length, 20);
  assert.equal((await given(ask(await orchestrator.enrol('AIGARDEN02')))).prefixes[0], 'logs/AIGARDEN02/');
});

test('an orchestrator that is not set up for them says so', async (t) => {
  const orchestrator = await TestOrchestrator.open(t, await postgres.database());
  const key = await orchestrator.enrol('AIGARDEN01');

  const { status, json } = await orchestrator.ask('POST', '/api/v1/credentials', { key, body: {} });

  assert.deepEqual([status, json.code], [409, 'NSV_CREDENTIALS_UNAVAILABLE']);
  assert.match(json.detail, /credentials: presigned/);
});

test('a batch that a server has placed itself is in the catalog once it was seen to stand there, and only then', async (t) => {
  const { s3, orchestrator, key } = await open(t);
  const batch = makeBatch({});
  const place = (as: string, object: string) =>
    orchestrator.ask('POST', '/api/v1/batches/placed', { key: as, body: { ...batch.announcement, key: object } });
  const catalog = async () =>
    (await orchestrator.ask('GET', '/api/v1/archive?server=AIGARDEN01')).json.objects.map(
      (one: { key: string }) => one.key,
    );

  assert.deepEqual((await place(key, OWN)).json, { standing: 'nothing' });
  s3.plant(OWN, Buffer.from('another’s'));
  assert.deepEqual((await place(key, OWN)).json, { standing: 'other' });
  assert.deepEqual(await catalog(), []);
  s3.plant(OWN, batch.object);
  assert.deepEqual((await place(key, OWN)).json, { standing: 'ours' });
  assert.deepEqual((await place(key, OWN)).json, { standing: 'ours' });

  assert.deepEqual(await catalog(), [OWN]);
  assert.equal((await place(key, OWN.replace('19-40', '19-50'))).json.code, 'NSV_OBJECT_KEY_INVALID');
});

test('a server that speaks of batches below the prefix of another is refused, and that is told', async (t) => {
  const { s3, orchestrator, key } = await open(t);
  const batch = makeBatch({});
  s3.plant(OTHERS, batch.object);
  const place = (as: string, object: string) =>
    orchestrator.ask('POST', '/api/v1/batches/placed', { key: as, body: { ...batch.announcement, key: object } });

  assert.deepEqual((await place(key, OTHERS)).json.code, 'NSV_FORBIDDEN');
  assert.deepEqual((await place(await orchestrator.enrol('AIGARDEN02'), OWN)).json.code, 'NSV_FORBIDDEN');

  const { json } = await orchestrator.ask('GET', '/api/v1/audit?after=0&limit=1000');
  const told = json.entries.filter(({ subject }: AuditEntry) => subject === 'POST /api/v1/batches/placed');
  assert.deepEqual(
    told.map(({ actor, detail }: AuditEntry) => [actor, JSON.parse(detail).asked]),
    [
      ['AIGARDEN01', 'AIGARDEN02'],
      ['AIGARDEN02', 'AIGARDEN01'],
    ],
  );
});

test('an archive client with temporary keys presigns with their token, too', async (t) => {
  const { s3, ask } = await open(t, { sts: { conditionKey: 'refused' } }, { allowOverwriting: true });
  const { access_key, secret_key, session_token } = await given(ask());
  await using archive = new S3Archive(
    { ...s3.settings, accessKey: access_key, secretKey: secret_key, sessionToken: session_token },
    { clock: systemClock },
  );

  const { url, headers } = archive.presignPut({ key: OWN, md5: md5Hex('new'), bytes: 3, expiresInSeconds: 60 });
  const { 'content-length': _length, ...rest } = headers; // fetch sets it
  const answer = await fetch(url, { method: 'PUT', headers: rest, body: 'new' });

  assert.equal(answer.status, 200, await answer.text());
  assert.equal(s3.objects.get(OWN)?.body.toString(), 'new');
});
