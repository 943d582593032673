import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import type { ServerName } from '../../src/contract/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import type { Archive } from '../../src/storage/index.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { foundRevision } from '../support/revisions.ts';
import { postLogs } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('that the archive refuses batches is an alert, which is over once it takes them again', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const { token } = await system.orchestrator.createToken();
  let refuses = true;
  const refusing: Archive = Object.create(system.archive, {
    put: {
      value: async (...parameters: Parameters<Archive['put']>) => {
        if (refuses) throw new NervesysError('NSV_ARCHIVE_DENIED', 'put: the key was refused');
        return system.archive.put(...parameters);
      },
    },
    description: { value: 'an archive that refuses' },
    head: { value: (...parameters: Parameters<Archive['head']>) => system.archive.head(...parameters) },
    get: { value: (...parameters: Parameters<Archive['get']>) => system.archive.get(...parameters) },
  });
  const agent = await Agent.open({
    home: await tempDir(t),
    server: 'AIGARDEN01' as ServerName,
    config: (await foundRevision({})).config!,
    join: { token },
    archive: refusing,
    clock: systemClock,
    random: () => 0.05,
    logger: silentLogger,
  });
  t.after(() => agent.close());
  const states = async () => {
    const { alerts } = (await system.ask('GET', '/api/v1/alerts')).json;
    return alerts.map(({ kind, state }: { kind: string; state: string }) => `${kind} ${state}`);
  };

  await postLogs(agent.url, JSON.stringify({ message: 'one', agent_id: 'GROK' }));
  await fetch(`${agent.url}/flush`, { method: 'POST' });
  await until('people are told', async () => (await states()).includes('archive.refused open'));
  refuses = false;
  const flushed = await fetch(`${agent.url}/flush`, { method: 'POST' });
  await until('it is over', async () => (await states()).includes('archive.refused resolved'));

  assert.equal(flushed.status, 200);
});
