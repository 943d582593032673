import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';

const PUBLISHED = join(import.meta.dirname, '../../../config/schemas');

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

test('an editor gets the schemas that the repository publishes, without a key, and no other file', async (t) => {
  const orchestrator = await TestOrchestrator.open(t, await postgres.database());
  const get = (name: string) => orchestrator.ask('GET', `/api/v1/schemas/${name}`, { key: null });

  for (const name of ['agent.schema.json', 'storage.schema.json', 'thresholds.schema.json']) {
    const { status, headers, json } = await get(name);
    assert.deepEqual([status, headers.get('content-type')], [200, 'application/schema+json; charset=utf-8']);
    assert.deepEqual(json, JSON.parse(readFileSync(join(PUBLISHED, name), 'utf8')));
  }
  for (const name of ['__proto__', 'constructor', '..%2f..%2fpackage.json', 'agent.schema.jsonx'])
    assert.equal((await get(name)).json.code, 'NSV_NOT_FOUND', name);
});
