/**
 * Workbooks of the sample days, read back by what the format says (and by LibreOffice, where it is): every cell holds what the facts say, and
 * nothing in it is what Excel refuses.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { AgentFacts, FactsTotals, ReportFacts } from '../../../../src/contract/report-facts.ts';
import { REPORT_LANGUAGES, type ReportLanguage } from '../../../../src/contract/reports.ts';
import { renderWorkbook, workbookWords } from '../../../../src/orchestrator/reports/workbook/render-workbook.ts';
import { HOSTILE_NAMES, SAMPLE_DAYS, sampleDay, samplePeriod } from '../../../support/report-samples.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { readWorkbook } from './read-workbook.ts';
import { whatExcelRefuses } from './what-excel-refuses.ts';

const SHEETS = ['Summary', 'Agents', 'Hours', 'Levels', 'Templates', 'Alerts', 'Archive', 'AI work', 'Definitions'];
/** Hours between Excel's days and Israel's winter. */
const ISRAEL = 2 / 24;
const serial = (iso: string, offset = ISRAEL) => Date.parse(iso) / 86_400_000 + 25_569 + offset;
const near = (actual: unknown, expected: number | null, what: string) => {
  if (expected === null) assert.equal(actual, null, what);
  else
    assert.ok(typeof actual === 'number' && Math.abs(actual - expected) < 1e-6, `${what}: ${actual}, not ${expected}`);
};

const SAMPLES: readonly (readonly [name: string, facts: () => ReportFacts])[] = [
  ...SAMPLE_DAYS.filter((name) => name !== 'thousand-agents').map((name) => [name, () => sampleDay(name)] as const),
  ['weekly', () => samplePeriod('weekly')],
  ['monthly', () => samplePeriod('monthly')],
];

/** Each is made once, for all that look at it. */
const made = new Map<string, Promise<Uint8Array>>();
function workbookOf(name: string, lang: ReportLanguage): Promise<Uint8Array> {
  const key = `${name} ${lang}`;
  const [, facts] = SAMPLES.find(([one]) => one === name)!;
  const bytes = made.get(key) ?? renderWorkbook(facts(), lang).then((workbook) => workbook.bytes);
  made.set(key, bytes);
  return bytes;
}

// The largest takes its time: what it has of its own, it has in both.
for (const [name, facts] of SAMPLES)
  for (const lang of name === 'thousand-agents' ? (['he'] as const) : REPORT_LANGUAGES)
    test(`${name} in ${lang} has nothing that Excel refuses, and all sheets in their direction`, async () => {
      const bytes = await workbookOf(name, lang);

      assert.deepEqual(whatExcelRefuses(bytes), []);
      const { sheets } = readWorkbook(bytes);
      const words = workbookWords(lang);
      const expected = Object.entries(words.sheets).filter(([key]) => key !== 'work' || facts().ai_work !== null);
      assert.deepEqual(
        sheets.map((sheet) => sheet.name),
        expected.map(([, one]) => one),
      );
      for (const { xml, name: sheet } of sheets) assert.equal(xml.includes('rightToLeft="true"'), lang === 'he', sheet);
    });

test('the English sheets have their names, in their order', async () => {
  const { sheets } = readWorkbook(await workbookOf('bad', 'en'));

  assert.deepEqual(
    sheets.map(({ name }) => name),
    SHEETS,
  );
});

test('the same facts give the same bytes', async () => {
  const [first, second] = [await workbookOf('hostile', 'he'), await renderWorkbook(sampleDay('hostile'), 'he')];

  assert.ok(Buffer.from(first).equals(second.bytes));
});

for (const lang of REPORT_LANGUAGES)
  test(`cells of every sheet equal the facts, in ${lang}`, async () => {
    const facts = sampleDay('bad');
    const words = workbookWords(lang);
    const sheet = sheetsIn(await workbookOf('bad', lang), lang);
    const of = (key: keyof typeof words.columns) => words.columns[key].name;
    const inZone = (key: keyof typeof words.columns) => `${of(key)} (Asia/Jerusalem)`;

    checkTotals(facts, lang, sheet('summary').cells);

    const agents = sheet('agents').list();
    assert.equal(agents.length, facts.agents.length);
    facts.agents.forEach((agent, index) => {
      const row = agents[index]!;
      assert.equal(row[of('agent')], agent.agent_id);
      assert.equal(row[of('server')], agent.server);
      assert.equal(row[of('light')], words.report.light[agent.light]);
      assert.equal(row[of('state')], words.report.state[agent.state!]);
      near(row[of('availability')], agent.availability, agent.agent_id);
      near(row[of('down')], (agent.seconds.down ?? 0) / 86_400, agent.agent_id);
      near(row[of('longestOutage')], agent.longest_outage_seconds / 86_400, agent.agent_id);
      assert.equal(row[of('records')], agent.records);
      assert.equal(row[of('critical')], agent.level_counts!.CRITICAL);
      near(row[of('errorRate')], agent.error_rate, agent.agent_id);
      near(row[of('cpu95')], agent.vitals.cpu_percent!.p95 / 100, agent.agent_id);
      near(row[of('bufferMost')], agent.vitals.buffer_size_mb?.max ?? null, agent.agent_id);
    });

    const hours = sheet('hours').list();
    assert.equal(hours.length, 24 * facts.agents.length);
    facts.agents.forEach((agent: AgentFacts, n) => {
      facts.slots.forEach((slot, index) => {
        const row = hours[n * 24 + index]!;
        assert.equal(row[of('agent')], agent.agent_id);
        near(row[inZone('from')], serial(slot.starts_at), slot.label);
        assert.equal(row[of('records')], agent.by_slot![index]?.records ?? null);
        near(
          row[of('cpu')],
          agent.by_slot![index] === null ? null : agent.by_slot![index]!.cpu_percent! / 100,
          slot.label,
        );
      });
    });

    const levels = sheet('levels').list();
    assert.equal(levels.length, 24);
    facts.by_slot.forEach((slot, index) => {
      const row = levels[index]!;
      for (const [key, level] of [
        ['debug', 'DEBUG'],
        ['info', 'INFO'],
        ['error', 'ERROR'],
      ] as const)
        assert.equal(row[of(key)], slot.level_counts?.[level] ?? null);
      near(row[of('up')], slot.seconds.up! / 86_400, `${index}`);
      near(row[of('ramMost')], slot.vitals.ram_percent!.max / 100, `${index}`);
      assert.equal(row[of('archivedBytes')], slot.archived_bytes);
    });

    const templates = sheet('templates').list();
    assert.deepEqual(
      templates.map((row) => [row[of('line')], row[of('lines')], row[of('linesBefore')], row[of('isNew')]]),
      facts.templates.top.map((one, n) => [one.text, one.lines, one.lines_before, n === 3 ? words.yes : words.no]),
    );

    const alerts = sheet('alerts').list();
    assert.equal(alerts.length, facts.alerts.list.length);
    facts.alerts.list.forEach((alert, index) => {
      const row = alerts[index]!;
      near(row[inZone('opened')], serial(alert.first_at), alert.id);
      near(
        row[inZone('acknowledged')],
        alert.acknowledged_at === null ? null : serial(alert.acknowledged_at),
        alert.id,
      );
      assert.equal(row[of('acknowledgedBy')], alert.acknowledged_by);
      assert.equal(row[of('severity')], words.report.alerts.severity[alert.severity]);
      assert.equal(row[of('times')], alert.count);
    });

    const [about] = sheet('archive').list(1);
    assert.equal(about![of('objects')], facts.archive.objects);
    assert.equal(about![of('bytes')], facts.archive.bytes);
    near(about![of('cost')], facts.archive.cost, 'cost');
    near(about![inZone('bufferPeakAt')], serial(facts.archive.buffer_peak!.at), 'peak');
    assert.deepEqual(
      sheet('archive')
        .list(4)
        .map((row) => [row[of('server')], row[of('lost')], row[of('bytes')]]),
      facts.servers.map((one) => [one.server, one.lost_records, one.archived_bytes]),
    );

    assert.deepEqual(
      sheet('work')
        .list()
        .map((row) => [row[of('agent')], row[of('inputTokens')], row[of('workCost')]]),
      facts.ai_work!.by_agent_model.map((one) => [one.agent_id, one.input_tokens, one.cost_usd]),
    );
  });

test('an alert of a known kind is told in Hebrew, with its own title beside it', async () => {
  const sheet = sheetsIn(await workbookOf('bad', 'he'), 'he');

  const [silent, other] = sheet('alerts').list();

  assert.deepEqual([silent!['מה קרה'], silent!['כלשונה']], ['אין ממנו סימן חיים', 'GROK is silent']);
  assert.equal(other!['מה קרה'], 'connection to 10.0.0.7 refused');
});

test('names and lines that look like formulas are texts that stay so, harmless, and whole', async () => {
  const { bytes } = await renderWorkbook(hostileFacts(), 'en');

  const { sheets } = readWorkbook(bytes); // which accepts no formula anywhere
  const cells = (name: string) => [...sheets.find((sheet) => sheet.name === name)!.cells];
  for (const name of ['Agents', 'Hours', 'Templates', 'AI work']) {
    const found = cells(name).filter(([, { value }]) => typeof value === 'string' && /^[=+\-@]/.test(value));
    assert.ok(found.length > 0, name);
    // 49: text. In such a cell Excel takes nothing for a formula when somebody edits it, either.
    assert.deepEqual(new Set(found.map(([, { format }]) => format)), new Set(['49']), name);
  }
  const agents = cells('Agents').flatMap(([, { value }]) => (typeof value === 'string' ? [value] : []));
  for (const name of [
    '=cmd|/C calc!A0',
    '<b>&amp;"\'</b>',
    '+1-800@SUM(A1:A9)',
    '-2+3\\n\\u0000',
    'שלום GROK 3.5 (בטא)',
  ])
    assert.ok(agents.includes(name), name);
  assert.ok(agents.includes('_x0041_ is no A'));
  assert.ok(agents.includes('bell and half of a pair \ufffd'), JSON.stringify(agents));
  const all = sheets.flatMap((sheet) => [...sheet.cells.values()].map(({ value }) => `${value}`)).join('');
  assert.doesNotMatch(all, /[\u0000-\u001f\u202a-\u202e]/);
});

test('what isn’t known is an empty cell or a dash, and never 0', async () => {
  const sheet = await sheetsOf(sampleDay('empty'), 'en');

  const totals = [...Array(19).keys()].map((n) => sheet('summary').cells.get(`B${12 + n}`)?.value);
  assert.deepEqual(new Set(totals), new Set(['—']));
  assert.deepEqual(sheet('agents').list(), []);
  for (const row of sheet('levels').list())
    assert.deepEqual(
      Object.entries(row).filter(([name, value]) => value !== null && !/^(?:From|Hour)/.test(name)),
      [],
    );
  assert.deepEqual(new Set(Object.values(sheet('archive').list(1)[0]!)), new Set(['—']));
  assert.doesNotMatch(sheet('summary').xml, /<drawing/); // nothing to draw
  assert.match(
    [...sheet('summary').cells.values()].map(({ value }) => value).join('\n'),
    /Nothing is known that could be drawn/,
  );
});

test('amounts of a day that is not over are not compared with those of whole days, and shares are', async () => {
  const bad = sampleDay('bad');
  const gaps = [{ kind: 'unfinished' as const, from: '2025-12-10T10:00:00.000Z', to: bad.period.ends_at }, ...bad.gaps];
  const changeOf = async (facts: ReportFacts, key: keyof FactsTotals) => {
    const { cells } = (await sheetsOf(facts, 'en'))('summary');
    const [place] = [...cells].find(([, { value }]) => value === workbookWords('en').totals[key].name)!;
    return cells.get(place.replace('A', 'D'))?.value ?? null;
  };

  assert.equal(await changeOf({ ...bad, gaps }, 'records'), null);
  assert.equal(typeof (await changeOf({ ...bad, gaps }, 'error_rate')), 'number');
  assert.equal(typeof (await changeOf(bad, 'records')), 'number');
});

test('that the cost of AI work is a part of the whole is said where what is missing is', async () => {
  const bad = sampleDay('bad');
  const texts = async (cost_is_partial: boolean) =>
    [...(await sheetsOf({ ...bad, ai_work: { ...bad.ai_work!, cost_is_partial } }, 'en'))('summary').cells.values()]
      .map(({ value }) => value)
      .join('\n');

  assert.match(await texts(true), /the cost is a part of the whole/);
  assert.doesNotMatch(await texts(false), /the cost is a part of the whole/);
});

test('a day of 25 hours has the hour that comes twice, told apart by UTC', async () => {
  const sheet = await sheetsOf(sampleDay('long'), 'en');

  const rows = sheet('levels').list();

  assert.equal(rows.length, 25);
  assert.deepEqual(
    rows.slice(0, 4).map((row) => row['Hour']),
    ['00', '01', '01', '02'],
  );
  const local = rows.map((row) => Math.round((row['From (Asia/Jerusalem)'] as number) * 24) % 24);
  assert.deepEqual(local.slice(0, 4), [0, 1, 1, 2]);
  assert.equal(new Set(rows.map((row) => row['From (UTC)'])).size, 25);
  assert.equal((await sheetsOf(sampleDay('short'), 'en'))('levels').list().length, 23);
});

test('many AI agents have their rows, and their thousands of hours', async () => {
  const thousand = sampleDay('thousand-agents');
  const facts = { ...thousand, agents: thousand.agents.slice(0, 250) }; // all of them are written in render-cost.test.ts

  const { bytes } = await renderWorkbook(facts, 'he');

  assert.deepEqual(whatExcelRefuses(bytes), []);
  const { sheets } = readWorkbook(bytes);
  const rows = (name: string) => sheets.find((sheet) => sheet.name === name)!.list();
  assert.equal(rows('סוכנים').length, 250);
  const hours = rows('שעות');
  assert.equal(hours.length, 6_000);
  const last = facts.agents.at(-1)!;
  assert.deepEqual([hours.at(-1)!['סוכן AI'], hours.at(-1)!['רשומות']], [last.agent_id, last.by_slot!.at(-1)!.records]);
});

test('every column of every sheet is defined, with its meaning and unit', async () => {
  for (const lang of REPORT_LANGUAGES) {
    const words = workbookWords(lang);
    const { sheets } = readWorkbook(await workbookOf('bad', lang));
    const { sheet, name, means, unit } = words.definitions;
    const rows = sheets.at(-1)!.list();
    const defined = new Set(rows.map((row) => `${row[sheet]}/${row[name]}`));
    const zone = ' (Asia/Jerusalem)';

    for (const one of sheets.slice(1, -1))
      for (const header of Object.keys(one.list(one.name === words.sheets.archive ? 4 : 1)[0]!))
        assert.ok(defined.has(`${one.name}/${header.replace(zone, '')}`), `${one.name}: ${header}`);
    for (const row of rows) assert.ok(row[means] !== null && row[name] !== null, JSON.stringify(row));
    assert.ok(rows.filter((row) => row[unit] !== null).length > 100);
    const texts = rows.map((row) => `${row[means]}`).join('\n');
    assert.match(texts, /12:00/); // the gap in these facts
  }
});

test('lists are frozen below their header, filtered, and printed on A4 with the header on each page', async () => {
  const { parts, sheets } = readWorkbook(await workbookOf('bad', 'en'));

  for (const { name, xml } of sheets.slice(1)) {
    assert.match(xml, /<pane [^>]*state="frozen"/, name);
    assert.match(xml, /<autoFilter ref="\$A\$\d/, name);
    assert.match(xml, /<pageSetUpPr fitToPage="true">/, name);
    assert.ok(parts.get('xl/workbook.xml')!.includes(`name="_xlnm.Print_Titles">&#39;${name}&#39;`), name);
  }
  for (const { name, xml } of sheets) assert.match(xml, /<pageSetup [^>]*orientation="landscape" paperSize="9"/, name);
  const core = parts.get('docProps/core.xml')!;
  for (const one of ['<dc:creator>Nervesys<', '<dc:language>en-GB<', '10 December 2025', '2025-12-10T22:20:00Z'])
    assert.ok(core.includes(one), one);
});

test('charts have titles, titles of their axes, and gaps', async () => {
  for (const lang of REPORT_LANGUAGES) {
    const { charts } = workbookWords(lang);
    const { parts } = readWorkbook(await workbookOf('bad', lang));
    const drawn = [...parts].filter(([name]) => name.startsWith('xl/charts/chart')).map(([, xml]) => xml);

    assert.equal(drawn.length, 6);
    for (const title of [
      charts.levels,
      charts.states,
      charts.vitals,
      charts.recordsTrend,
      charts.errorsTrend,
      charts.archiveTrend,
    ])
      assert.ok(
        drawn.some((xml) => xml.includes(`<a:t>${title}</a:t>`)),
        title,
      );
    for (const xml of drawn) {
      assert.equal([...xml.matchAll(/<a:t>/g)].length, 3);
      assert.match(xml, /<dispBlanksAs val="gap">/);
      assert.equal(xml.includes('<orientation val="maxMin">'), lang === 'he');
    }
  }
});

const hasOffice = spawnSync('sh', ['-c', 'command -v soffice']).status === 0;
/** A profile takes LibreOffice longer to make than a workbook to read. */
const profile = mkdtempSync(join(tmpdir(), 'nervesys-office-'));
after(() => rmSync(profile, { recursive: true, force: true }));
const noOffice = hasOffice ? false : 'soffice (libreoffice-calc) is not installed';

test('LibreOffice reads the same cells, and takes no name for a formula', {
  skip: noOffice,
  timeout: 120_000,
}, async (t) => {
  const folder = await tempDir(t);
  const hostile = sampleDay('hostile');
  // Two seconds of a day are no full availability, and one error in a million is one.
  const [first, second] = [{ availability: 0.999_976 }, { error_rate: 0.000_001 }];
  const facts = {
    ...hostile,
    agents: hostile.agents.map((agent, n) => ({ ...agent, ...(n === 0 ? first : n === 1 ? second : {}) })),
  };
  // Every sheet into a file of its own, values as they are shown, UTF-8.
  const files = convert(
    folder,
    (await renderWorkbook(facts, 'en')).bytes,
    'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1',
  );

  assert.equal(files.length, SHEETS.length);
  const agents = readFileSync(join(folder, 'out', 'day-Agents.csv'), 'utf8');
  for (const name of ['=cmd|/C calc!A0', '+1-800@SUM(A1:A9)', '-2+3\\n\\u0000', 'שלום GROK 3.5 (בטא)'])
    assert.ok(agents.includes(name), name);
  assert.equal(agents.trim().split('\n').length, 1 + HOSTILE_NAMES.length);
  assert.match(agents, /,99\.9976%,/);
  assert.match(agents, /,0\.0001%,/);
  const levels = readFileSync(join(folder, 'out', 'day-Levels.csv'), 'utf8').split('\n');
  assert.match(levels[4]!, /^2025-12-10 03:00:00,03,/);
  assert.doesNotMatch(agents + levels, /#(?:REF|NAME|VALUE|N\/A)|Err:/);
});

test('LibreOffice draws the charts', { skip: noOffice, timeout: 120_000 }, async (t) => {
  const folder = await tempDir(t);
  const [file] = convert(folder, await workbookOf('bad', 'he'), 'pdf');

  const told = spawnSync('pdftotext', ['-f', '1', '-l', '3', join(folder, 'out', file!), '-'], { encoding: 'utf8' });

  if (told.error !== undefined) return t.skip('pdftotext (poppler-utils) is not installed');
  const { charts } = workbookWords('he');
  // Letters come in the order in which they are drawn.
  const letters = (text: string) => [...text.replace(/[^\u0590-\u05ff]/g, '')].sort().join('');
  const lines = told.stdout.split('\n').map(letters);
  for (const title of [charts.levels, charts.vitals, charts.errorsTrend])
    assert.ok(lines.includes(letters(title)), `${title}\n${told.stdout}`);
});

function convert(folder: string, bytes: Uint8Array, to: string): readonly string[] {
  writeFileSync(join(folder, 'day.xlsx'), bytes);
  mkdirSync(join(folder, 'out'));
  const args = [
    '--headless',
    `-env:UserInstallation=${pathToFileURL(profile).href}`,
    '--convert-to',
    to,
    '--outdir',
    join(folder, 'out'),
    join(folder, 'day.xlsx'),
  ];
  const { status, stderr } = spawnSync('soffice', args, { encoding: 'utf8', timeout: 100_000 });
  assert.equal(status, 0, stderr);
  return readdirSync(join(folder, 'out'));
}

async function sheetsOf(facts: ReportFacts, lang: ReportLanguage) {
  return sheetsIn((await renderWorkbook(facts, lang)).bytes, lang);
}

function sheetsIn(bytes: Uint8Array, lang: ReportLanguage) {
  const { sheets } = readWorkbook(bytes);
  const words = workbookWords(lang);
  return (key: keyof typeof words.sheets) => sheets.find(({ name }) => name === words.sheets[key])!;
}

const DIVISORS: Partial<Record<keyof FactsTotals, number>> = { down_seconds: 86_400, late_seconds: 86_400 };

/** The rows of numbers on the first sheet: now in B, before in C, the week before in E, the habit in G. */
function checkTotals(
  { totals, compared }: ReportFacts,
  lang: ReportLanguage,
  cells: ReadonlyMap<string, { readonly value: unknown }>,
): void {
  const words = workbookWords(lang);
  const rows = new Map(
    [...cells].filter(([name]) => /^A\d+$/.test(name)).map(([name, { value }]) => [value, name.slice(1)]),
  );
  for (const [key, value] of Object.entries(totals) as [keyof FactsTotals, number][]) {
    const row = rows.get(words.totals[key].name)!;
    for (const [column, of] of [
      ['B', totals],
      ['C', compared.before],
      ['E', compared.week_before],
      ['G', compared.habit],
    ] as const)
      near(
        cells.get(`${column}${row}`)?.value,
        of![key]! / (DIVISORS[key] ?? 1),
        `${key} in ${column}${row}, ${value}`,
      );
  }
}

function hostileFacts(): ReportFacts {
  const facts = sampleDay('hostile');
  const names = ['_x0041_ is no A', 'bell\u0007and half of a pair \ud800'];
  return { ...facts, agents: [...facts.agents, ...names.map((agent_id) => ({ ...facts.agents[0]!, agent_id }))] };
}
