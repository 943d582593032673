import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseToken } from '../../../src/contract/enrolment.ts';
import { RefusalLimit } from '../../../src/orchestrator/api/refusal-limit.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

function enroller(system: TestOrchestrator) {
  return async (token: string, server: string, more: object = {}, headers: Record<string, string> = {}) => {
    const body = { secret: parseToken(token)?.secret, server, agent_version: '0.1.0', boot_id: null, ...more };
    return system.ask('POST', '/api/v1/enroll', { key: null, body, headers });
  };
}

test('a reusable token for a pattern lets in any number of servers of that kind, until it is revoked', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const enrol = enroller(system);
  const created = await system.ask('POST', '/api/v1/tokens', { body: { server: 'AIGARDEN0?', uses: null } });
  const { id, token } = created.json;

  for (const n of [1, 2, 3, 4]) assert.equal((await enrol(token, `AIGARDEN0${n}`)).status, 200);
  const wrong = await enrol(token, 'AIGARDEN10');
  assert.deepEqual([wrong.status, wrong.json.code], [403, 'NSV_TOKEN_WRONG_SERVER']);
  const [listed] = (await system.ask('GET', '/api/v1/tokens')).json.tokens;
  assert.deepEqual([listed.server, listed.uses, listed.uses_max, listed.state], ['AIGARDEN0?', 4, null, 'open']);
  await system.ask('DELETE', `/api/v1/tokens/${id}`);

  assert.equal((await enrol(token, 'AIGARDEN05')).json.code, 'NSV_TOKEN_REVOKED');
  for (const server of ['A..*', '../*', "x' OR 1=1", '<b>*</b>', '', 'A'.repeat(101), 7]) {
    const answer = await system.ask('POST', '/api/v1/tokens', { body: { server } });
    assert.deepEqual([answer.status, answer.json.code], [400, 'NSV_BODY_INVALID'], String(server));
  }
});

test('who tries tokens is soon answered 429 without a look at any, each time in the log, and people are not flooded', async (t) => {
  const lines: string[] = [];
  const logger = createLogger({ clock: systemClock, write: (line) => void lines.push(line) });
  const system = await TestOrchestrator.open(t, await postgres.database(), { logger });
  const enrol = enroller(system);
  const good = (await system.ask('POST', '/api/v1/tokens', { body: { uses: 50 } })).json.token;
  const guess = (n: number) => enrol(good, `AIGARDEN${n}`, { secret: `${n}`.padStart(43, 'A') });

  const joined = await Promise.all(Array.from({ length: 30 }, (_, n) => enrol(good, `GOOD${n}`)));
  const answers = [];
  for (let n = 0; n < 15; n++) answers.push(await guess(n));

  assert.ok(
    joined.every(({ status }) => status === 200),
    'good ones are not counted',
  );
  const refused = answers.filter(({ status }) => status === 401);
  assert.ok(refused.length >= 10 && refused.length <= 12, `${refused.length} were looked at`);
  assert.equal(new Set(refused.map(({ text }) => text)).size, 1, 'one answer for all');
  const last = answers.at(-1)!;
  assert.deepEqual([last.status, last.json.code], [429, 'NSV_TOKEN_TRIES']);
  assert.match(last.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.equal((await enrol(good, 'GOOD99')).status, 429, 'a good one waits too');
  assert.equal(lines.filter((line) => line.includes('enrolment refused')).length, refused.length);
  assert.doesNotMatch(lines.join(''), /A{20}/, 'no secret in the log');
  assert.deepEqual((await system.ask('GET', '/api/v1/alerts')).json.alerts, []);
});

test('the limit is forgiven with time, is one for all of a host’s IPv6 addresses, and forgets no more than it must', async () => {
  const clock = new FakeClock();
  const limit = new RefusalLimit(clock, { perAddress: 2, perAddressMs: 1_000, overall: 5, overallMs: 100 });
  const isOpen = (address: string) => {
    try {
      limit.check(address);
      return true;
    } catch {
      return false;
    }
  };

  limit.refused('10.0.0.1');
  assert.equal(isOpen('10.0.0.1'), true);
  limit.refused('10.0.0.1');
  assert.deepEqual([isOpen('10.0.0.1'), isOpen('10.0.0.2')], [false, true]);
  limit.refused('2001:db8::1');
  limit.refused('2001:db8:0:0:9::2');
  assert.deepEqual([isOpen('2001:db8::77'), isOpen('2001:db8:0:1::1')], [false, true]);
  limit.refused('10.0.0.3');
  assert.equal(isOpen('10.0.0.4'), false, 'five in all');
  await clock.advance(1_000);
  assert.deepEqual([isOpen('10.0.0.1'), isOpen('10.0.0.4')], [true, true]);
});

test('a server that shows a token that was good once is an alert with the exact reason', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const enrol = enroller(system);
  const once = (await system.ask('POST', '/api/v1/tokens', { body: {} })).json;
  await enrol(once.token, 'AIGARDEN01');

  const hourAhead = new Date(Date.now() + 3_600_000).toISOString();
  assert.equal((await enrol(once.token, 'AIGARDEN02', { now: hourAhead })).json.code, 'NSV_TOKEN_USED');
  assert.equal((await enrol(once.token, 'AIGARDEN02', { now: hourAhead })).json.code, 'NSV_TOKEN_USED');

  const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
  assert.equal(alerts.length, 1);
  const { kind, server, count, detail } = alerts[0];
  assert.deepEqual([kind, server, count], ['enrolment.refused', 'AIGARDEN02', 2]);
  assert.deepEqual([detail.code, detail.token_id], ['NSV_TOKEN_USED', once.id]);
  assert.ok(Math.abs(detail.clock_skew_ms - 3_600_000) < 60_000, `${detail.clock_skew_ms}`);
});

test('a clock that is wrong is said and decides nothing', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const enrol = enroller(system);
  const { token } = (await system.ask('POST', '/api/v1/tokens', { body: { uses: null, expires_in_seconds: 60 } })).json;

  const future = await enrol(token, 'AIGARDEN01', { now: '2101-01-01T00:00:00Z' });
  const past = await enrol(token, 'AIGARDEN02', { now: '2001-01-01T00:00:00Z' });
  const odd = await enrol(token, 'AIGARDEN03', { now: 'yesterday' });

  assert.deepEqual([future.status, past.status, odd.status], [200, 200, 200]);
  assert.ok(future.json.clock_skew_ms > 1e12 && past.json.clock_skew_ms < -1e11);
  assert.equal(odd.json.clock_skew_ms, undefined);
});

test('an agent that speaks another contract is told which of the two is too old, and keeps its token', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const enrol = enroller(system);
  const { token } = (await system.ask('POST', '/api/v1/tokens', { body: {} })).json;
  const speak = (version: string) => ({ 'nervesys-contract': version, 'user-agent': 'nervesys-agent/9.8.7' });

  for (const [version, code] of [
    ['999', 'NSV_ORCHESTRATOR_TOO_OLD'],
    ['0', 'NSV_AGENT_TOO_OLD'],
    ['<b>', 'NSV_AGENT_TOO_OLD'],
  ] as const) {
    const answer = await enrol(token, 'AIGARDEN01', {}, speak(version));
    assert.deepEqual([answer.status, answer.json.code], [409, code], version);
    assert.match(answer.json.detail, /9\.8\.7.*contract \d+.*0\.1\.0/);
  }
  const { key } = (await enrol(token, 'AIGARDEN01', {}, speak('1'))).json;
  const beat = (version: string) =>
    system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [] }, headers: speak(version) });
  assert.equal((await beat('1')).status, 200);
  assert.equal((await beat('999')).json.code, 'NSV_ORCHESTRATOR_TOO_OLD');
  const kinds = (await system.ask('GET', '/api/v1/alerts')).json.alerts.map((alert: { kind: string }) => alert.kind);
  assert.deepEqual([...new Set(kinds)].sort(), ['agent.contract', 'enrolment.refused']);
});

test('SQL and markup in every name of an enrolment are refused or kept as text', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const enrol = enroller(system);
  const { token } = (await system.ask('POST', '/api/v1/tokens', { body: { uses: null } })).json;
  const hostile = "'); DROP TABLE servers;--<script>";

  for (const server of [hostile, '<b>x</b>', '../../etc', 'a\u0000b', 'a b', '*', 'x'.repeat(101)])
    assert.equal((await enrol(token, server)).json.code, 'NSV_BODY_INVALID', server);
  const kept = await enrol(token, 'AIGARDEN01', { boot_id: hostile, agent_version: hostile, now: hostile });
  assert.equal(kept.status, 200);
  const beat = await system.ask('POST', '/api/v1/heartbeats', {
    key: kept.json.key,
    body: { heartbeats: [] },
    headers: { 'nervesys-incarnation': hostile, 'nervesys-boot': hostile },
  });
  assert.equal(beat.status, 200);
  assert.equal((await system.ask('GET', '/api/v1/fleet')).json.servers[0].agent_version, hostile);
  for (const path of [`/api/v1/servers/${encodeURIComponent(hostile)}/rotate-key`, '/api/v1/servers/%2e%2e/revoke'])
    assert.ok([400, 404].includes((await system.ask('POST', path)).status), path);
});
