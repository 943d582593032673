import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { raiseAlerts } from '../../src/orchestrator/alerts/raise.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { runNervesys } from './run-nervesys.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await TestPostgres.start();
});
after(() => postgres.close());

test('people read, acknowledge, silence and resolve alerts from the command line', async (t) => {
  const database = await postgres.database();
  const system = await TestOrchestrator.open(t, database);
  const detail = {
    value: 93,
    lines_before: [{ timestamp: '2026-01-15T10:00:00.000Z', level: 'ERROR', message: 'disk \u001b[2J' }],
  };
  const trouble = { server: 'AIGARDEN01', agentId: 'GROK', dedupKey: 'disk', kind: 'threshold.disk_percent', detail };
  const [opened] = await database.transaction((transaction) =>
    raiseAlerts(transaction, [{ ...trouble, severity: 'critical', title: 'Disk 93 % full' }], new Date()),
  );
  const { id } = opened!;
  const nervesys = async (...args: string[]) => {
    const { code, stdout, stderr } = await runNervesys(['alerts', ...args, '--home', system.home]);
    return { code, text: stdout.toString(), stderr };
  };

  assert.match((await nervesys()).text, new RegExp(`${id} .*critical +open +AIGARDEN01 +GROK +1 +threshold`));
  assert.equal((await nervesys('ack', id, '--note', 'I look')).text, `Alert ${id} is acknowledged: Disk 93 % full\n`);
  const silenced = await nervesys('silence', id, '--for', '4h', '--reason', 'a new disk comes');
  assert.match(silenced.text, new RegExp(`^Silence 1: alert ${id}, from .* to .* UTC.\n$`));
  assert.match((await nervesys('silences')).text, /alert \d+ +a new disk comes/);
  const shown = (await nervesys('show', id)).text;
  assert.match(shown, /^critical Disk 93 % full\nGROK on AIGARDEN01, threshold.disk_percent, acknowledged\n/);
  assert.match(shown, /silenced until [\s\S]*value: 93[\s\S]*ERROR disk \\x1b\[2J[\s\S]*acknowledged by admin: I look/);
  assert.equal((await nervesys('unsilence', '1')).text, 'Silence 1 has ended.\n');
  assert.match((await nervesys('resolve', id)).text, /is resolved/);

  assert.equal((await nervesys()).stderr, 'No alert is open.\n');
  assert.match((await nervesys('--all', '--severity', 'critical')).text, /resolved/);
  const again = await nervesys('resolve', id);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /there is no open alert/);
  assert.equal((await nervesys('silence', '--reason', 'x')).code, 2);
  assert.equal((await nervesys('silence', '--everything')).code, 2, 'without a reason');
  assert.match((await nervesys('silence', id)).text, /^Silence 2: alert /);
  assert.equal((await nervesys('show', '../../healthz')).code, 1);
});
