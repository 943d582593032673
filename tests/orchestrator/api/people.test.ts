/** People and keys: who may sign in and how, and what each role may do. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

/** The first test has the cost of real life. */
const CHEAP = { passwordCost: { N: 1024, r: 8, p: 1 } };
const PASSWORD = 'five plain words are enough';

test('a person signs in with a password, which nobody can read afterwards', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const body = { name: 'דנה כהן', role: 'viewer', password: PASSWORD };
  assert.equal((await system.ask('POST', '/api/v1/people', { body })).status, 201);

  const answer = await signIn(system, 'דנה כהן', PASSWORD);

  assert.equal(answer.status, 204);
  assert.match(
    answer.headers.get('set-cookie') ?? '',
    /^nervesys_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const session = await system.ask('GET', '/api/v1/session', { key: null, headers: { cookie: cookieOf(answer) } });
  assert.deepEqual(session.json, { type: 'person', name: 'דנה כהן', role: 'viewer' });
  const people = await system.ask('GET', '/api/v1/people');
  assert.deepEqual(
    people.json.people.map((one: { name: string; sessions: number }) => [one.name, one.sessions]),
    [['דנה כהן', 1]],
  );
  const { rows } = await database.query<{ text: string }>(
    'SELECT (SELECT json_agg(people) FROM people)::text || (SELECT json_agg(audit_log) FROM audit_log)::text AS text',
  );
  assert.ok(!rows[0]?.text.includes(PASSWORD), 'the password stands in the database');
  assert.match(rows[0]?.text ?? '', /scrypt:32768:8:3:/);
});

test('a wrong password, an unknown name and a person without a password get the same answer', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  await system.signIn(); // makes the owner, who has no password
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'admin', password: PASSWORD } });

  for (const name of ['dana', 'nobody', 'owner']) {
    const answer = await signIn(system, name, 'five wrong words are not it');
    assert.deepEqual([answer.status, answer.json.code], [401, 'NSV_SIGN_IN_REFUSED'], name);
    assert.equal(answer.headers.get('set-cookie'), null);
    assert.ok(!answer.text.includes(name));
  }
});

test('another site cannot sign a browser in', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  await system.ask('POST', '/api/v1/people', { body: { name: 'mallory', role: 'viewer', password: PASSWORD } });

  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
    const answer = await signIn(system, 'mallory', PASSWORD, { origin });
    assert.deepEqual([answer.status, answer.json.code], [403, 'NSV_FORBIDDEN'], origin);
  }
});

test('weak passwords and odd names are refused', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const add = (name: string, password: string, role = 'viewer') =>
    system.ask('POST', '/api/v1/people', { body: { name, role, password } });

  for (const password of ['short', 'aaaaaaaaaaaaaaaa', 'dana.levy2026', 'x'.repeat(20) + 'y'.repeat(181)]) {
    assert.equal((await add('dana.levy', password)).json.code, 'NSV_PASSWORD_WEAK', password);
  }
  for (const name of ['', ' dana', 'a/../b', '<b>dana</b>', 'dana\u0000', 'dana\u202e', 'x'.repeat(101)]) {
    assert.equal((await add(name, PASSWORD)).status, 400, JSON.stringify(name));
  }
  assert.equal((await add('dana', PASSWORD, 'root')).status, 400);
  assert.equal((await add('dana', PASSWORD)).status, 201);
  assert.equal((await add('dana', PASSWORD)).json.code, 'NSV_NAME_TAKEN');
});

test('each role may do its part and no more, as a person and as a key', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const agent = await system.enrol('AIGARDEN01');
  await system.ask('POST', '/api/v1/heartbeats', {
    key: agent,
    body: { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] },
  });
  const reading = [
    ['GET', '/api/v1/fleet'],
    ['GET', '/api/v1/alerts'],
    ['GET', '/api/v1/archive'],
  ];
  const operating = [
    ['POST', '/api/v1/tokens', {}],
    ['GET', '/api/v1/tokens'],
    ['POST', '/api/v1/alerts/1/acknowledge'],
  ];
  const administering = [
    ['GET', '/api/v1/people'],
    ['POST', '/api/v1/people', { name: 'eve', role: 'admin', password: PASSWORD }],
    ['PATCH', '/api/v1/people/eve', { role: 'admin' }],
    ['DELETE', '/api/v1/people/eve/sessions'],
    ['DELETE', '/api/v1/people/eve'],
    ['GET', '/api/v1/keys'],
    ['POST', '/api/v1/keys', { name: 'eve', role: 'admin' }],
    ['DELETE', '/api/v1/keys/0123456789ab'],
    ['GET', '/api/v1/audit'],
    ['POST', '/api/v1/sign-in-links'],
    ['POST', '/api/v1/servers/AIGARDEN01/revoke'],
  ];
  const calls = [...reading, ...operating, ...administering] as [string, string, object?][];

  for (const [role, allowed] of [
    ['viewer', reading.length],
    ['operator', reading.length + operating.length],
    ['admin', calls.length],
  ] as const) {
    const { key } = (await system.ask('POST', '/api/v1/keys', { body: { name: `a ${role}`, role } })).json;
    await system.ask('POST', '/api/v1/people', { body: { name: role, role, password: PASSWORD } });
    const cookie = cookieOf(await signIn(system, role, PASSWORD));
    for (const who of [{ key }, { key: null, headers: { cookie, origin: system.url } }]) {
      for (const [index, [method, path, body]] of calls.entries()) {
        const { status, text } = await system.ask(method, path, { ...who, ...(body === undefined ? {} : { body }) });
        assert.equal(status !== 403, index < allowed, `${role}: ${method} ${path} → ${status} ${text}`);
      }
    }
  }
});

test('a key for a script opens until it is revoked or expires', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const make = async (body: object) => (await system.ask('POST', '/api/v1/keys', { body })).json;
  const fleet = async (key: string) => (await system.ask('GET', '/api/v1/fleet', { key })).status;
  const lasting = await make({ name: 'CI', role: 'viewer' });
  const short = await make({ name: 'CI once', role: 'viewer', expires_in_seconds: 1 });
  assert.equal(await fleet(lasting.key), 200);

  assert.equal((await system.ask('DELETE', `/api/v1/keys/${lasting.id}`)).status, 204);
  await new Promise((resolve) => setTimeout(resolve, Date.parse(short.expires_at) - Date.now() + 5));

  assert.equal(await fleet(lasting.key), 401);
  assert.equal(await fleet(short.key), 401);
  const list = await system.ask('GET', '/api/v1/keys');
  assert.deepEqual(list.json.keys.map((one: { name: string; state: string }) => `${one.name}: ${one.state}`).sort(), [
    'CI once: expired',
    'CI: revoked',
    'admin: open',
  ]);
  assert.ok(!list.text.includes(lasting.key));
});

test('sessions end one by one, everywhere, by a new password, and with the person; a role changes at once', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), CHEAP);
  const change = (method: string, path: string, body?: object) =>
    system.ask(method, `/api/v1/people/dana${path}`, body === undefined ? {} : { body });
  const browser = async (password = PASSWORD) => {
    const answer = await signIn(system, 'dana', password);
    assert.equal(answer.status, 204, answer.text);
    const headers = { cookie: cookieOf(answer), origin: system.url };
    return (method: string, path: string) => system.ask(method, path, { key: null, headers });
  };
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'viewer', password: PASSWORD } });
  const [laptop, phone] = [await browser(), await browser()];

  assert.equal((await change('PATCH', '', { role: 'operator' })).status, 204);
  assert.equal((await laptop('GET', '/api/v1/session')).json.role, 'operator');

  const { sessions } = (await laptop('GET', '/api/v1/sessions')).json;
  assert.equal(sessions.length, 2);
  assert.equal((await laptop('DELETE', `/api/v1/sessions/${sessions[0].id}`)).status, 204); // the newest: the phone
  assert.deepEqual(
    [(await phone('GET', '/api/v1/session')).status, (await laptop('GET', '/api/v1/session')).status],
    [401, 200],
  );

  assert.equal((await laptop('DELETE', '/api/v1/sessions')).status, 204);
  assert.equal((await laptop('GET', '/api/v1/session')).status, 401);

  const tablet = await browser();
  assert.equal((await change('PATCH', '', { password: 'five other words than before' })).status, 204);
  assert.equal((await tablet('GET', '/api/v1/session')).status, 401);
  assert.equal((await signIn(system, 'dana', PASSWORD)).status, 401);

  const desk = await browser('five other words than before');
  assert.equal((await change('DELETE', '/sessions')).status, 204);
  assert.equal((await desk('GET', '/api/v1/session')).status, 401);
  const last = await browser('five other words than before');
  assert.equal((await change('DELETE', '')).status, 204);
  assert.equal((await last('GET', '/api/v1/session')).status, 401);
});

test('a sign-in that is under way while the password is changed opens nothing afterwards', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    passwordCost: { N: 2 ** 15, r: 8, p: 1 },
  });
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'admin', password: PASSWORD } });

  const changed = system.ask('PATCH', '/api/v1/people/dana', { body: { password: 'five other words than before' } });
  await new Promise((resolve) => setTimeout(resolve, 10)); // its computation is under way; the old password's is next
  const signedIn = await signIn(system, 'dana', PASSWORD);

  assert.equal((await changed).status, 204);
  const session = await system.ask('GET', '/api/v1/session', { key: null, headers: { cookie: cookieOf(signedIn) } });
  assert.equal(session.status, 401, session.text);
});

test('every kind of answer carries the security headers; the cookie is Secure where people come by https', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database(), {
    ...CHEAP,
    publicUrl: 'https://nervesys.example',
  });
  await system.ask('POST', '/api/v1/people', { body: { name: 'dana', role: 'viewer', password: PASSWORD } });
  const answers: [string, Answer][] = [];
  for (const [method, path, key] of [
    ['GET', '/', null],
    ['GET', '/assets/nothing.js', null],
    ['GET', '/sign-in?code=x', null],
    ['GET', '/healthz', null],
    ['GET', '/docs/', null],
    ['GET', '/docs/json', null],
    ['GET', '/nothing', null],
    ['GET', '/%', null],
    ['GET', '/api/v1/fleet', null],
    ['GET', '/api/v1/fleet', undefined],
    ['GET', '/api/v1/openapi.json', undefined],
    ['GET', '/metrics', undefined],
    ['PATCH', '/api/v1/fleet', undefined],
    ['DELETE', '/api/v1/people/nobody', undefined],
  ] as const) {
    answers.push([`${method} ${path}`, await system.ask(method, path, { key })]);
  }
  const stream = new AbortController();
  const headers = { authorization: `Bearer ${system.adminKey}` };
  const events = await fetch(`${system.url}/api/v1/events`, { headers, signal: stream.signal });
  answers.push(['events', { status: events.status, headers: events.headers, text: '', json: undefined }]);
  stream.abort();
  const signedIn = await signIn(system, 'dana', PASSWORD);
  answers.push(['sign-in', signedIn]);

  for (const [what, { headers }] of answers) {
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src '(none|self)'/, what);
    assert.match(policy, /frame-ancestors 'none'/, what);
    assert.doesNotMatch(policy, /script-src[^;]*'unsafe|unsafe-eval/, what);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
    assert.equal(headers.get('x-frame-options'), 'DENY', what);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', what);
    if (what !== 'GET /%' && what !== 'events')
      assert.equal(headers.get('strict-transport-security'), 'max-age=31536000', what);
  }
  assert.match(signedIn.headers.get('set-cookie') ?? '', /; HttpOnly; SameSite=Strict; Secure$/);
});

function signIn(
  system: TestOrchestrator,
  name: string,
  password: string,
  headers: Record<string, string> = { origin: system.url },
): Promise<Answer> {
  return system.ask('POST', '/api/v1/session', { key: null, headers, body: { name, password } });
}

function cookieOf(answer: Answer): string {
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}
