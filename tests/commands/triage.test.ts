import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkConfigTexts } from '../../src/config/index.ts';
import { report, templateId } from '../orchestrator/triage/templates.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runNervesys } from './run-nervesys.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

test('people list templates and mark, list, export and unmark them from the command line, over a restart', async (t) => {
  const system = await TestOrchestrator.open(t, await postgres.database());
  const database = postgres.lastName;
  const key = await system.enrol('AIGARDEN01');
  const lost = 'connection to <*> lost';
  const hostile = 'disk \u001b[2J <*> full \u202e';
  await system.ask('POST', '/api/v1/templates', {
    key,
    body: { id: 'e-1', templates: [report(lost, { is_alert: true, score: 0.9 }), report(hostile)] },
  });
  const detail = { template: templateId(lost), template_text: lost, tier: 'scorer', score: 0.9 };
  const told = {
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    severity: 'critical',
    kind: 'log.critical',
    title: 'x',
    detail,
  };
  await system.ask('POST', '/api/v1/alerts', {
    key,
    body: { alerts: [{ ...told, dedup_key: 'a', at: new Date().toISOString() }] },
  });
  const alert = (await system.ask('GET', '/api/v1/alerts')).json.alerts[0].id as string;
  let home = system.home;
  const nervesys = async (...args: string[]) => {
    const { code, stdout, stderr } = await runNervesys(['triage', ...args, '--home', home]);
    return { code, text: stdout.toString(), stderr };
  };

  const list = await nervesys('templates', '--new', '--agent', 'GROK', '--level', 'INFO');
  assert.match(list.text, new RegExp(`${templateId(lost)} .* alert .* 3 .*connection to <\\*> lost`));
  assert.match(list.text, /disk \\x1b\[2J <\*> full \\u\{202e\}/);
  assert.match((await nervesys('templates', '--grep', 'LOST', '--alert')).text, /^TEMPLATE.*\n[^\n]*lost\n$/);
  assert.equal((await nervesys('templates', '--grep', 'nothing%')).stderr, 'No such template.\n');
  const marked = await nervesys('mark', alert, '--ordinary', '--note', 'each night');
  assert.equal(
    marked.text,
    `Template ${templateId(lost)} is ordinary from now on: ${lost}\nResolved: alert ${alert}.\n`,
  );
  const shown = await runNervesys(['alerts', 'show', alert, '--home', home]);
  assert.match(shown.stdout.toString(), /its lines are marked as ordinary by admin/);
  assert.match((await nervesys('mark', templateId(hostile), '--alert')).text, /is an alert from now on/);

  await system.orchestrator.close();
  const again = await TestOrchestrator.open(t, postgres.connect(database));
  home = again.home;

  assert.match((await nervesys('mark', '--list')).text, /ordinary +admin .*connection to <\*> lost +each night/);
  assert.match(
    (await nervesys('templates', templateId(lost))).text,
    /taken for ordinary, marked \(score 0\.90\)\nmarked by admin/,
  );
  const file = join(await tempDir(t), 'rules.yaml');
  assert.equal((await nervesys('mark', '--export', file)).code, 0);
  const { config, complaints } = await checkConfigTexts(
    new Map([['agents/_defaults.yaml', await readFile(file, 'utf8')]]),
  );
  assert.deepEqual(complaints, []);
  assert.deepEqual(
    config?.agentDefaults.rules.map(({ effects }) => effects),
    [{ alert: { severity: 'critical' } }, { ordinary: true }],
  );
  const over = await nervesys('mark', '--export', file);
  assert.deepEqual([over.code, /not there yet/.test(over.stderr)], [2, true]);
  assert.match((await nervesys('mark', alert, '--remove')).text, /is not marked any more/);
  assert.equal(JSON.parse((await nervesys('mark', '--list', '--json')).text).corrections.length, 1);
  assert.equal((await nervesys('mark', alert, '--alert', '--ordinary')).code, 2);
  assert.equal((await nervesys('mark', '--alert')).code, 2);
  assert.equal((await nervesys('mark', '../../healthz', '--alert')).code, 1);
});
