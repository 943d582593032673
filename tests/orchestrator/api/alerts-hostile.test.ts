import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALERT_COUNT_MAX } from '../../../src/contract/alert.ts';
import type { AlertView } from '../../../src/contract/fleet.ts';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

// The goal: whatever an agent says, it is stored or refused with a reason. A 500 would be told again for ever, with all that stands behind it.

const postgres = await TestPostgres.start();
after(() => postgres.close());

const report = {
  dedup_key: 'disk',
  severity: 'warning',
  server: 'RACK-07',
  agent_id: null,
  kind: 'rule',
  title: 'Disk',
  detail: {},
  at: '2025-12-10T19:45:00.000Z',
};
type Change = Record<string, unknown>;

test('reports at the edge of what can be said are stored, and those past it refused with a reason', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('RACK-07');
  const tell = (...changes: Change[]) => {
    const alerts = changes.map((change) => ({ ...report, ...change }));
    return system.ask('POST', '/api/v1/alerts', { key, body: { alerts } });
  };
  const nested = (depth: number) => JSON.parse(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`) as Change;
  const many = { count: ALERT_COUNT_MAX };
  const cases: readonly (readonly [number, ...Change[]])[] = [
    [200, many, many, many],
    [200, many],
    [200, { dedup_key: 'then', at: '-200000-01-01T00:00:00Z' }],
    [200, { dedup_key: 'year 0', at: '0000-01-01T00:00:00Z' }],
    [200, { dedup_key: 'soon', at: '+200000-01-01T00:00:00Z' }],
    [400, { at: 'yesterday' }],
    [200, { dedup_key: '\0\ud800', kind: '\0', title: '\0\udc00', id: '\0', detail: { '\0': '\ud800' } }],
    [200, { dedup_key: 'ש'.repeat(200), title: '🦊'.repeat(250) }],
    [400, { dedup_key: 'ש'.repeat(201) }],
    [200, { dedup_key: 'fox', detail: JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}') }],
    [200, { dedup_key: '__proto__' }],
    [200, { dedup_key: 'never heard of', resolved: true }],
    [200, { dedup_key: 'deep', detail: nested(500) }],
  ];

  for (const [status, ...changes] of cases) {
    const answer = await tell(...changes);
    assert.equal(answer.status, status, JSON.stringify([changes, answer.json]).slice(0, 300));
  }
  for (const depth of [1_500, 3_000, 4_000])
    assert.ok([200, 400].includes((await tell({ dedup_key: 'deep', detail: nested(depth) })).status), `${depth} deep`);

  const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json as { alerts: readonly AlertView[] };
  assert.equal(Math.max(...alerts.map(({ count }) => count)), ALERT_COUNT_MAX);
  assert.equal(alerts.filter(({ first_at: at }) => at.startsWith('1970-01-01')).length, 2);
});

test('an id past any number is answered as an alert that there is not', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());

  for (const id of ['999999999999999', '0', '00000000000001'])
    assert.equal((await system.ask('GET', `/api/v1/alerts/${id}`)).status, 404, id);
  for (const id of ['9223372036854775808', '-1', '1e3', 'x'])
    assert.equal((await system.ask('POST', `/api/v1/alerts/${id}/resolve`)).status, 400, id);
});
