import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AlertView } from '../../../src/contract/fleet.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('alerts of one instant are turned page by page, each once, and are found by a part of their names', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('RACK-07');
  const alerts = Array.from({ length: 7 }, (_, index) => ({
    dedup_key: `trouble ${index}`,
    severity: 'warning',
    server: 'RACK-07',
    agent_id: index === 3 ? 'GROK_50%' : null,
    kind: 'agent.silent',
    title: index === 4 ? 'The Disk is full' : 'Silent',
    detail: {},
    at: '2025-12-10T19:45:00.000Z',
  }));
  assert.equal((await system.ask('POST', '/api/v1/alerts', { key, body: { alerts } })).status, 200);
  const read = async (query: string): Promise<AlertView[]> =>
    (await system.ask('GET', `/api/v1/alerts?${query}`)).json.alerts;

  const seen: AlertView[] = [];
  for (let page = await read('limit=3'); page.length > 0; ) {
    seen.push(...page);
    const last = page.at(-1)!;
    page = await read(`limit=3&before=${last.last_at}&before_id=${last.id}`);
  }
  assert.equal(new Set(seen.map(({ last_at: at }) => at)).size, 1, 'they were told in one instant');
  assert.deepEqual(
    seen.map(({ id }) => id),
    (await read('')).map(({ id }) => id),
  );

  const count = async (text: string) => (await read(`text=${encodeURIComponent(text)}`)).length;
  assert.deepEqual([await count('rack-0'), await count('grok_50%'), await count('disk IS')], [7, 1, 1]);
  assert.deepEqual([await count('%'), await count('_'), await count('\\'), await count("';--")], [1, 1, 0, 0]);
  assert.equal((await system.ask('GET', '/api/v1/alerts?text=%00')).status, 400);
  assert.equal((await system.ask('GET', `/api/v1/alerts?text=${'x'.repeat(101)}`)).status, 400);
  assert.equal((await system.ask('GET', '/api/v1/alerts?before_id=x')).status, 400);
});
