/** Reports from the command line, against a running orchestrator whose desk stands in for its own. One is asked for by the real program, as a process. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { checkOrchestrator } from '../../src/commands/doctor/orchestrator-checks.ts';
import { TestOrchestrator } from '../support/orchestrator.ts';
import { TestPostgres } from '../support/postgres.ts';
import { SampleDesk, SHELVES } from '../support/sample-desk.ts';
import { tempDir } from '../support/temp-dir.ts';
import { runHere, runNervesys } from './run-nervesys.ts';

/** Of the test that runs: one orchestrator serves them all. */
let desk = new SampleDesk();
const postgres = await TestPostgres.start();
const system = await TestOrchestrator.open({ after: (end) => after(end as () => unknown) }, await postgres.database(), {
  reports: new Proxy(desk, {
    get: (_, name) => {
      const member: unknown = Reflect.get(desk, name);
      return typeof member === 'function' ? member.bind(desk) : member;
    },
  }),
});
after(() => postgres.close());

async function open(t: TestContext) {
  desk = new SampleDesk();
  const folder = await tempDir(t);
  const by =
    (run: typeof runHere) =>
    async (...args: string[]) => {
      const { code, stdout, stderr } = await run(['report', ...args, '--home', system.home]);
      return { code, text: stdout.toString(), stderr };
    };
  return {
    system,
    desk,
    folder,
    report: by(runHere),
    asProcess: by(runNervesys),
    allIsWell: () => (desk.shelves = SHELVES.slice(0, 1)),
  };
}

test('one is made, waited for, and told with what is wrong on a shelf and what to do; exit code 3 says that it is not everywhere', async (t) => {
  const { desk, report, asProcess, allIsWell } = await open(t);

  const made = await asProcess('daily', '--date', '2025-12-10');
  const any = await report('weekly', '--date', '2025-12-13', '--json');
  allIsWell();
  const well = await report('monthly', '--date', '2025-12');

  assert.equal(made.code, 3, made.stderr);
  assert.match(made.text, /^daily 2025-12-10: version 2 \(something arrived late\), red\n/);
  assert.match(made.text, / {2}folder +Daily\/2025-12-10_summary_he\.pdf +version 2 since 2025-12-10/);
  assert.match(made.text, / {2}drive +Daily\/2025-12-10_metrics\.xlsx +failed/);
  assert.equal(
    made.stderr,
    "drive: the folder isn't there, or this credential can't see it\n  hint: share the folder with the service account\n",
  );
  assert.equal(JSON.parse(any.text).period, '2025-W50');
  assert.deepEqual([well.code, well.stderr], [0, '']);
  assert.deepEqual(desk.asked, ['make daily 2025-12-10', 'make weekly 2025-W50', 'make monthly 2025-12']);
});

test('its files are fetched into a folder that is made: one language under plain names, else all as on a shelf', async (t) => {
  const { folder, report, allIsWell } = await open(t);
  allIsWell();

  const hebrew = await report('daily', '--date', '2025-12-10', '--lang', 'he', '--out', join(folder, 'a/b'));
  const all = await report('daily', '--date', '2025-12-10', '--out', join(folder, 'all'), '--json');
  await writeFile(join(folder, 'taken'), '');
  const taken = await report('daily', '--date', '2025-12-10', '--out', join(folder, 'taken'));

  assert.equal(hebrew.code, 0, hebrew.stderr);
  assert.deepEqual(readdirSync(join(folder, 'a/b')).sort(), ['2025-12-10_metrics.xlsx', '2025-12-10_summary.pdf']);
  assert.match(readFileSync(join(folder, 'a/b/2025-12-10_summary.pdf'), 'latin1'), /daily 2025-12-10 he, version 2/);
  assert.match(hebrew.text, /written: .*a\/b\/2025-12-10_summary\.pdf/);
  const names = [
    '2025-12-10_metrics.xlsx',
    '2025-12-10_metrics_he.xlsx',
    '2025-12-10_summary.pdf',
    '2025-12-10_summary_he.pdf',
  ];
  assert.deepEqual(readdirSync(join(folder, 'all')).sort(), names);
  assert.deepEqual(
    JSON.parse(all.text)
      .files.map((path: string) => path.split('/').at(-1))
      .sort(),
    names,
  );
  assert.equal(statSync(join(folder, 'all', names[0]!)).mode & 0o444, 0o444, 'others may read it, as umask has it');
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /--out .*taken can't be made a folder/);
});

test('a range goes on after a day that fails and names it, and with --missing leaves alone what there is', async (t) => {
  const { desk, report, allIsWell } = await open(t);
  allIsWell();
  desk.broken.add('2025-12-09');

  const first = await report('daily', '--from', '2025-12-08', '--to', '2025-12-11', '--missing');
  desk.broken.clear();
  const asked = desk.asked.length;
  const again = await report('daily', '--from', '2025-12-08', '--to', '2025-12-11', '--missing', '--json');

  assert.equal(first.code, 1);
  assert.match(
    first.text,
    /daily 2025-12-08: version 1.*\n {2}GROK was down for 14 minutes\.\n[\s\S]*daily 2025-12-10: there already\n[\s\S]*daily 2025-12-11: ver/,
  );
  assert.match(first.stderr, /daily 2025-12-09: .*the database has gone away[\s\S]*\n1 of 4 failed: 2025-12-09\n$/);
  assert.equal(asked, 3);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(desk.asked.slice(asked), ['make daily 2025-12-09']);
  assert.deepEqual([JSON.parse(again.text).reports.length, JSON.parse(again.text).failed], [4, []]);
});

test('reports are listed, sent again and their facts printed', async (t) => {
  const { desk, report } = await open(t);

  const list = await report('list');
  const weekly = await report('list', '--kind', 'weekly', '--json');
  const sent = await report('send', 'daily', '2025-12-10', '--shelf', 'folder', '--replace');
  const unknown = await report('send', 'daily', '2025-12-10', '--shelf', 'nowhere');
  const facts = await report('facts', 'critical', '2025-12-10');
  const older = await report('facts', 'daily', '2025-12-10', '--of-version', '1');

  assert.match(list.text, /^KIND +PERIOD +LIGHT +VERSION/);
  assert.match(list.text, /daily +2025-12-10 +red +2 +ready .* not on drive/);
  assert.match(
    list.stderr,
    /^shelf drive: the folder isn't there.*\n {2}hint: share .*\nNext \(UTC\): daily 2025-12-11 22:20, /,
  );
  assert.equal(JSON.parse(weekly.text).reports.length, 1);
  assert.deepEqual([sent.code, desk.asked], [0, ['send daily 2025-12-10 folder replace']]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /there is no shelf nowhere[\s\S]*NSV_SHELF_UNKNOWN/);
  assert.equal(JSON.parse(facts.text).open, 2);
  assert.match(older.stderr, /NSV_REPORT_NOT_FOUND/);
});

test('doctor names the shelf that reports do not get to, what to do, and those that they do', async (t) => {
  const { system, allIsWell } = await open(t);
  const look = async () =>
    (await checkOrchestrator({ home: system.home }, undefined, Date.now))
      .filter(({ name }) => name === 'reports')
      .map(({ state, found, remedy }) => [state, found, remedy]);

  const [drive, folder] = await look();
  allIsWell();

  assert.deepEqual(drive, [
    'warning',
    "shelf drive: the folder isn't there, or this credential can't see it",
    'share the folder with the service account',
  ]);
  assert.deepEqual(folder, ['ok', 'go to folder', undefined]);
  assert.deepEqual(await look(), [folder]);
});

test('what is no day, or no way to ask for one, is wrong usage', async (t) => {
  const { desk, report } = await open(t);
  const wrong: readonly (readonly [RegExp, ...string[]])[] = [
    [/"2025-13-45" is no day/, 'daily', '--date', '2025-13-45'],
    [/"\.\.\/\.\.\/etc" is no week/, 'weekly', '--date', '../../etc'],
    [/--date is one report/, 'daily', '--date', '2025-12-10', '--from', '2025-12-01'],
    [/--to needs --from/, 'daily', '--to', '2025-12-01'],
    [/comes after --to/, 'daily', '--from', '2025-12-10', '--to', '2025-12-01'],
    [/more than 3660 reports/, 'daily', '--from', '1990-01-01', '--to', '2025-12-01'],
    [/no kind of report/, 'facts', 'hourly', '2025-12-10'],
  ];

  for (const [message, ...args] of wrong) {
    const { code, stderr } = await report(...args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
  }
  assert.deepEqual(desk.asked, []);
});
