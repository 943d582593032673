import assert from 'node:assert/strict';
import { after, test } from 'node:test';
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
