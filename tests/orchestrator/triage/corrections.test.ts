import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CORRECTIONS_HEADER } from '../../../src/contract/config-delivery.ts';
import { CORRECTIONS_MAX } from '../../../src/contract/triage.ts';
import { heartbeat, TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { nthRevision } from '../../support/revisions.ts';
import { until } from '../../support/until.ts';
import { report, templateId } from './templates.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const TEXT = 'connection to <*> lost';
const TEMPLATE = templateId(TEXT);

async function tellTemplate(system: TestOrchestrator, key: string, text = TEXT, replace = {}) {
  const answer = await system.ask('POST', '/api/v1/templates', {
    key,
    body: { id: `e-${text.length}`, templates: [report(text, replace)] },
  });
  assert.deepEqual(answer.json?.rejected, [], answer.text);
}

async function tellAlert(system: TestOrchestrator, key: string, detail: object, kind = 'log.critical') {
  const alert = {
    dedup_key: JSON.stringify(detail).slice(0, 200),
    severity: 'critical',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    kind,
    title: 'connection to db1 lost',
    detail,
    at: new Date().toISOString(),
  };
  const answer = await system.ask('POST', '/api/v1/alerts', { key, body: { alerts: [alert] } });
  assert.equal(answer.status, 200, answer.text);
  return (await system.ask('GET', '/api/v1/alerts?limit=1')).json.alerts[0].id as string;
}

function mark(system: TestOrchestrator, what: string, body: object, key?: string) {
  return system.ask('PUT', `/api/v1/triage/corrections/${what}`, { body, key });
}

function corrections(system: TestOrchestrator, key: string, headers = {}) {
  return system.ask('GET', '/api/v1/triage/corrections', { key, headers });
}

test('a mark reaches a server that waits, its heartbeat and its fetch, and not one that has it', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const revision = await nthRevision(1);
  await system.orchestrator.revisions.record(revision);
  await tellTemplate(system, key);
  const none = await corrections(system, key);
  assert.deepEqual(none.json.corrections, []);
  const { tag } = none.json;
  const wait = (has: string) =>
    system.ask('GET', `/api/v1/config?wait=30&corrections=${has}`, {
      key,
      headers: { 'if-none-match': `"${revision.revision}"` },
    });
  const startedAt = performance.now();
  const waiting = wait(tag);
  await until('it waits', async () =>
    /nervesys_config_waiting_agents 1/.test((await system.ask('GET', '/metrics')).text),
  );

  const marked = await mark(system, TEMPLATE, { mark: 'ordinary', note: ' it comes back ' });

  assert.equal(marked.status, 200, marked.text);
  assert.equal(marked.json.correction.note, 'it comes back');
  const released = await waiting;
  assert.equal(released.status, 304);
  const next = released.headers.get(CORRECTIONS_HEADER)!;
  assert.notEqual(next, tag);
  assert.equal((await wait(tag)).headers.get(CORRECTIONS_HEADER), next, 'who has older ones is answered at once');
  assert.ok(performance.now() - startedAt < 10_000);
  const fetched = await corrections(system, key);
  assert.deepEqual(fetched.json, { tag: next, corrections: [{ template: TEMPLATE, text: TEXT, mark: 'ordinary' }] });
  assert.equal(fetched.headers.get('etag'), `"${next}"`);
  assert.equal((await corrections(system, key, { 'if-none-match': `"${next}"` })).status, 304);
  const beat = await system.ask('POST', '/api/v1/heartbeats', {
    key,
    body: { heartbeats: [heartbeat('AIGARDEN01', 'GROK')] },
  });
  assert.equal(beat.json.triage_corrections, next);
});

test('a server without the parameter, an older agent, waits on when a template is marked', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const revision = await nthRevision(1);
  await system.orchestrator.revisions.record(revision);
  await tellTemplate(system, key);
  const startedAt = performance.now();
  const waiting = system.ask('GET', '/api/v1/config?wait=1', {
    key,
    headers: { 'if-none-match': `"${revision.revision}"` },
  });
  await until('it waits', async () =>
    /nervesys_config_waiting_agents 1/.test((await system.ask('GET', '/metrics')).text),
  );

  assert.equal((await mark(system, TEMPLATE, { mark: 'alert' })).status, 200);

  assert.equal((await waiting).status, 304);
  assert.ok(performance.now() - startedAt >= 990);
});

test('a mark is known by another replica, and after both are gone', async (t) => {
  const one = await TestOrchestrator.open(t, await postgres.database());
  const name = postgres.lastName;
  const two = await TestOrchestrator.open(t, postgres.connect(name));
  const key = await one.enrol('AIGARDEN01');
  await tellTemplate(one, key);

  assert.equal((await mark(one, TEMPLATE, { mark: 'alert' })).status, 200);

  const has = (system: TestOrchestrator) => async () => (await corrections(system, key)).json.corrections.length === 1;
  await until('the other one knows it', has(two));
  assert.equal((await corrections(one, key)).json.tag, (await corrections(two, key)).json.tag);
  await one.orchestrator.close();
  await two.orchestrator.close();
  const three = await TestOrchestrator.open(t, postgres.connect(name));
  assert.ok(await has(three)());
  const removed = await three.ask('DELETE', `/api/v1/triage/corrections/${TEMPLATE}`);
  assert.equal(removed.status, 204, removed.text);
  assert.deepEqual((await corrections(three, key)).json.corrections, []);
  assert.equal((await three.ask('DELETE', `/api/v1/triage/corrections/${TEMPLATE}`)).status, 404);
});

test('marking an alert as none resolves what is open of its template, tells why, and is in the audit log', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  // The alert is there before the server has told of the template.
  const id = await tellAlert(system, key, { template: TEMPLATE, template_text: TEXT, tier: 'scorer', score: 0.8 });
  const other = await tellAlert(system, key, { template: TEMPLATE, template_text: TEXT, tier: 'scorer', score: 0.9 });
  const foreign = await tellAlert(system, key, { template: templateId('else'), template_text: 'else', tier: 'scorer' });

  const marked = await system.ask('POST', `/api/v1/alerts/${id}/mark`, { body: { mark: 'ordinary', note: 'we know' } });

  assert.equal(marked.status, 200, marked.text);
  assert.deepEqual([...marked.json.resolved].sort(), [id, other].sort());
  const detail = (await system.ask('GET', `/api/v1/alerts/${id}`)).json;
  assert.equal(detail.state, 'resolved');
  assert.equal(detail.correction.mark, 'ordinary');
  assert.equal((await system.ask('GET', `/api/v1/alerts/${foreign}`)).json.correction, null);
  assert.match(detail.events.at(-1).note, /not an alert: we know$/);
  assert.equal((await system.ask('GET', `/api/v1/alerts/${foreign}`)).json.state, 'open');
  const { entries } = (await system.ask('GET', '/api/v1/audit')).json;
  const entry = entries.find((one: { action: string }) => one.action === 'template.marked');
  assert.equal(entry.subject, TEMPLATE);
  assert.deepEqual(JSON.parse(entry.detail), { mark: 'ordinary', text: TEXT, note: 'we know', resolved: 2 });
});

test('what a server tells before it knows of a mark is over at once, and so is nothing else', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  await tellTemplate(system, key);
  await mark(system, TEMPLATE, { mark: 'ordinary' });

  const late = await tellAlert(system, key, { template: TEMPLATE, template_text: TEXT, tier: 'scorer' });
  const others = [
    await tellAlert(system, key, { template: templateId('else'), template_text: 'else', tier: 'scorer' }),
    await tellAlert(system, key, { template: TEMPLATE, tier: 'rule', rule: 'mine' }, 'rule'),
    await tellAlert(system, key, { template: TEMPLATE, tier: 'scorer', of_many: true }),
  ];

  const detail = (await system.ask('GET', `/api/v1/alerts/${late}`)).json;
  assert.equal(detail.state, 'resolved');
  assert.equal(detail.events.at(-1).note, 'its template is marked as not an alert');
  for (const id of others) assert.equal((await system.ask('GET', `/api/v1/alerts/${id}`)).json.state, 'open');
});

test("an alert of a rule, of a threshold or of another's words cannot be marked, and it is said why", async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const tryMark = async (detail: object, kind?: string) => {
    const id = await tellAlert(system, key, detail, kind);
    const { status, json } = await system.ask('POST', `/api/v1/alerts/${id}/mark`, { body: { mark: 'alert' } });
    return [status, json.code, `${json.detail} ${json.hint ?? ''}`];
  };

  const [status, code, words] = await tryMark({ rule: 'no-root', revision: null }, 'rule');
  assert.deepEqual([status, code], [409, 'NSV_ALERT_UNMARKABLE']);
  assert.match(String(words), /the rule "no-root".*change the rule/s);
  assert.deepEqual((await tryMark({ free: 1 }, 'disk.full')).slice(0, 2), [409, 'NSV_ALERT_UNMARKABLE']);
  assert.deepEqual((await tryMark({ template: "'; DROP TABLE alerts" })).slice(0, 2), [409, 'NSV_ALERT_UNMARKABLE']);
  const lying = { template: TEMPLATE, template_text: 'something else', tier: 'scorer' };
  assert.deepEqual((await tryMark(lying)).slice(0, 2), [404, 'NSV_TEMPLATE_UNKNOWN']);
  assert.deepEqual((await corrections(system, key)).json.corrections, []);
});

test('an agent and a viewer cannot mark; an operator can', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  await tellTemplate(system, key);
  const keyOf = async (role: string) =>
    (await system.ask('POST', '/api/v1/keys', { body: { name: `a ${role}`, role } })).json.key as string;

  assert.equal((await mark(system, TEMPLATE, { mark: 'alert' }, key)).status, 403);
  assert.equal((await mark(system, TEMPLATE, { mark: 'alert' }, await keyOf('viewer'))).status, 403);
  assert.equal((await mark(system, TEMPLATE, { mark: 'alert' }, await keyOf('operator'))).status, 200);
});

test('a template that became more general keeps its mark by its older id, and one by it alone is taken back', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  await tellTemplate(system, key);
  await mark(system, TEMPLATE, { mark: 'alert' });
  const general = 'connection <*> <*> lost';
  await tellTemplate(system, key, general, { aliases: [TEMPLATE] });
  const view = async () => (await system.ask('GET', `/api/v1/templates/${templateId(general)}`)).json;
  assert.deepEqual([(await view()).mark, (await view()).correction.template], ['alert', TEMPLATE]);

  const removed = await system.ask('DELETE', `/api/v1/triage/corrections/${templateId(general)}`);

  assert.equal(removed.status, 204, removed.text);
  assert.equal((await view()).mark, null);
});

test("what the model said of an alert's template is kept while its lines go on, and counts nothing", async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const detail = { template: TEMPLATE, template_text: TEXT, tier: 'scorer', score: 0.5, lines_before: [] };
  const told = {
    dedup_key: 'a',
    severity: 'warning',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    kind: 'log.critical',
    title: 'x',
  };
  const tell = async (...alerts: object[]) => {
    const at = new Date().toISOString();
    const body = { alerts: alerts.map((one) => ({ ...told, at, ...one })) };
    assert.equal((await system.ask('POST', '/api/v1/alerts', { key, body })).status, 200);
    return (await system.ask('GET', '/api/v1/alerts')).json.alerts[0];
  };
  const model = { verdict: 'critical', reason: 'it says that data is lost', name: 'tiny' };
  assert.equal(await tell({ detail: { model }, count: 0 }), undefined, 'it opens no alert');
  await tell({ detail });

  const annotated = await tell({ detail: { model }, count: 0 });
  const again = await tell({ detail: { ...detail, score: 0.6 } });
  const together = await tell(
    { detail: { ...detail, score: 0.7 } },
    { detail: { model: { ...model, name: 'b' } }, count: 0 },
  );
  const other = await tell({ detail: { ...detail, template: templateId('other') } });

  assert.deepEqual([annotated.detail, annotated.count], [{ ...detail, model }, 1]);
  assert.deepEqual([again.detail, again.count], [{ ...detail, score: 0.6, model }, 2]);
  assert.deepEqual([together.detail.model.name, together.detail.score, together.count], ['b', 0.7, 3]);
  assert.equal('model' in other.detail, false);
});

test('past the bound nothing more is marked, and what is marked can still be changed', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const key = await system.enrol('AIGARDEN01');
  await tellTemplate(system, key);
  await database.query(
    `INSERT INTO triage_corrections SELECT lpad(to_hex(n), 16, '0'), 'text', 'alert', NULL, 'ann', now() FROM generate_series(1, ${CORRECTIONS_MAX}) n`,
  );

  const refused = await mark(system, TEMPLATE, { mark: 'alert' });

  assert.deepEqual([refused.status, refused.json.code], [409, 'NSV_TOO_MANY_CORRECTIONS']);
  await database.query("UPDATE triage_corrections SET template = $1 WHERE template = lpad('1', 16, '0')", [TEMPLATE]);
  assert.equal((await mark(system, TEMPLATE, { mark: 'ordinary' })).status, 200);
  assert.equal((await corrections(system, key)).json.corrections.length, CORRECTIONS_MAX);
});

test('marks at two replicas at once are both kept, and each server that waits hears of them in its turn', async (t) => {
  const one = await TestOrchestrator.open(t, await postgres.database());
  const two = await TestOrchestrator.open(t, postgres.connect(postgres.lastName));
  const keys = await Promise.all(Array.from({ length: 12 }, (_, n) => one.enrol(`RACK${n}`)));
  const other = 'disk <*> full';
  await tellTemplate(one, keys[0]!);
  await tellTemplate(one, keys[0]!, other);
  const revision = await nthRevision(1);
  await one.orchestrator.revisions.record(revision);
  const { tag } = (await corrections(two, keys[0]!)).json;
  const headers = { 'if-none-match': `"${revision.revision}"` };
  await until('the other one has the revision', async () => {
    return (await two.ask('GET', '/api/v1/config', { key: keys[0], headers })).status === 304;
  });
  const startedAt = performance.now();
  const waiting = keys.map((key) => two.ask('GET', `/api/v1/config?wait=30&corrections=${tag}`, { key, headers }));
  await until('they wait', async () =>
    /nervesys_config_waiting_agents 12/.test((await two.ask('GET', '/metrics')).text),
  );

  const marked = await Promise.all([
    mark(one, TEMPLATE, { mark: 'alert' }),
    mark(two, templateId(other), { mark: 'ordinary' }),
  ]);

  assert.deepEqual(
    marked.map(({ status }) => status),
    [200, 200],
  );
  for (const answer of await Promise.all(waiting)) {
    assert.equal(answer.status, 304);
    assert.notEqual(answer.headers.get(CORRECTIONS_HEADER), tag);
  }
  assert.ok(performance.now() - startedAt < 15_000);
  for (const system of [one, two])
    await until('both are known', async () => (await corrections(system, keys[0]!)).json.corrections.length === 2);
});
