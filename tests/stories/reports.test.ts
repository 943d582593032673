/** A manager's report: the fleet beats, somebody asks for the day, and the files stand in the folder, once, whoever made them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ChildRenderer } from '../../src/orchestrator/reports/child-renderer.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { heartbeat, TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

test('the day that is asked for stands as PDF and workbook in the folder below the home, made by one of two replicas', async (t) => {
  const home = await tempDir(t);
  const first = await postgres.database();
  // As the program itself starts it: a process of its own that sets documents and workbooks.
  const spawnRenderer = () =>
    spawn(process.execPath, [PROGRAM, 'report-render', '--parent', `${process.pid}`], { stdio: 'pipe' });
  const renderer = new ChildRenderer({ spawn: spawnRenderer, clock: systemClock });
  t.after(() => renderer[Symbol.asyncDispose]());
  const reporting = { renderer };
  const one = await TestOrchestrator.open(t, first, { home, reporting });
  const two = await TestOrchestrator.open(t, postgres.connect(postgres.lastName), { home, reporting });
  const key = await one.enrol('AIGARDEN01');
  for (const agent of ['GROK', 'DEEPSEEK'])
    for (let n = 0; n < 3; n++)
      assert.equal(
        (await one.ask('POST', '/api/v1/heartbeats', { key, body: { heartbeats: [heartbeat('AIGARDEN01', agent)] } }))
          .status,
        200,
      );
  const listed = await one.ask('GET', '/api/v1/reports');
  assert.deepEqual(listed.json.reports, [], 'a fresh installation owes none');
  assert.equal(listed.json.enabled, true);
  const today = localDay(Date.now(), listed.json.time_zone);

  const asked = await Promise.all(
    [one, two].map((replica) => replica.ask('POST', `/api/v1/reports/daily/${today}`, { body: {} })),
  );
  assert.deepEqual(asked.map(({ status }) => status).sort(), [202, 409]);
  const report = await until(
    'both files are delivered',
    async () => {
      await systemClock.sleep(250); // asking as fast as it answers would take as much of the processor as the report
      const { json } = await two.ask('GET', `/api/v1/reports/daily/${today}`);
      return (
        json.state === 'ready' && json.deliveries.every(({ state }: { state: string }) => state === 'delivered') && json
      );
    },
    90_000,
  );

  assert.equal(report.version, 1);
  const folder = join(home, 'reports', 'OWAL AI Reports', 'Daily');
  assert.deepEqual((await readdir(folder)).sort(), [`${today}_metrics.xlsx`, `${today}_summary.pdf`]);
  for (const [format, name, head] of [
    ['pdf', 'summary', '%PDF-'],
    ['xlsx', 'metrics', 'PK'],
  ] as const) {
    const served = await fetch(`${one.url}/api/v1/reports/daily/${today}/en.${format}`, {
      headers: { authorization: `Bearer ${one.adminKey}` },
    });
    const standing = await readFile(join(folder, `${today}_${name}.${format}`));
    assert.equal(standing.subarray(0, head.length).toString(), head);
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), standing);
  }
  const counted = await Promise.all([one, two].map(async (replica) => (await replica.ask('GET', '/metrics')).text));
  const sum = (line: string) =>
    counted.reduce(
      (total, text) =>
        total +
        Number(
          text
            .split('\n')
            .find((one) => one.startsWith(line))
            ?.slice(line.length) ?? 0,
        ),
      0,
    );
  assert.equal(sum('nervesys_reports_total{kind="daily",outcome="made"} '), 1);
  assert.equal(sum('nervesys_report_deliveries_total{shelf="folder",outcome="delivered"} '), 2);
  const { json: facts } = await one.ask('GET', `/api/v1/reports/daily/${today}/facts`);
  assert.deepEqual(facts.agents.map(({ agent_id }: { agent_id: string }) => agent_id).sort(), ['DEEPSEEK', 'GROK']);
});

function localDay(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at);
}
