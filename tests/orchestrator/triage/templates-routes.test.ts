import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NEW_TEMPLATES_PER_SERVER_DAY_MAX } from '../../../src/contract/fleet-templates.ts';
import { forgetTemplates } from '../../../src/orchestrator/database/queries/forget-templates.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { report, templateId, today } from './templates.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function opened(t: Parameters<typeof TestOrchestrator.open>[0], ...servers: string[]) {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const keys = await Promise.all(servers.map((server) => system.enrol(server)));
  const tell = async (id: string, templates: readonly unknown[], key = keys[0]) => {
    const answer = await system.ask('POST', '/api/v1/templates', { key, body: { id, templates } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const list = async (query = '') => {
    const answer = await system.ask('GET', `/api/v1/templates${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const one = async (id: string) => (await system.ask('GET', `/api/v1/templates/${id}`)).json;
  return { system, keys, tell, list, one };
}

test('a request that comes again under its id counts once, and one of another server or id adds up', async (t) => {
  const { tell, list, keys } = await opened(t, 'AIGARDEN01', 'AIGARDEN02');
  const told = [report('disk <*> is full'), report('hello <*>')];

  assert.deepEqual(await tell('e-1', told), { accepted: 2, rejected: [], repeated: false });
  assert.deepEqual(await tell('e-1', told), { accepted: 2, rejected: [], repeated: true });
  await tell('e-2', [report('hello <*>', { counts: [{ agent_id: 'GROK', level: 'ERROR', day: today(), lines: 2 }] })]);
  await tell('e-1', told, keys[1]);

  const { templates, since } = await list();
  assert.equal(since, today(7));
  assert.deepEqual(
    Object.fromEntries(templates.map((one: { text: string; level_counts: object }) => [one.text, one.level_counts])),
    {
      'disk <*> is full': { DEBUG: 0, INFO: 6, WARN: 0, ERROR: 0, CRITICAL: 0 },
      'hello <*>': { DEBUG: 0, INFO: 6, WARN: 0, ERROR: 2, CRITICAL: 0 },
    },
  );
});

test('a template is found by an older id, and those that came of the same one elsewhere are linked', async (t) => {
  const { tell, one, keys } = await opened(t, 'AIGARDEN01', 'AIGARDEN02');
  const old = templateId('user ann failed');
  await tell('e-1', [report('user <*> failed', { aliases: [old] })]);
  await tell('e-1', [report('user ann <*>', { aliases: [old], last_seen_at: '2026-01-01T00:00:00Z' })], keys[1]);

  const found = await one(old);

  assert.equal(found.text, 'user <*> failed');
  assert.deepEqual(found.aliases, [old]);
  assert.deepEqual(found.related, [templateId('user ann <*>')]);
  assert.deepEqual(found.days, [{ day: today(), level_counts: { DEBUG: 0, INFO: 3, WARN: 0, ERROR: 0, CRITICAL: 0 } }]);
  assert.deepEqual(
    found.agents.map((agent: { agent_id: string }) => agent.agent_id),
    ['GROK'],
  );
  assert.equal((await one('0'.repeat(16))).code, 'NSV_TEMPLATE_UNKNOWN');
});

test('strange input is refused with its reason, template by template, and the others are taken', async (t) => {
  const { system, tell, list, one } = await opened(t, 'AIGARDEN01');
  const count = { agent_id: 'GROK', level: 'INFO', day: today(), lines: 1 };
  const strange: readonly (readonly [unknown, RegExp])[] = [
    [null, /^/],
    ['text', /^/],
    [[], /^template/],
    [report('a', { template: templateId('b') }), /not the id of its text/],
    [report('x'.repeat(2_001)), /^text/],
    [report('a', { aliases: ["'; DROP TABLE templates; --"] }), /^aliases\/0/],
    [report('a', { aliases: Array.from({ length: 33 }, (_, n) => templateId(String(n))) }), /^aliases/],
    [report('a', { score: 1e308 }), /^score/],
    [report('a', { first_seen_at: 'yesterday' }), /first_seen_at/],
    [report('a', { counts: [{ ...count, level: 'info' }] }), /^counts\/0\/level/],
    [report('a', { counts: [{ ...count, lines: -1 }] }), /^counts\/0\/lines/],
    [report('a', { counts: [{ ...count, lines: 0.5 }] }), /^counts\/0\/lines/],
    [report('a', { counts: [{ ...count, day: '2026-02-30' }] }), /^counts\/day/],
    [report('a', { counts: [{ ...count, hour: 24 }] }), /^counts\/0\/hour/],
    [report('a', { counts: [{ ...count, agent_id: 'a\u0000b' }] }), /control characters/],
    [report('a', { counts: Array.from({ length: 201 }, () => count) }), /^counts/],
    [report('twice'), /^$/], // taken
    [report('twice'), /told twice/],
  ];
  const hostile = [
    "'; DROP TABLE templates; -- <*>",
    'nul \u0000 and half \ud800 <*>',
    '__proto__ <*> constructor',
    '%_\\ <*>',
    '{1,2} "NULL" \\N',
  ];
  const agents = ["x'); DROP TABLE servers; --", '__proto__', 'half \ud800', 'עברית "{}"'];
  const counts = agents.flatMap((agent_id) => [
    { ...count, agent_id },
    { ...count, agent_id, lines: Number.MAX_SAFE_INTEGER },
  ]);

  const taken = await tell('e-1', [
    ...strange.map(([value]) => value),
    ...hostile.map((text) => report(text, { counts })),
  ]);

  assert.equal(taken.accepted, hostile.length + 1);
  const messages = new Map<number, string>(
    taken.rejected.map((no: { index: number; message: string }) => [no.index, no.message]),
  );
  for (const [index, [, expected]] of strange.entries())
    assert.match(messages.get(index) ?? '', expected, String(index));
  const { templates } = await list('?limit=500');
  const texts = templates.map(({ text }: { text: string }) => text).sort();
  assert.deepEqual(texts, [...hostile.map((text) => text.replaceAll(/[\0\ud800]/g, '\ufffd')), 'twice'].sort());
  const detail = await one(templateId(hostile[1]!));
  assert.deepEqual(
    detail.agents.map((agent: { agent_id: string }) => agent.agent_id).sort(),
    agents.map((agent) => agent.toWellFormed()).sort(),
  );
  assert.equal((await list(`?q=${encodeURIComponent('%_\\')}`)).templates.length, 1);
  for (const query of ['?cursor=x', '?limit=0', '?since=never', '?new=later', '?level=info', '?q=%00', '?agent_id=%00'])
    assert.equal((await system.ask('GET', `/api/v1/templates${query}`)).status, 400, query);
});

test('a body that is no request is refused whole', async (t) => {
  const { system, keys } = await opened(t, 'AIGARDEN01');
  const bodies = [
    {},
    { id: 'e-1' },
    { id: "e'1", templates: [] },
    { id: 'e-1', templates: Array.from({ length: 501 }, () => report('a')) },
    { id: 'e-1', templates: {} },
  ];
  for (const body of bodies) {
    const { status, json } = await system.ask('POST', '/api/v1/templates', { key: keys[0], body });
    assert.deepEqual([status, json.code], [400, 'NSV_BODY_INVALID'], JSON.stringify(body).slice(0, 100));
  }
  const raw = '{"id":"e-1","templates":[{"__proto__":{"x":1}}]}';
  const headers = { 'content-type': 'application/json' };
  assert.equal((await system.ask('POST', '/api/v1/templates', { key: keys[0], raw, headers })).status, 400);
});

test('a list is turned page by page, and narrowed by level, AI agent, verdict and age', async (t) => {
  const { tell, list, system } = await opened(t, 'AIGARDEN01');
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const many = Array.from({ length: 25 }, (_, n) =>
    report(`thing ${n} <*>`, { first_seen_at: at(3_000 + n), last_seen_at: at(n % 5) }),
  );
  const errors = [{ agent_id: 'GIMAI', level: 'ERROR', day: today(), lines: 1 }];
  await tell('e-1', [...many, report('disk <*> full', { is_alert: true, counts: errors })]);
  const seen: string[] = [];
  let query = '?limit=10';
  for (let page = 0; page < 4; page++) {
    const { templates, next } = await list(query);
    seen.push(...templates.map(({ text }: { text: string }) => text));
    if (next === undefined) break;
    query = `?limit=10&cursor=${next}`;
  }

  assert.equal(new Set(seen).size, 26);
  assert.equal(seen.length, 26);
  const texts = async (narrow: string) => (await list(narrow)).templates.map(({ text }: { text: string }) => text);
  assert.deepEqual(await texts('?new=true'), ['disk <*> full']);
  assert.equal((await texts('?new=3d')).length, 26);
  for (const narrow of ['?level=ERROR', '?agent_id=GIMAI', '?alert=true', '?q=DISK'])
    assert.deepEqual(await texts(narrow), ['disk <*> full'], narrow);
  assert.equal((await texts('?agent_id=GROK&level=ERROR')).length, 0);
  await system.ask('PUT', `/api/v1/triage/corrections/${templateId('disk <*> full')}`, { body: { mark: 'ordinary' } });
  assert.deepEqual(await texts('?alert=true'), []);
  assert.equal((await texts('?alert=false&limit=500')).length, 26);
});

test('servers that tell the same templates at once wait for nobody in a circle, and nothing is lost', async (t) => {
  const names = Array.from({ length: 12 }, (_, n) => `RACK${n}`);
  const { tell, list, keys } = await opened(t, ...names);
  const all = Array.from({ length: 500 }, (_, n) =>
    report(`thing ${n} <*>`, { aliases: [templateId(`thing ${n} a`)] }),
  );
  const reversed = all.toReversed();

  for (const round of [1, 2, 3])
    await Promise.all(keys.map((key, n) => tell(`e-${round}`, n % 2 === 0 ? all : reversed, key)));

  const { templates } = await list('?limit=500');
  assert.equal(templates.length, 500);
  assert.ok(templates.every((one: { level_counts: { INFO: number } }) => one.level_counts.INFO === 3 * 12 * 3));
});

test('a server that makes up templates is bounded by the day, and those that are known are still counted', async (t) => {
  const { tell, list, system, keys } = await opened(t, 'AIGARDEN01', 'AIGARDEN02');
  const made = (n: number) => report(`made up ${n}`, { counts: [] });
  for (let request = 0; request < NEW_TEMPLATES_PER_SERVER_DAY_MAX / 500; request++)
    assert.equal(
      (
        await tell(
          `e-${request}`,
          Array.from({ length: 500 }, (_, n) => made(request * 500 + n)),
        )
      ).accepted,
      500,
    );
  const startedAt = performance.now();

  const taken = await tell('f-1', [report('one more'), report('made up 7')]);

  assert.deepEqual([taken.accepted, taken.rejected.length], [1, 1]);
  assert.deepEqual([taken.rejected[0].index, taken.rejected[0].code], [0, 'NSV_TOO_MANY_TEMPLATES']);
  assert.equal((await tell('e-1', [report('one more')], keys[1])).accepted, 1, 'another server is not held up by it');
  assert.equal((await list('?q=made%20up%207&limit=1')).templates.length, 1);
  assert.ok(performance.now() - startedAt < 5_000);
  const metrics = (await system.ask('GET', '/metrics')).text;
  assert.match(metrics, /nervesys_templates_told_total\{outcome="rejected"\} 1\n/);
});

test('what nobody has seen for long is forgotten with its older ids, and what people said of it stays', async (t) => {
  const { tell, system } = await opened(t, 'AIGARDEN01');
  await tell('e-1', [report('old <*>', { aliases: [templateId('x')] }), report('new <*>')]);
  await system.ask('PUT', `/api/v1/triage/corrections/${templateId('old <*>')}`, { body: { mark: 'alert' } });
  const database = postgres.connect(postgres.lastName);
  await database.query("UPDATE templates SET last_seen_at = '2026-01-01T00:00:00Z' WHERE text = 'old <*>'");

  assert.equal(await forgetTemplates(database, new Date('2026-02-01')), 1);

  assert.equal((await system.ask('GET', `/api/v1/templates/${templateId('x')}`)).status, 404);
  assert.equal((await system.ask('GET', '/api/v1/triage/corrections')).json.corrections.length, 1);
  const removed = await system.ask('DELETE', `/api/v1/triage/corrections/${templateId('old <*>')}`);
  assert.equal(removed.status, 204);
});

test('ten thousand templates of a hundred servers are taken at once, and found soon', async (t) => {
  const { tell, list, keys } = await opened(t, ...Array.from({ length: 100 }, (_, n) => `RACK${n}`));
  const of = (n: number) =>
    Array.from({ length: 200 }, (_, index) => report(`thing <*> no ${(n * 100 + index) % 10_000} done`));
  const startedAt = performance.now();

  await Promise.all(keys.map((key, n) => tell('e-1', of(n), key)));

  const takenMs = performance.now() - startedAt;
  assert.ok(takenMs < 20_000, `${takenMs} ms`);
  const askedAt = performance.now();
  const { templates } = await list('?q=no%209999%20done&agent_id=GROK&level=INFO&alert=false');
  assert.deepEqual(
    templates.map((one: { level_counts: { INFO: number } }) => one.level_counts.INFO),
    [6],
  );
  assert.ok(performance.now() - askedAt < 2_000);
});

test('what a wrong clock dates is counted today, and was seen no later than now', async (t) => {
  const { tell, list, one } = await opened(t, 'AIGARDEN01');
  const counts = ['1970-01-01', '2101-05-05', today(3)].map((day) => ({
    agent_id: 'GROK',
    level: 'INFO',
    day,
    hour: 7,
    lines: 1,
  }));
  const clocks = { first_seen_at: '1970-01-01T00:00:00Z', last_seen_at: '2101-05-05T00:00:00.123456Z' };

  const taken = await tell('e-1', [
    report('ahead <*>', { ...clocks, counts }),
    report('behind <*>', { ...clocks, last_seen_at: '1970-01-02T00:00:00Z' }),
  ]);

  assert.deepEqual(taken.rejected, []);
  const { days } = await one(templateId('ahead <*>'));
  assert.deepEqual(
    days.map(({ day, level_counts: { INFO } }: { day: string; level_counts: { INFO: number } }) => [day, INFO]),
    [
      [today(3), 1],
      [today(), 2],
    ],
  );
  await using database = postgres.connect(postgres.lastName);
  const { rows: hours } = await database.query('SELECT hour FROM template_hours');
  assert.deepEqual(hours, [{ hour: new Date(`${today(3)}T07:00:00Z`) }]); // of the others nobody knows it
  const [ahead, behind] = (await list()).templates;
  assert.ok(Date.parse(ahead.last_seen_at) <= Date.now());
  assert.equal(ahead.first_seen_at, '1970-01-01T00:00:00.000Z');
  assert.equal(behind.last_seen_at.slice(0, 10), today(31));
});
