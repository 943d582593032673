import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AlertView } from '../../../../src/contract/fleet.ts';
import { heartbeat, TestOrchestrator } from '../../../support/orchestrator.ts';
import { TestPostgres } from '../../../support/postgres.ts';
import { until } from '../../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('a running orchestrator raises an alert from a beat, and tells whoever watches', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const key = await system.enrol('AIGARDEN01');
  const beat = heartbeat('AIGARDEN01', 'GROK', {
    lost_records: 7,
    metrics: { cpu_percent: 99, ram_percent: 1, disk_percent: 1, buffer_size_mb: 1 },
  });
  await system.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [beat] } });

  const alerts = await until(
    'an alert',
    async (): Promise<AlertView[] | undefined> => {
      const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
      return alerts.length > 0 ? alerts : undefined;
    },
    12_000,
  );

  assert.deepEqual(
    alerts.map(({ kind, server, agent_id, severity, title }) => [kind, server, agent_id, severity, title]),
    [['threshold.lost_records', 'AIGARDEN01', null, 'warning', '7 records lost within an hour, past the limit of 1']],
    'what has to last is not told yet',
  );
});
