/** Reports over HTTP, on a desk that stands in for the orchestrator's own: what people read, what admins ask for, and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { TestOrchestrator } from '../../support/orchestrator.ts';
import { TestPostgres } from '../../support/postgres.ts';
import { SampleDesk } from '../../support/sample-desk.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

async function open(t: TestContext) {
  const desk = new SampleDesk();
  const system = await TestOrchestrator.open(t, await postgres.database(), { reports: desk });
  return { desk, system, ask: system.ask.bind(system) };
}

test('the list is told by kind and page by page, a report with its versions, its facts with their version as tag', async (t) => {
  const { ask } = await open(t);

  const all = (await ask('GET', '/api/v1/reports')).json;
  const first = (await ask('GET', '/api/v1/reports?limit=3')).json;
  const rest = (await ask('GET', `/api/v1/reports?limit=3&cursor=${first.next}`)).json;
  const weekly = (await ask('GET', '/api/v1/reports?kind=weekly')).json.reports;
  const detail = (await ask('GET', '/api/v1/reports/daily/2025-12-10')).json;
  const facts = await ask('GET', '/api/v1/reports/daily/2025-12-10/facts');
  const again = await ask('GET', '/api/v1/reports/daily/2025-12-10/facts', { headers: { 'if-none-match': '"2"' } });
  const older = await ask('GET', '/api/v1/reports/daily/2025-12-10/facts?version=1');

  assert.equal(all.reports.length, 4);
  assert.deepEqual([...first.reports, ...rest.reports], all.reports);
  assert.equal(rest.next, undefined);
  assert.deepEqual(
    weekly.map(({ period }: { period: string }) => period),
    ['2025-W50'],
  );
  assert.deepEqual([detail.version, detail.light, detail.versions.length], [2, 'red', 2]);
  assert.equal(facts.json.totals.lost_records, 37);
  assert.equal(facts.headers.get('etag'), '"2"');
  assert.deepEqual([again.status, again.text], [304, '']);
  assert.deepEqual([older.status, older.json.code], [404, 'NSV_REPORT_NOT_FOUND']);
});

test('a PDF is shown and a workbook kept, under the name that it has on a shelf; known bytes are not sent again', async (t) => {
  const { ask, system } = await open(t);
  const path = '/api/v1/reports/daily/2025-12-10';
  const nameOf = (answer: { headers: Headers }) => answer.headers.get('content-disposition');

  const pdf = await ask('GET', `${path}/en.pdf`);
  const known = await ask('GET', `${path}/en.pdf`, { headers: { 'if-none-match': pdf.headers.get('etag')! } });
  const kept = await ask('GET', `${path}/en.pdf?download=1`);
  const hebrew = await ask('GET', `${path}/he.xlsx`);
  const weekly = await ask('GET', '/api/v1/reports/weekly/2025-W50/he.pdf');
  const none = await ask('GET', '/api/v1/reports/weekly/2025-W50/en.xlsx');
  const response = await fetch(`${system.url}${path}/en.pdf`, {
    headers: { authorization: `Bearer ${system.adminKey}` },
  });
  const bytes = Buffer.from(await response.arrayBuffer());

  assert.equal(pdf.headers.get('content-type'), 'application/pdf');
  assert.equal(pdf.headers.get('x-content-type-options'), 'nosniff');
  assert.match(pdf.headers.get('content-security-policy')!, /^default-src 'none';.*frame-ancestors 'none'$/);
  assert.equal(nameOf(pdf), 'inline; filename="2025-12-10_summary.pdf"');
  assert.equal(pdf.headers.get('etag'), `"${createHash('sha256').update(bytes).digest('hex')}"`);
  assert.deepEqual([known.status, known.text], [304, '']);
  assert.equal(nameOf(kept), 'attachment; filename="2025-12-10_summary.pdf"');
  assert.equal(nameOf(hebrew), 'attachment; filename="2025-12-10_metrics_he.xlsx"');
  assert.match(hebrew.headers.get('content-type')!, /spreadsheetml/);
  assert.equal(nameOf(weekly), 'inline; filename="Week_50_2025_he.pdf"');
  assert.deepEqual([none.status, none.json.code], [404, 'NSV_REPORT_NOT_FOUND']);
});

test('admins have one made and sent, each time told in the audit log; others read only', async (t) => {
  const { ask, desk } = await open(t);
  const keyOf = async (role: string) =>
    (await ask('POST', '/api/v1/keys', { body: { name: `a ${role}`, role } })).json.key as string;
  const [viewer, operator] = [await keyOf('viewer'), await keyOf('operator')];

  const made = await ask('POST', '/api/v1/reports/daily/2025-12-09', { body: {} });
  const running = await ask('POST', '/api/v1/reports/daily/2025-12-09', { body: {} });
  const sent = await ask('POST', '/api/v1/reports/daily/2025-12-10/send', { body: { shelf: 'drive', replace: true } });
  const unknown = await ask('POST', '/api/v1/reports/daily/2025-12-10/send', { body: { shelf: 'nowhere' } });
  const refused = [
    await ask('POST', '/api/v1/reports/daily/2025-12-08', { body: {}, key: viewer }),
    await ask('POST', '/api/v1/reports/daily/2025-12-08', { body: {}, key: operator }),
    await ask('POST', '/api/v1/reports/daily/2025-12-10/send', { body: {}, key: operator }),
  ];
  const read = await ask('GET', '/api/v1/reports/daily/2025-12-10/he.pdf', { key: viewer });

  assert.deepEqual([made.status, made.json.state], [202, 'making']);
  assert.deepEqual([running.status, running.json.code], [409, 'NSV_REPORT_RUNNING']);
  assert.equal(sent.status, 202);
  assert.deepEqual([unknown.status, unknown.json.code], [404, 'NSV_SHELF_UNKNOWN']);
  assert.deepEqual(
    refused.map(({ status }) => status),
    [403, 403, 403],
  );
  assert.equal(read.status, 200);
  assert.deepEqual(desk.asked, ['make daily 2025-12-09', 'send daily 2025-12-10 drive replace']);
  const { entries } = (await ask('GET', '/api/v1/audit?actions=report.asked,report.sent_again')).json;
  assert.deepEqual(
    entries.map(({ action, subject, detail }: Record<string, string>) => [action, subject, detail]),
    [
      ['report.sent_again', 'daily 2025-12-10', '{"shelf":"drive","replace":"true"}'],
      ['report.asked', 'daily 2025-12-09', '{}'],
    ],
  );
});

test('what is no period and no file is refused by its name, and never becomes part of a path', async (t) => {
  const { ask, desk } = await open(t);
  const cases: readonly (readonly [method: string, path: string, status: number, code: string])[] = [
    ['GET', 'daily/..%2F..%2Fetc', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'daily/2025-13-40', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'weekly/2025-W54', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'monthly/2025-00', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'daily/2025-W50', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'weekly/2025-12-10', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'daily/2025-12-10%00', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', `daily/${'9'.repeat(290)}`, 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['POST', 'daily/2025-13-45', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['POST', 'daily/%F0%9F%8E%89', 400, 'NSV_REPORT_PERIOD_INVALID'],
    ['GET', 'daily/2024-01-01', 404, 'NSV_REPORT_NOT_FOUND'],
    ['GET', 'daily/2025-12-10/fr.pdf', 404, 'NSV_REPORT_NOT_FOUND'],
    ['GET', 'daily/2025-12-10/en.pdf.exe', 404, 'NSV_REPORT_NOT_FOUND'],
    ['GET', 'daily/2025-12-10/..%2F..%2Fen.pdf', 404, 'NSV_REPORT_NOT_FOUND'],
    ['GET', 'daily/2025-12-10/en.pdf?version=0', 400, 'NSV_BODY_INVALID'],
    ['GET', 'hourly/2025-12-10', 400, 'NSV_BODY_INVALID'],
    ['GET', '?limit=100000', 400, 'NSV_BODY_INVALID'],
  ];

  for (const [method, path, status, code] of cases) {
    const answer = await ask(method, `/api/v1/reports/${path}`.replace('/?', '?'));
    assert.deepEqual([answer.status, answer.json?.code], [status, code], `${method} ${path}: ${answer.text}`);
    assert.equal(answer.text.includes('\u0000'), false);
  }
  const long = await ask('GET', `/api/v1/reports/daily/${'9'.repeat(20_000)}`);
  assert.ok(long.status >= 400 && long.status < 500, String(long.status));
  assert.deepEqual(desk.asked, []);
  assert.equal((await ask('GET', '/api/v1/reports')).status, 200);
});
