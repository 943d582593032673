/** The audit log: what it tells, and that nobody can change it unseen. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OrchestratorConnection } from '../../src/commands/connection.ts';
import type { AuditAnswer, AuditEntry, AuditVerdict } from '../../src/contract/audit.ts';
import { verifyAudit } from '../../src/contract/audit-chain.ts';
import { parseToken } from '../../src/contract/enrolment.ts';
import { Refusals } from '../../src/orchestrator/audit/refusals.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { AUDIT_LOOKED_THROUGH_MAX, readNewestAudit } from '../../src/orchestrator/database/queries/read-audit.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { runNervesys } from '../commands/run-nervesys.ts';
import { makeBatch } from '../support/batch.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const CHEAP = { passwordCost: { N: 1024, r: 8, p: 1 } };
const PASSWORD = 'five plain words are enough';

test('the audit log tells who did what, from where, in one transaction with it', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  await system.enrol('AIGARDEN01');
  await system.ask('POST', '/api/v1/servers/AIGARDEN01/revoke');
  const token = (await system.ask('POST', '/api/v1/tokens', { body: { server: 'AIGARDEN02' } })).json;
  await system.ask('DELETE', `/api/v1/tokens/${token.id}`);
  assert.equal((await system.ask('DELETE', '/api/v1/tokens/nothing')).status, 404); // what didn't happen isn't told
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'operator', password: PASSWORD } });
  await system.ask('PATCH', '/api/v1/people/dana', { body: { role: 'admin' } });
  await signIn(system, 'dana', PASSWORD);
  await signIn(system, 'dana', 'not the right words at all');
  const { id } = (await system.ask('POST', '/api/v1/keys', { body: { name: 'CI', role: 'viewer' } })).json;

  const entries = await auditOf(system);

  const told = entries.map((one) => `${one.actor_type} ${one.actor} ${one.action} ${one.subject}`);
  assert.deepEqual(told.slice(1), [
    `token ${entries[0]?.subject} server.enrolled AIGARDEN01`,
    'api_key admin server.revoked AIGARDEN01',
    `api_key admin token.created ${token.id}`,
    `api_key admin token.revoked ${token.id}`,
    'api_key admin person.added dana',
    'api_key admin person.role dana',
    'person dana sign_in dana',
    'unknown null sign_in.refused null',
    `api_key admin key.created ${id}`,
  ]);
  assert.match(told[0] as string, /^system null token\.created /);
  assert.ok(entries.slice(1).every((one) => one.address === '127.0.0.1'));
  const verified = await audit(system, ['verify', '--json']);
  assert.deepEqual([verified.code, verified.json.ok, verified.json.verified], [0, true, entries.length]);
});

test('a token shown by a server that it is not for is told', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const { token } = await system.orchestrator.createToken({ server: 'AIGARDEN01' });
  const body = { secret: parseToken(token)?.secret, server: 'AIGARDEN02', agent_version: '0.1.0', boot_id: null };

  assert.equal((await system.ask('POST', '/api/v1/enroll', { key: null, body })).json.code, 'NSV_TOKEN_WRONG_SERVER');

  const refused = (await auditOf(system)).filter((one) => one.action === 'enrolment.refused');
  assert.deepEqual(
    refused.map((one) => [one.address, JSON.parse(one.detail).code]),
    [['127.0.0.1', 'NSV_TOKEN_WRONG_SERVER']],
  );
});

test('a thousand refusals of one kind are two entries, and none is lost', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const key = await system.enrol('AIGARDEN01');
  for (let n = 0; n < 20; n++)
    await Promise.all(Array.from({ length: 50 }, () => system.ask('GET', '/api/v1/tokens', { key })));

  const refused = (await auditOf(system)).filter((one) => one.action === 'access.refused');

  assert.deepEqual(
    refused.map((one) => [one.actor, one.subject, JSON.parse(one.detail).more]),
    [
      ['AIGARDEN01', 'GET /api/v1/tokens', undefined],
      ['AIGARDEN01', 'GET /api/v1/tokens', 999],
    ],
  );
});

test('whatever kinds of refusals an attacker invents, the log grows by a bounded number of entries', async () => {
  await using database = await postgres.database();
  const refusals = new Refusals({ database, clock: systemClock, logger: silentLogger });
  for (let n = 0; n < 3_000; n++)
    refusals.note({ type: 'unknown', name: null, address: `2001:db8:${n.toString(16)}::1` }, 'sign_in.refused', null);
  await refusals.close();

  const { rows } = await database.query<{ action: string; detail: string }>('SELECT action, detail FROM audit_log');

  assert.ok(rows.length <= 130, `${rows.length} entries`);
  assert.equal(
    rows.reduce((sum, row) => sum + (JSON.parse(row.detail).more ?? 1), 0),
    3_000,
  );
  assert.ok(rows.some((row) => row.action === 'many.refused' && row.detail.includes('sign_in.refused')));
});

test("an agent that asks for another server's prefix is refused and told each time, and can't drown what others do", async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const neighbour = await system.enrol('AIGARDEN02');
  const ask = (path: string, body: unknown, as = key) => system.ask('POST', path, { key: as, body });
  const attempts = (n: number) => {
    const { announcement } = makeBatch({ server: `VICTIM${n}` });
    const { epoch, first, last } = announcement.manifest;
    const object = `logs/VICTIM${n}/2025-12-10/19-40.json.gz`;
    const confirmation = { epoch, first, last, sha256: announcement.sha256, key: object, outcome: 'stored' };
    return [
      ask('/api/v1/batches', announcement),
      ask('/api/v1/batches/confirm', confirmation),
      ask('/api/v1/batches/confirm', { ...confirmation, key: `logs/VICTIM${n}/../AIGARDEN01/x` }),
    ];
  };

  for (let n = 0; n < 100; n++)
    for (const answer of await Promise.all(attempts(n)))
      assert.deepEqual([answer.status, answer.json.code], [403, 'NSV_FORBIDDEN'], answer.text);
  assert.equal((await ask('/api/v1/batches', makeBatch({}).announcement, neighbour)).status, 403);
  const forged = '/api/v1/uploads/logs/AIGARDEN01/2025-12-10/19-40.json.gz?expires=9999999999&signature=AAAA';
  assert.equal((await system.ask('PUT', forged, { key: null, raw: 'x' })).status, 403);

  const refused = (await auditOf(system)).filter((one) => one.action === 'access.refused');
  const byActor = Map.groupBy(refused, (one) => one.actor);
  const told = byActor.get('AIGARDEN01') ?? [];
  const named = new Set(told.map((one) => JSON.parse(one.detail).asked).filter(Boolean));
  assert.equal(
    told.reduce((sum, one) => sum + (JSON.parse(one.detail).more ?? 1), 0),
    300,
    'each is counted',
  );
  assert.ok(told.length <= 24, `${told.length} entries`);
  assert.ok(named.has('VICTIM0') && named.size >= 5 && named.size <= 10, `${named.size} are named`);
  assert.deepEqual(
    byActor.get('AIGARDEN02')?.map((one) => [one.subject, JSON.parse(one.detail)]),
    [['POST /api/v1/batches', { code: 'NSV_FORBIDDEN', asked: 'AIGARDEN01' }]],
  );
  const uploads = (await auditOf(system)).filter((one) => one.action === 'upload.refused');
  assert.deepEqual(
    uploads.map((one) => [one.actor_type, one.address]),
    [['unknown', '127.0.0.1']],
  );
});

test('one asker takes part of the room for refusals, and what another does is told as his', async () => {
  await using database = await postgres.database();
  const refusals = new Refusals({ database, clock: systemClock, logger: silentLogger });
  const by = (name: string) => ({ type: 'agent', name, address: '192.0.2.1' }) as const;
  for (let n = 0; n < 1_000; n++) refusals.note(by('LOUD'), 'access.refused', `GET /${n}`);
  refusals.note(by('QUIET'), 'access.refused', 'GET /secret');
  await refusals.close();

  const { rows } = await database.query<{ actor: string; subject: string; detail: string }>(
    `SELECT actor, subject, detail FROM audit_log ORDER BY seq`,
  );
  const loud = rows.filter((row) => row.actor === 'LOUD');
  assert.equal(
    loud.reduce((sum, row) => sum + (JSON.parse(row.detail).more ?? 1), 0),
    1_000,
  );
  assert.ok(loud.length <= 65, `${loud.length} entries`);
  assert.ok(rows.some((row) => row.actor === 'QUIET' && row.subject === 'GET /secret'));
});

test('an orchestrator that closes writes down what it had gathered', async (t) => {
  const database = await postgres.database();
  const name = postgres.lastName;
  const system = await TestOrchestrator.open(t, database);
  for (let n = 0; n < 3; n++) await system.ask('GET', '/api/v1/fleet', { key: 'A'.repeat(43) });
  await system.orchestrator.close();

  await using another = postgres.connect(name);
  const { rows } = await another.query<{ detail: string }>(
    `SELECT detail FROM audit_log WHERE action = 'key.unknown' ORDER BY seq`,
  );
  assert.deepEqual(
    rows.map((row) => JSON.parse(row.detail).more),
    [undefined, 2],
  );
});

test('admins page through the log and search it, newest first; nobody else reads it', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database, CHEAP);
  for (let n = 1; n <= 12; n++) await system.ask('POST', '/api/v1/tokens', { body: {} });
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'operator', password: PASSWORD } });
  await system.ask('POST', '/api/v1/people', { body: { name: 'per_cent', role: 'viewer', password: PASSWORD } });
  await signIn(system, 'dana', 'not the right words at all');
  const get = async (query: string) => (await system.ask('GET', `/api/v1/audit?${query}`)).json as AuditAnswer;
  const sequences = ({ entries }: AuditAnswer) => entries.map((one) => one.seq);

  const first = await get('limit=10');
  const second = await get(`limit=10&before=${first.next}`);
  assert.deepEqual(sequences(first), [15, 14, 13, 12, 11, 10, 9, 8, 7, 6]);
  assert.deepEqual([sequences(second), second.next], [[5, 4, 3, 2, 1], undefined]);

  const found = async (query: string) => sequences(await get(query));
  assert.deepEqual(await found('actions=sign_in.refused,person.added'), [15, 14, 13]);
  assert.deepEqual(await found('actions=token.created&limit=2&before=10'), [9, 8]);
  assert.deepEqual(await found('text=DANA'), [13]);
  assert.deepEqual(await found('text=_cent'), [14], 'a wildcard of SQL is a letter here');
  for (const text of ['%25', '%5C', "'%20OR%201%3D1"]) assert.deepEqual(await found(`text=${text}`), [], text);
  assert.deepEqual(await found('text=operator&actions=person.added'), [13]);
  assert.equal((await system.ask('GET', '/api/v1/audit?text=%00')).status, 400);

  const operator = (await system.ask('POST', '/api/v1/keys', { body: { name: 'CI', role: 'operator' } })).json.key;
  for (const path of ['/api/v1/audit', '/api/v1/audit/verdict'])
    for (const key of [operator, await system.enrol('AIGARDEN01')])
      assert.equal((await system.ask('GET', path, { key })).status, 403, path);
  const verdicts = await Promise.all([1, 2, 3].map(() => system.ask('GET', '/api/v1/audit/verdict')));
  for (const { json } of verdicts) assert.ok(json.ok && json.verified >= 15, JSON.stringify(json));
});

test('a search that finds nothing among the newest says where to go on', async () => {
  await using database = await postgres.database();
  await force(
    database,
    `INSERT INTO audit_log (seq, at, actor_type, actor, action, detail, previous_sha256, sha256)
     SELECT n, now(), 'person', CASE WHEN n = 7 THEN 'needle' ELSE 'hay' END, 'sign_in', '{}', repeat('0', 64), repeat('0', 64)
     FROM generate_series(1, 60000) AS n; UPDATE audit_head SET seq = 60000`,
  );
  const search = (before?: number) => readNewestAudit(database, { before, limit: 50, text: 'needle' });

  const newest = await search();
  const further = await search(newest.next);

  assert.deepEqual([newest.entries.length, newest.next], [0, 60_001 - AUDIT_LOOKED_THROUGH_MAX]);
  assert.deepEqual([further.entries.map((one) => one.seq), further.next], [[7], undefined]);
});

test('Postgres itself refuses to change, remove or empty the log', async () => {
  await using database = await postgres.database();
  for (const statement of [
    `UPDATE audit_log SET actor = 'nobody'`,
    'DELETE FROM audit_log WHERE seq = 1',
    'TRUNCATE audit_log',
  ])
    await assert.rejects(database.query(statement), /audit_log is append-only/);
});

test('whatever somebody does to the log by force, `audit verify` names the first entry that is wrong', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  for (let n = 1; n <= 6; n++) await system.orchestrator.createToken();
  const whole = await audit(system, ['verify']);
  assert.equal(whole.code, 0, whole.stderr);
  const noted = /Newest: (6:[0-9a-f]{64})/.exec(whole.stdout)?.[1] as string;
  const connection = new OrchestratorConnection({ url: system.url }, system.adminKey);
  const read = async (after: number, limit: number) =>
    (await connection.ask('GET', `/api/v1/audit?after=${after}&limit=${limit}`)) as AuditAnswer;
  await force(database, 'CREATE TABLE kept AS SELECT * FROM audit_log');
  await force(database, 'CREATE TABLE kept_head AS SELECT * FROM audit_head');

  for (const [what, statement, seq, problem] of [
    ['edits a field', `UPDATE audit_log SET subject = 'x' WHERE seq = 3`, 3, 'entry 3 was changed'],
    ['moves an instant', `UPDATE audit_log SET at = at + interval '1 microsecond' WHERE seq = 2`, 2, 'was changed'],
    ['edits the detail', `UPDATE audit_log SET detail = '{}' WHERE seq = 1`, 1, 'entry 1 was changed'],
    ['removes one', 'DELETE FROM audit_log WHERE seq = 4', 4, 'entry 4 is missing'],
    ['removes the first', 'DELETE FROM audit_log WHERE seq = 1', 1, 'entry 1 is missing'],
    ['removes the newest', 'DELETE FROM audit_log WHERE seq > 4', 5, 'the end is missing, from entry 5 on'],
    [
      'removes one and closes the gap',
      'DELETE FROM audit_log WHERE seq = 4; UPDATE audit_log SET seq = seq - 1 WHERE seq > 4',
      4,
      'does not follow',
    ],
    [
      'swaps two',
      'UPDATE audit_log SET seq = -2 WHERE seq = 2; UPDATE audit_log SET seq = 2 WHERE seq = 3; UPDATE audit_log SET seq = 3 WHERE seq = -2',
      2,
      'does not follow',
    ],
    [
      'cuts the end off and mends the head',
      `DELETE FROM audit_log WHERE seq > 5; UPDATE audit_head SET (seq, sha256) = (SELECT seq, sha256 FROM audit_log WHERE seq = 5)`,
      6,
      'entry 6, which was noted, is missing',
    ],
  ] as const) {
    await force(database, statement);

    const { ok, broken } = await verifyAudit(read, { seq: 6, sha256: noted.slice(2) });
    const told = (await system.ask('GET', '/api/v1/audit/verdict')).json as AuditVerdict;

    assert.deepEqual([ok, broken?.seq], [false, seq], what);
    assert.match(broken?.problem ?? '', new RegExp(problem), what);
    if (!problem.includes('noted')) assert.deepEqual([told.ok, told.broken?.problem], [false, broken?.problem], what);
    await force(
      database,
      'DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept; DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head',
    );
  }
  assert.equal((await audit(system, ['verify', '--noted', noted])).code, 0);
  await force(database, 'DELETE FROM audit_log WHERE seq = 2');
  const told = await audit(system, ['verify']);
  assert.equal(told.code, 3);
  assert.match(told.stdout, /^The audit log is broken: entry 2 is missing\.$/m);
});

test('entries of two replicas at once make one chain', async (t) => {
  const database = await postgres.database();
  const name = postgres.lastName;
  const one = await TestOrchestrator.open(t, database);
  const two = await TestOrchestrator.open(t, postgres.connect(name));

  await Promise.all(
    Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? one : two).ask('POST', '/api/v1/tokens', { body: {} })),
  );

  const verified = await audit(two, ['verify', '--json']);
  assert.deepEqual([verified.code, verified.json.verified], [0, 60]);
});

test('people and keys are made on the command line, the password from a file and never shown', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const file = join(system.home, 'password');
  await writeFile(file, `${PASSWORD}\n`, { mode: 0o600 });
  const people = (...args: string[]) => runNervesys(['people', ...args, '--home', system.home]);

  const added = await people('add', 'dana', '--role', 'operator', '--password-file', file);
  const key = await people('key', 'create', 'CI', '--role', 'viewer', '--expires', '1h');
  const unseen = await people('add', 'eve');
  const list = await people('list');

  assert.deepEqual(
    [added.code, key.code, unseen.code, list.code],
    [0, 0, 2, 0],
    added.stderr + key.stderr + list.stderr,
  );
  assert.equal((await signIn(system, 'dana', PASSWORD)).status, 204);
  assert.equal((await system.ask('GET', '/api/v1/session', { key: key.stdout.toString().trim() })).json.role, 'viewer');
  assert.match(unseen.stderr, /hint: name a file with --password-file/);
  assert.match(list.stdout.toString(), /dana +operator +password/);
  assert.ok(!`${added.stdout}${added.stderr}${list.stdout}`.includes(PASSWORD));
});

/** As somebody with the database's own rights would: triggers off. */
async function force(database: Database, statements: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query('SET LOCAL session_replication_role = replica');
    for (const statement of statements.split('; ')) await transaction.query(statement);
  });
}

async function auditOf(system: TestOrchestrator): Promise<AuditEntry[]> {
  return (await system.ask('GET', '/api/v1/audit?after=0&limit=1000')).json.entries;
}

async function audit(system: TestOrchestrator, args: readonly string[]) {
  const { code, stdout, stderr } = await runNervesys(['audit', ...args, '--home', system.home]);
  const text = stdout.toString();
  return { code, stdout: text, stderr, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

function signIn(system: TestOrchestrator, name: string, password: string) {
  return system.ask('POST', '/api/v1/session', {
    key: null,
    headers: { origin: system.url },
    body: { name, password },
  });
}
