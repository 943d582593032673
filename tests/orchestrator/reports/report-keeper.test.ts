/** Exactly one of each report, on time, on every shelf: whoever makes it, whatever fails, and however late something is heard. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { ReportSettings } from '../../../src/config/index.ts';
import { readTables } from '../../../src/orchestrator/backups/tables.ts';
import type { Database } from '../../../src/orchestrator/database/database.ts';
import type { ReportKeeperOptions } from '../../../src/orchestrator/reports/report-keeper.ts';
import { NervesysError } from '../../../src/platform/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TestPostgres } from '../../support/postgres.ts';
import {
  dataSince,
  keep,
  RECORDING_SHELF,
  RecordingShelf,
  reportSettings,
  shelfSettings,
} from '../../support/report-keeping.ts';
import { until } from '../../support/until.ts';

const postgres = await TestPostgres.start();
after(() => postgres.close());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 00:20 in Jerusalem on Thursday, 26 November 2026: Wednesday is due, and nothing else. */
const MIDNIGHT = '2026-11-25T22:20:00.000Z';
const YESTERDAY = ['Daily/2026-11-25_metrics.xlsx', 'Daily/2026-11-25_summary.pdf'];

/** An installation with data since the 25th, one shelf, and a replica at 00:20. */
async function midnight(
  t: TestContext,
  more: Partial<ReportSettings> & { options?: Partial<ReportKeeperOptions> } = {},
) {
  const { options = {}, ...settings } = more;
  const database = await postgres.database();
  const name = postgres.lastName;
  await dataSince(database, '2026-11-25T08:00:00Z');
  const shelf = new RecordingShelf();
  const clock = new FakeClock(MIDNIGHT);
  const held = { settings: reportSettings(settings) };
  const replica = (at: FakeClock = clock, on: Database = database, own: Partial<ReportKeeperOptions> = {}) => {
    const kept = keep(on, at, shelf, { settings: () => held.settings, ...options, ...own });
    t.after(() => kept.keeper.close());
    return kept;
  };
  return { database, name, shelf, clock, held, replica, ...replica() };
}

async function versionsOf(database: Database): Promise<string[]> {
  const { rows } = await database.query<{ said: string }>(
    "SELECT kind || ' ' || period || ' v' || version AS said FROM report_facts ORDER BY 1",
  );
  return rows.map(({ said }) => said);
}

async function alertsOf(database: Database): Promise<[state: string, title: string, count: number][]> {
  const { rows } = await database.query<{ state: string; title: string; count: number }>(
    "SELECT state, title, count FROM alerts WHERE kind = 'report.missing' ORDER BY id",
  );
  return rows.map(({ state, title, count }) => [state, title, count]);
}

test('two replicas at midnight make one version, and bring each file once', async (t) => {
  const { database, name, shelf, clock, keeper, facts, replica } = await midnight(t);
  const other = replica(clock, postgres.connect(name));

  await Promise.all([keeper.workOnce(), other.keeper.workOnce(), keeper.workOnce(), other.keeper.workOnce()]);
  await Promise.all([keeper.workOnce(), other.keeper.workOnce()]);

  assert.deepEqual(
    [...shelf.puts].sort(),
    YESTERDAY.map((path) => `${path} v1`),
  );
  assert.deepEqual(await versionsOf(database), ['daily 2026-11-25 v1']);
  assert.deepEqual([...facts.asked, ...other.facts.asked], ['daily 2026-11-25']);
  const [report] = (await keeper.desk.list({ limit: 10 })).reports;
  assert.equal(report?.state, 'ready');
  assert.equal(report?.light, 'green');
  assert.deepEqual(
    report?.deliveries.map(({ state, version, link, path }) => [state, version, link?.slice(0, 22), path]),
    YESTERDAY.toReversed().map((path) => ['delivered', 1, 'https://shelf.example/', path]),
  );
});

test('while one replica brings a file to a shelf, another leaves that shelf alone', async (t) => {
  const { name, shelf, clock, keeper, replica } = await midnight(t);
  const other = replica(clock, postgres.connect(name));
  let rounds = 0;
  shelf.before = async () => {
    if (rounds++ > 0) return;
    const puts = shelf.puts.length;
    await other.keeper.workOnce();
    assert.equal(shelf.puts.length, puts);
  };

  await keeper.workOnce();

  assert.equal(rounds, 2);
  assert.deepEqual(
    [...shelf.puts].sort(),
    YESTERDAY.map((path) => `${path} v1`),
  );
});

test('before its time nothing is made, nor on an installation that has no data', async (t) => {
  const { database, clock, shelf, keeper, renderer, replica } = await midnight(t);
  clock.jump(-1_000);
  await keeper.workOnce();
  assert.deepEqual(await versionsOf(database), []);

  await database.query('DELETE FROM transitions');
  clock.jump(2_000);
  const fresh = replica();
  await fresh.keeper.workOnce();
  assert.deepEqual(await versionsOf(database), []);
  // Data comes; the same replica then owes yesterday nothing, for it began today.
  await dataSince(database, '2026-11-25T22:10:00Z');
  await fresh.keeper.workOnce();
  assert.deepEqual(await versionsOf(database), []);
  assert.deepEqual([shelf.puts, renderer.asked], [[], []]);
});

test('the days that were missed are made, oldest first, and the week that ended meanwhile', async (t) => {
  const { clock, shelf, keeper } = await midnight(t);
  await keeper.workOnce();
  shelf.puts.length = 0;
  clock.jump(5 * 24 * HOUR_MS + 6 * HOUR_MS); // Tuesday, 1 December, 06:20

  await keeper.workOnce();

  assert.deepEqual(
    shelf.puts.filter((put) => !put.includes('xlsx')),
    [
      'Daily/2026-11-26_summary.pdf v1',
      'Daily/2026-11-27_summary.pdf v1',
      'Daily/2026-11-28_summary.pdf v1',
      'Daily/2026-11-29_summary.pdf v1',
      'Weekly/Week_48_2026.pdf v1',
      'Daily/2026-11-30_summary.pdf v1',
      'Monthly/2026-11.pdf v1',
    ],
  );
  assert.equal(shelf.puts.filter((put) => put.includes('xlsx')).length, 5);
});

test('what arrived late makes version 2 in the same places; the same facts again change nothing', async (t) => {
  const { database, clock, shelf, keeper, facts, renderer } = await midnight(t, {
    schedule: { daily: '20 0 25 * *', weekly: undefined, monthly: undefined },
  });
  clock.jump(-24 * HOUR_MS); // the 25th
  await database.query("UPDATE transitions SET at = '2026-11-24T08:00:00Z'");
  await keeper.workOnce();
  const [rendered, put] = [renderer.asked.length, shelf.puts.length];
  assert.deepEqual([rendered, put, facts.asked.length], [2, 2, 1]);

  clock.jump(6 * HOUR_MS);
  await keeper.workOnce();
  assert.equal(facts.asked.length, 2);
  assert.deepEqual([renderer.asked.length, shelf.puts.length], [rendered, put]);
  assert.deepEqual(await versionsOf(database), ['daily 2026-11-24 v1']);

  facts.records = 1_001;
  clock.jump(5 * HOUR_MS);
  await keeper.workOnce();
  assert.equal(facts.asked.length, 2, 'it is not looked at all the time');
  clock.jump(HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual(await versionsOf(database), ['daily 2026-11-24 v1', 'daily 2026-11-24 v2']);
  assert.deepEqual(shelf.puts.slice(2), ['Daily/2026-11-24_summary.pdf v2', 'Daily/2026-11-24_metrics.xlsx v2']);
  assert.match(shelf.files.get('Daily/2026-11-24_summary.pdf') ?? '', /v2 en\.pdf: 1001/);
  const detail = await keeper.desk.detail('daily', '2026-11-24');
  assert.deepEqual(
    detail.versions.map(({ version }) => version),
    [1, 2],
  );
  assert.ok(detail.deliveries.every(({ version }) => version === 2));

  clock.jump(4 * 24 * HOUR_MS);
  await keeper.workOnce();
  const asked = facts.asked.length;
  facts.records = 1_002;
  clock.jump(24 * HOUR_MS);
  await keeper.workOnce();
  assert.equal(facts.asked.length, asked, 'nothing more is expected of it');
});

test('any version can be had, the same bytes each time, also when its file was let go of', async (t) => {
  const { database, clock, keeper, facts, renderer, replica } = await midnight(t);
  await keeper.workOnce();
  facts.records = 1_001;
  clock.jump(6 * HOUR_MS);
  await keeper.workOnce();
  const file = (version?: number) => keeper.desk.file('daily', '2026-11-25', 'en', 'pdf', version);
  const [first, second] = [await file(1), await file()];
  assert.match(Buffer.from(first.bytes).toString(), /v1 en\.pdf: 1000/);
  assert.match(Buffer.from(second.bytes).toString(), /v2 en\.pdf: 1001/);
  assert.equal(second.version, 2);
  assert.deepEqual((await keeper.desk.facts('daily', '2026-11-25', 1)).version, 1);
  // A language that no shelf has is made when somebody asks.
  assert.match(
    Buffer.from((await keeper.desk.file('daily', '2026-11-25', 'he', 'xlsx')).bytes).toString(),
    /v2 he\.xlsx/,
  );

  // Megabytes of facts are not read for a file that stands.
  const asked: string[] = [];
  const watched = Object.assign(Object.create(database) as Database, {
    query: (text: string, ...rest: [unknown[]]) => {
      asked.push(text);
      return database.query(text, ...rest);
    },
  });
  await replica(clock, watched).keeper.desk.file('daily', '2026-11-25', 'en', 'pdf');
  assert.deepEqual([asked.length, asked.filter((text) => text.includes('report_facts'))], [1, []]);

  // So a backup need not hold it.
  const shapes = await readTables(database);
  const kept = shapes.find((shape) => shape.name === 'report_files')?.columns ?? [];
  assert.deepEqual([kept.includes('sha256'), kept.includes('content')], [true, false]);

  clock.jump(399 * 24 * HOUR_MS);
  await keeper.sweep();
  assert.equal(renderer.asked.length, 6);
  clock.jump(2 * 24 * HOUR_MS);
  await database.query("UPDATE reports SET due_at = NULL, ends_at = ends_at + '300 days'"); // facts stay
  await keeper.sweep();
  const { rows } = await database.query('SELECT FROM report_files WHERE content IS NOT NULL');
  assert.equal(rows.length, 0);
  assert.deepEqual(await file(), second);
  assert.deepEqual(await file(), second);
  assert.equal(renderer.asked.length, 7, 'made again once');

  await database.query("UPDATE reports SET ends_at = ends_at - interval '300 days'");
  await keeper.sweep();
  await assert.rejects(file(), { code: 'NSV_REPORT_NOT_FOUND' });
  assert.deepEqual(await versionsOf(database), []);
});

test('a report that cannot be gathered or rendered is tried again, and the files of the version before stay', async (t) => {
  const { clock, shelf, keeper, facts, renderer } = await midnight(t);
  facts.before = () => {
    throw new NervesysError('NSV_REPORT_FAILED', 'gather facts: Postgres took too long');
  };
  await keeper.workOnce();
  let view = await keeper.desk.detail('daily', '2026-11-25');
  assert.deepEqual([view.state, view.version, view.error], ['failed', 0, 'gather facts: Postgres took too long']);

  facts.before = () => undefined;
  await keeper.workOnce();
  assert.equal((await keeper.desk.detail('daily', '2026-11-25')).version, 0, 'not at once');
  clock.jump(MINUTE_MS);
  await keeper.workOnce();
  view = await keeper.desk.detail('daily', '2026-11-25');
  assert.deepEqual([view.state, view.version, view.error], ['ready', 1, null]);

  facts.records = 7;
  renderer.before = ({ format }) => {
    if (format === 'pdf') throw new NervesysError('NSV_REPORT_FAILED', 'render: the program ended');
  };
  for (let n = 0; n < 4; n++) {
    clock.jump(6 * HOUR_MS);
    await keeper.workOnce();
  }
  view = await keeper.desk.detail('daily', '2026-11-25');
  assert.deepEqual([view.state, view.version], ['failed', 2]);
  assert.match(shelf.files.get(YESTERDAY[1]!) ?? '', /v1/);
  assert.equal(view.documents.length, 2);

  renderer.before = () => undefined;
  clock.jump(6 * HOUR_MS);
  await keeper.workOnce();
  assert.match(shelf.files.get(YESTERDAY[1]!) ?? '', /v2/);
  assert.equal((await keeper.desk.detail('daily', '2026-11-25')).state, 'ready');
});

test('a shelf that fails for a while gets its file all the same, and others do not wait for it', async (t) => {
  const { clock, shelf, keeper, held } = await midnight(t);
  let left = 3;
  shelf.before = ({ path }) => {
    if (path.endsWith('pdf') && left-- > 0)
      throw new NervesysError('NSV_SHELF_BUSY', 'put it there: 503', { retryable: true, hint: 'wait' });
  };
  await keeper.workOnce();
  const pdf = async () =>
    (await keeper.desk.detail('daily', '2026-11-25')).deliveries.find(({ format }) => format === 'pdf');
  assert.deepEqual(shelf.puts, ['Daily/2026-11-25_metrics.xlsx v1']);
  assert.deepEqual(
    [(await pdf())?.state, (await pdf())?.error, (await pdf())?.hint],
    ['waiting', 'put it there: 503', 'wait'],
  );
  assert.equal((await keeper.desk.list({ limit: 1 })).shelves[0]?.state, 'failing');

  for (const wait of [90_000, 180_000]) {
    clock.jump(wait - 1_000);
    await keeper.workOnce();
    assert.equal((await pdf())?.state, 'waiting');
    clock.jump(1_000);
    await keeper.workOnce();
  }
  assert.deepEqual([(await pdf())?.attempts, (await pdf())?.state], [3, 'waiting']);
  clock.jump(360_000);
  await keeper.workOnce();
  assert.deepEqual([(await pdf())?.attempts, (await pdf())?.state, (await pdf())?.error], [4, 'delivered', null]);
  assert.deepEqual(shelf.puts, ['Daily/2026-11-25_metrics.xlsx v1', 'Daily/2026-11-25_summary.pdf v1']);
  assert.equal((await keeper.desk.list({ limit: 1 })).shelves[0]?.state, 'ready');
  assert.equal(held.settings.shelves.length, 1);
});

test('a shelf that is down for three days is given up on', async (t) => {
  const { clock, shelf, keeper } = await midnight(t);
  shelf.before = () => {
    throw new NervesysError('NSV_SHELF_UNREACHABLE', 'put it there: no answer', { retryable: true });
  };
  let attempts = 0;
  for (let hours = 0; hours < 72; hours += 6) {
    await keeper.workOnce();
    clock.jump(6 * HOUR_MS);
    attempts = (await keeper.desk.detail('daily', '2026-11-25')).deliveries[0]?.attempts ?? 0;
  }
  assert.ok(attempts > 10, `${attempts}`);
  await keeper.workOnce();
  const { deliveries } = await keeper.desk.detail('daily', '2026-11-25');
  assert.ok(deliveries.every(({ state, due_at }) => state === 'failed' && due_at === null));
});

test('what no time mends is given up at once, and tried again when the credential is another, or somebody sends it', async (t) => {
  let credential = 'old';
  const { clock, shelf, keeper } = await midnight(t, { options: { shelfCredential: () => credential } });
  shelf.before = () => {
    if (credential === 'old')
      throw new NervesysError('NSV_SHELF_SIGN_IN', 'put it there: invalid_grant', { hint: 'renew it' });
  };
  await keeper.workOnce();
  const states = async () =>
    (await keeper.desk.detail('daily', '2026-11-25')).deliveries.map(({ state, attempts }) => [state, attempts]);
  assert.deepEqual(await states(), [
    ['failed', 1],
    ['failed', 1],
  ]);
  clock.jump(12 * HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual(await states(), [
    ['failed', 1],
    ['failed', 1],
  ]);

  await keeper.desk.sendAgain('daily', '2026-11-25', 'recording');
  await keeper.workOnce();
  assert.deepEqual(await states(), [
    ['failed', 1],
    ['failed', 1],
  ]);

  credential = 'new';
  await keeper.workOnce();
  assert.deepEqual(await states(), [
    ['delivered', 1],
    ['delivered', 1],
  ]);
  assert.deepEqual(
    [...shelf.puts].sort(),
    YESTERDAY.map((path) => `${path} v1`),
  );
  assert.equal(shelf.open, 1, 'the one that was opened with the old credential is closed');
});

test('a shelf gets what is critical first, then the oldest, and of a report the PDF before the workbook, one language after the other', async (t) => {
  const { shelf, keeper, held } = await midnight(t, { shelves: [] });
  for (const [kind, period] of [
    ['daily', '2026-11-25'],
    ['daily', '2026-11-24'],
    ['weekly', '2026-W47'],
    ['critical', '2026-11-25'],
  ] as const)
    await keeper.desk.make(kind, period);
  await keeper.workOnce();
  held.settings = reportSettings({ shelves: [shelfSettings('recording', { languages: ['he', 'en'] })] });
  for (const [kind, period] of [
    ['daily', '2026-11-25'],
    ['weekly', '2026-W47'],
    ['critical', '2026-11-25'],
    ['daily', '2026-11-24'],
  ] as const)
    await keeper.desk.sendAgain(kind, period);

  await keeper.workOnce();

  const both = (path: string, end: string) => [`${path}_en.${end} v1`, `${path}.${end} v1`];
  assert.deepEqual(shelf.puts, [
    ...both('Alerts/Critical_2026-11-25', 'pdf'),
    ...both('Weekly/Week_47_2026', 'pdf'),
    ...['2026-11-24', '2026-11-25'].flatMap((day) => [
      ...both(`Daily/${day}_summary`, 'pdf'),
      ...both(`Daily/${day}_metrics`, 'xlsx'),
    ]),
  ]);
});

test('a shelf that keeps a report which knows more says how to replace it, and neither fails nor misses one', async (t) => {
  const { database, clock, shelf, keeper } = await midnight(t);
  shelf.before = ({ knows, replaces }) => {
    assert.equal(knows, 86_400, 'all of the day');
    if (!replaces)
      throw new NervesysError('NSV_SHELF_KEEPS_MORE', 'put it: version 3 stands there', { hint: 'It stays' });
  };
  await keeper.workOnce();
  await clock.advance(8 * HOUR_MS);
  await keeper.workOnce();

  const { deliveries } = await keeper.desk.detail('daily', '2026-11-25');
  assert.deepEqual(
    deliveries.map(({ state, hint }) => [state, hint]),
    Array(2).fill(['failed', 'It stays: nervesys report send daily 2026-11-25 --shelf recording --replace']),
  );
  assert.deepEqual(
    (await keeper.desk.list({ limit: 1 })).shelves.map(({ state }) => state),
    ['ready'],
  );
  assert.deepEqual(await alertsOf(database), []);

  await keeper.desk.sendAgain('daily', '2026-11-25', 'recording', true);
  await keeper.workOnce();
  assert.deepEqual(
    shelf.puts.sort(),
    YESTERDAY.map((path) => `${path} v1`),
  );
  await keeper.desk.sendAgain('daily', '2026-11-25');
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 2, 'the word holds for that one time');
});

test('sending again puts the newest version there again, on one shelf or all, and the shelf is asked by name', async (t) => {
  const { shelf, keeper } = await midnight(t);
  await assert.rejects(keeper.desk.sendAgain('daily', '2026-11-25'), { code: 'NSV_REPORT_NOT_FOUND' });
  await keeper.workOnce();
  await assert.rejects(keeper.desk.sendAgain('daily', '2026-11-25', 'attic'), { code: 'NSV_SHELF_UNKNOWN' });

  const view = await keeper.desk.sendAgain('daily', '2026-11-25');
  assert.deepEqual(
    view.deliveries.map(({ state, version }) => [state, version]),
    [
      ['waiting', 1],
      ['waiting', 1],
    ],
  );
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 4);
  assert.equal(shelf.files.size, 2);
});

test('a shelf that is added gets the next report, an earlier one by hand; what waits for one that is taken away ends', async (t) => {
  const { database, clock, shelf, keeper, held } = await midnight(t, { shelves: [RECORDING_SHELF] });
  shelf.before = () => {
    throw new NervesysError('NSV_SHELF_UNREACHABLE', 'no answer', { retryable: true });
  };
  await keeper.workOnce();
  const second = new RecordingShelf('second');
  const { keeper: renewed } = keep(database, clock, second, { settings: () => held.settings });
  t.after(() => renewed.close());
  held.settings = reportSettings({ shelves: [shelfSettings('second', { languages: ['he', 'en'], formats: ['pdf'] })] });
  await renewed.workOnce();
  const of = async (name: string) =>
    (await renewed.desk.detail('daily', '2026-11-25')).deliveries
      .filter((one) => one.shelf === name)
      .map(({ state }) => state);
  assert.deepEqual(await of('recording'), ['waiting', 'waiting'], 'another replica may know it still');
  clock.jump(3 * MINUTE_MS);
  await renewed.workOnce();
  assert.deepEqual(await of('recording'), ['failed', 'failed']);
  assert.deepEqual(second.puts, []);

  await renewed.desk.sendAgain('daily', '2026-11-25', 'second');
  await renewed.workOnce();
  assert.deepEqual(second.puts, ['Daily/2026-11-25_summary_en.pdf v1', 'Daily/2026-11-25_summary.pdf v1']);
  assert.match(second.files.get('Daily/2026-11-25_summary.pdf') ?? '', /he\.pdf/);
  clock.jump(24 * HOUR_MS);
  await renewed.workOnce();
  assert.ok(second.files.has('Daily/2026-11-26_summary.pdf'));
});

test('where a shelf is to have another language, what waits in the one before does not take its name', async (t) => {
  const { clock, shelf, keeper, facts, held, replica } = await midnight(t, {
    shelves: [shelfSettings('recording', { languages: ['he'], formats: ['pdf'] })],
  });
  shelf.before = () => {
    throw new NervesysError('NSV_SHELF_UNREACHABLE', 'no answer', { retryable: true });
  };
  await keeper.workOnce();
  held.settings = reportSettings({ shelves: [shelfSettings('recording', { formats: ['pdf'] })] });
  facts.records = 2_000;
  await keeper.desk.make('daily', '2026-11-25');
  await keeper.workOnce();
  shelf.before = () => undefined;
  clock.jump(10 * MINUTE_MS);
  await keeper.workOnce();
  await replica().keeper.workOnce(); // a start tries again what has failed

  assert.deepEqual(shelf.puts, [`${YESTERDAY[1]} v2`]);
  assert.match(shelf.files.get(YESTERDAY[1]!) ?? '', /en\.pdf/);
});

test('a report is made when somebody asks, once at a time, also where none is made by itself', async (t) => {
  const { clock, shelf, keeper, facts, renderer, replica } = await midnight(t, { enabled: false });
  await keeper.workOnce();
  assert.deepEqual(facts.asked, []);
  for (const [kind, period] of [
    ['daily', '2026-11-31'],
    ['daily', '2026-W48'],
    ['weekly', '2026-W54'],
    ['daily', '2026-11-27'],
  ] as const)
    await assert.rejects(keeper.desk.make(kind, period), { code: 'NSV_REPORT_PERIOD_INVALID' }, period);

  const view = await keeper.desk.make('daily', '2026-11-25');
  assert.deepEqual([view.state, view.version], ['making', 0]);
  await assert.rejects(keeper.desk.make('daily', '2026-11-25'), { code: 'NSV_REPORT_RUNNING' });
  // A replica whose clock is a little behind finds it wanted all the same.
  const behind = replica(new FakeClock(clock.now() - 1_000));
  await assert.rejects(behind.keeper.desk.make('daily', '2026-11-25'), { code: 'NSV_REPORT_RUNNING' });
  let refused: unknown;
  renderer.before = async () => {
    refused ??= await keeper.desk.make('daily', '2026-11-25').catch((error: unknown) => error);
  };
  await keeper.workOnce();
  assert.equal((refused as NervesysError).code, 'NSV_REPORT_RUNNING');
  assert.deepEqual(
    [...shelf.puts].sort(),
    YESTERDAY.map((path) => `${path} v1`),
  );

  // The same facts and the same bytes: nothing moves. Other bytes (the program is another): it is brought again.
  await keeper.desk.make('daily', '2026-11-25');
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 2);
  renderer.edition = 'second edition';
  await keeper.desk.make('daily', '2026-11-25');
  await keeper.workOnce();
  assert.equal(shelf.puts.length, 4);
  assert.match(shelf.files.get(YESTERDAY[1]!) ?? '', /v1 .*second edition/);
  assert.equal((await keeper.desk.detail('daily', '2026-11-25')).state, 'ready');
  clock.jump(24 * HOUR_MS);
  await keeper.workOnce();
  assert.equal(facts.asked.length, 3);
});

test('an old day that is made anew keeps what was known of it when details were kept', async (t) => {
  const byHand = { daily: undefined, weekly: undefined, monthly: undefined };
  const { database, clock, shelf, keeper, facts, renderer } = await midnight(t, { schedule: byHand });
  facts.gaps = [{ kind: 'no_prices' }];
  await keeper.desk.make('daily', '2026-11-25');
  await keeper.workOnce();
  clock.jump(60 * 24 * HOUR_MS);
  facts.records = 900;
  facts.gaps = [{ kind: 'coarse_history' }, { kind: 'no_prices' }];
  renderer.edition = 'second edition';

  await keeper.desk.make('daily', '2026-11-25');
  await keeper.workOnce();
  assert.match(shelf.files.get(YESTERDAY[1]!) ?? '', /v1 .*1000, second edition/);

  // One that was made before it was over is no better.
  facts.gaps = [{ kind: 'unfinished' }];
  await keeper.desk.make('daily', '2027-01-25');
  await keeper.workOnce();
  clock.jump(60 * 24 * HOUR_MS);
  facts.gaps = [{ kind: 'coarse_history' }];
  await keeper.desk.make('daily', '2027-01-25');
  await keeper.workOnce();
  assert.deepEqual(await versionsOf(database), ['daily 2026-11-25 v1', 'daily 2027-01-25 v1', 'daily 2027-01-25 v2']);
});

test('a day that was made by hand before it was over is made again when its time comes', async (t) => {
  const { clock, shelf, keeper, facts } = await midnight(t);
  await keeper.desk.make('daily', '2026-11-26');
  await keeper.workOnce();
  assert.ok(shelf.puts.includes('Daily/2026-11-26_summary.pdf v1'));
  facts.records = 5_000;
  clock.jump(24 * HOUR_MS);
  await keeper.workOnce();
  assert.match(shelf.files.get('Daily/2026-11-26_summary.pdf') ?? '', /v2 .*5000/);
});

test('a replica that is stopped for longer than its claim puts nothing old in the place of the new', async (t) => {
  const { database, name, shelf, clock, keeper, replica } = await midnight(t);
  const stopped = new FakeClock(MIDNIGHT); // its clock, and so its renewals, stand still
  const slow = replica(stopped, postgres.connect(name));
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let isFirst = true;
  shelf.before = async ({ path }) => {
    if (!isFirst || !path.endsWith('.pdf')) return;
    isFirst = false;
    reached.resolve();
    await held.promise;
  };
  await slow.keeper.desk.make('daily', '2026-11-25');
  const working = slow.keeper.workOnce();
  await reached.promise;

  clock.jump(6 * HOUR_MS);
  const fresh = replica(clock, postgres.connect(name));
  fresh.facts.records = 2_000;
  // The shelf has the older one in its hands; the newer one comes in between. (The strict shelf takes one at a time: another name for it.)
  await fresh.keeper.desk.make('daily', '2026-11-25');
  const between = new RecordingShelf();
  const newer = keep(postgres.connect(name), clock, between, {});
  t.after(() => newer.keeper.close());
  newer.facts.records = 2_000;
  await newer.keeper.workOnce();
  assert.ok(between.puts.includes('Daily/2026-11-25_summary.pdf v2'));

  held.resolve();
  await working;
  await keeper.workOnce();
  // It has overwritten what is newer, which was noticed, and mended.
  assert.deepEqual(
    shelf.puts.filter((put) => put.includes('.pdf')),
    ['Daily/2026-11-25_summary.pdf v1', 'Daily/2026-11-25_summary.pdf v2'],
  );
  assert.match(shelf.files.get(YESTERDAY[1]!) ?? '', /v2/);
  assert.deepEqual(await versionsOf(database), ['daily 2026-11-25 v1', 'daily 2026-11-25 v2']);
});

test('the list comes in pages, the newest period first, and says what is due next', async (t) => {
  const { clock, keeper } = await midnight(t);
  clock.jump(5 * 24 * HOUR_MS + 6 * HOUR_MS);
  await keeper.workOnce();
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await keeper.desk.list({ limit: 3, cursor });
    names.push(...page.reports.map(({ kind, period }) => `${kind} ${period}`));
    cursor = page.next;
  } while (cursor !== undefined);

  assert.deepEqual(names, [
    'daily 2026-11-30',
    'monthly 2026-11',
    'daily 2026-11-29',
    'weekly 2026-W48',
    'daily 2026-11-28',
    'daily 2026-11-27',
    'daily 2026-11-26',
    'daily 2026-11-25',
  ]);
  const answer = await keeper.desk.list({ kind: 'weekly', limit: 3 });
  assert.deepEqual(
    answer.reports.map(({ period }) => period),
    ['2026-W48'],
  );
  assert.deepEqual(answer.next_due, {
    daily: '2026-12-01T22:20:00.000Z',
    weekly: '2026-12-07T04:00:00.000Z',
    monthly: '2027-01-01T04:00:00.000Z',
  });
  const times = ['2026-11-26T22:00:00.000Z', '+275760-09-13T00:00:00.000Z', '-000001-01-01T00:00:00.000Z'];
  const cursors = ['x', `${times[0]}_daily_\0`, `${times[1]}_daily_2026-11-26`, `${times[2]}_daily_2026-11-26`];
  for (const cursor of cursors)
    await assert.rejects(keeper.desk.list({ limit: 3, cursor }), { code: 'NSV_BODY_INVALID' });
});

test('the report of yesterday that is not on its shelf by 08:00 is one alert, which its delivery settles', async (t) => {
  const { database, name, clock, shelf, keeper, replica } = await midnight(t);
  const other = replica(clock, postgres.connect(name));
  shelf.before = () => {
    throw new NervesysError('NSV_SHELF_UNREACHABLE', 'no answer', { retryable: true });
  };
  await clock.advance(7 * HOUR_MS + 39 * MINUTE_MS); // 07:59
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), []);

  await clock.advance(MINUTE_MS);
  await Promise.all([keeper.workOnce(), other.keeper.workOnce()]);
  await clock.advance(20 * MINUTE_MS);
  await Promise.all([keeper.workOnce(), other.keeper.workOnce()]);
  assert.deepEqual(await alertsOf(database), [['open', 'The report of 2026-11-25 is not on shelf recording', 1]]);

  shelf.before = () => undefined;
  await clock.advance(HOUR_MS);
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), [['resolved', 'The report of 2026-11-25 is not on shelf recording', 1]]);
});

test('a report that is not made by then is an alert as well; none is missed where none is expected', async (t) => {
  const { database, clock, keeper, facts, held } = await midnight(t);
  facts.before = () => {
    throw new NervesysError('NSV_REPORT_FAILED', 'gather facts: no room');
  };
  await clock.advance(8 * HOUR_MS);
  held.settings = reportSettings({ expectedByMinutes: undefined });
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), []);
  held.settings = reportSettings();
  await keeper.workOnce();
  assert.deepEqual(await alertsOf(database), [['open', 'The report of 2026-11-25 is not made', 1]]);
  const { rows } = await database.query<{ reason: string }>("SELECT detail ->> 'reason' AS reason FROM alerts");
  assert.equal(rows[0]?.reason, 'gather facts: no room');

  held.settings = reportSettings({ enabled: false });
  await keeper.workOnce();
  assert.deepEqual(
    (await alertsOf(database)).map(([state]) => state),
    ['resolved'],
  );
});

test('by its loop a keeper makes what is due, and one that is asked for at once', async (t) => {
  const { clock, shelf, keeper } = await midnight(t);
  keeper.start();
  await clock.advance(4_000);
  assert.deepEqual(shelf.puts, []);
  await clock.advance(1_000);
  await until('two files', () => shelf.puts.length === 2);

  await keeper.desk.make('weekly', '2026-W47');
  await until('the week', () => shelf.files.has('Weekly/Week_47_2026.pdf'));
  await keeper.close();
  assert.equal(shelf.open, 0);
});

test('where none is made by itself, a replica makes what another was asked for that is gone', async (t) => {
  const { clock, shelf, keeper, replica } = await midnight(t, { enabled: false });
  const gone = replica();
  keeper.start();
  await clock.advance(10 * MINUTE_MS);
  await gone.keeper.desk.make('daily', '2026-11-25');
  await gone.keeper.close();

  // Its loop asks the database in between, which takes what it takes.
  await until('two files', async () => {
    await clock.advance(MINUTE_MS);
    return shelf.puts.length === 2;
  });
});
