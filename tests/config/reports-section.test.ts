import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from 'croner';
import { isCron } from '../../src/config/cron.ts';
import { diffConfigs, loadConfig, REPORTS_DEFAULTS, type ReportSettings, serverPart } from '../../src/config/index.ts';
import { shelfSecretName } from '../../src/contract/reports.ts';
import { complaintsOf, configFolder } from './folder.ts';

const ALL = `reports:
  time_zone: Europe/Berlin
  languages: [he, en]
  daily: "5  1 * * *"
  weekly: never
  expected_by: "07:30"
  root: Fleet
  model_prices:
    gpt-5: { input: 1.25, output: 10 }
    claude-*: { input: 3, output: 15 }
  shelves:
    here: { type: folder, path: /srv/reports }
    drive: { type: drive, folder_id: 0ABcdEFghIJklUk9PVA, languages: [en], kinds: [daily, critical] }
    boss: { type: email, host: smtp.example.com, user: reports, from: Nervesys <n@example.com>, to: [dana@example.com], languages: [he] }
    bucket: { type: archive, formats: [xlsx] }
`;

async function reportsOf(t: Parameters<typeof configFolder>[0], text: string): Promise<ReportSettings | undefined> {
  const { config } = await loadConfig(await configFolder(t, { 'orchestrator.yaml': text }));
  return config.orchestrator.reports;
}

test('each type of shelf is read with its defaults, and the languages of all', async (t) => {
  const reports = await reportsOf(t, ALL);

  const common = {
    languages: ['he', 'en'],
    kinds: ['daily', 'weekly', 'monthly', 'critical'],
    formats: ['pdf', 'xlsx'],
  };
  assert.deepEqual(reports?.shelves, [
    { ...common, name: 'here', type: 'folder', path: '/srv/reports' },
    {
      ...common,
      name: 'drive',
      type: 'drive',
      languages: ['en'],
      kinds: ['daily', 'critical'],
      folderId: '0ABcdEFghIJklUk9PVA',
      subject: undefined,
    },
    {
      ...common,
      name: 'boss',
      type: 'email',
      languages: ['he'],
      formats: ['pdf'],
      host: 'smtp.example.com',
      port: 587,
      tls: 'starttls',
      user: 'reports',
      from: { name: 'Nervesys', address: 'n@example.com' },
      to: ['dana@example.com'],
      attachmentBytesMax: 10_000_000,
    },
    { ...common, name: 'bucket', type: 'archive', formats: ['xlsx'] },
  ]);
  assert.deepEqual(reports.schedule, { daily: '5 1 * * *', weekly: undefined, monthly: '0 6 1 * *' });
  assert.deepEqual(reports.modelPrices, [
    { model: 'gpt-5', input: 1.25, output: 10 },
    { model: 'claude-*', input: 3, output: 15 },
  ]);
  assert.equal(reports.expectedByMinutes, 450);
});

test('without the section there is a daily report in English in the folder below the home', async (t) => {
  assert.deepEqual(await reportsOf(t, ''), REPORTS_DEFAULTS);
  assert.deepEqual(REPORTS_DEFAULTS.languages, ['en']);
  assert.equal(REPORTS_DEFAULTS.timeZone, 'Asia/Jerusalem');
  assert.deepEqual(
    REPORTS_DEFAULTS.shelves.map(({ name, type }) => ({ name, type })),
    [{ name: 'folder', type: 'folder' }],
  );
});

test('no server is served where reports go, nor what anything costs', async (t) => {
  const storage = 'prices: { keep_tb_month: 4.75 }\n';
  const { config } = await loadConfig(await configFolder(t, { 'orchestrator.yaml': ALL, 'storage.yaml': storage }));

  assert.equal(config.storage.prices?.keepTbMonth, 4.75);
  assert.doesNotMatch(JSON.stringify(serverPart(config, 'AIGARDEN01')), /dana@example|0ABcdEF|keepTbMonth/);
});

test('a changed shelf is told as one change, by its name', async (t) => {
  const load = async (text: string) => (await loadConfig(await configFolder(t, { 'orchestrator.yaml': text }))).config;

  const changes = diffConfigs(await load(ALL), await load(ALL.replace('dana@', 'noa@')));

  assert.deepEqual(
    changes.map(({ path }) => path),
    ['orchestrator.reports.shelves[boss]'],
  );
});

test('the name of a shelf’s secret is made of its name', () => {
  assert.equal(shelfSecretName('mail-2_home'), 'NERVESYS_SHELF_MAIL_2_HOME_SECRET');
});

const REFUSED: readonly (readonly [reports: string, complaint: RegExp])[] = [
  ['shelves: { a: { type: gdrive } }', /reports\.shelves\.a\.type is "gdrive"; did you mean drive\?/],
  ['shelves: { a: { type: folder, path: reports } }', /shelves\.a\.path is "reports"; use an absolute path/],
  ['shelves: { a: { type: folder }, b: { type: folder } }', /shelves\.b is the same place as a; use one shelf/],
  ['shelves: { a: { type: drive }, b: { type: drive } }', /shelves\.b is the same place as a/],
  ['shelves: { a: { type: drive, password: x } }', /password is not known here; secrets never live in these files/],
  [
    'shelves: { a: { type: email, host: smtp.example.com, tls: none, from: a@example.com, to: [b@example.com] } }',
    /shelves\.a\.tls is none: reports and the password would travel readable/,
  ],
  [
    'shelves: { a: { type: email, host: localhost, from: a@example.com, to: [b@example.com, b@example.com] } }',
    /shelves\.a\.to names b@example\.com twice/,
  ],
  ['shelves: { a: { type: folder, languages: [he, he] } }', /shelves\.a\.languages names a language twice/],
  ['shelves: { a: { type: folder, kinds: [] } }', /shelves\.a\.kinds is/],
  ['languages: [fr]', /reports\.languages\[0\] is "fr"; use en or he/],
  ['languages: [en, en]', /reports\.languages names a language twice/],
  ['daily: midnight', /reports\.daily is "midnight"; use a cron expression of five fields such as "20 0 \* \* \*"/],
  ['daily: "0 25 * * *"', /reports\.daily/],
  ['root: a/b', /reports\.root is "a\/b"; use the name of a folder/],
  ['root: ..', /reports\.root/],
  ['time_zone: Mars/Base', /reports\.time_zone/],
  ['model_prices: { "gpt *": { input: 1, output: 1 } }', /is not a usable key/],
  ['model_prices: { gpt-5: { input: 1 } }', /model_prices\.gpt-5\.output is missing/],
];

for (const [reports, complaint] of REFUSED)
  test(`refused: reports: ${reports}`, async (t) => {
    const complaints = await complaintsOf(t, { 'orchestrator.yaml': `reports:\n  ${reports}\n` });

    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0]!, complaint);
  });

test('a cron expression that is taken here is one that times are computed by, and the other way about', () => {
  const taken = [
    '20 0 * * *',
    '*/5 * * * *',
    '0 6 * * 1',
    '0 6 1 * *',
    '0,30 8-17 * * 1-5',
    '0 0 1-7/2 1,6 *',
    '0 0 * * 7',
  ];
  const refused = ['', '* * * *', '* * * * * *', '60 * * * *', '0 24 * * *', '0 0 0 * *', '0 0 * 13 *', '0 0 * * 8'];
  const alsoRefused = [
    '5-1 * * * *',
    '*/0 * * * *',
    '1,,2 * * * *',
    '- * * * *',
    '1- * * * *',
    '*-5 * * * *',
    'x * * * *',
  ];

  for (const text of taken) {
    assert.equal(isCron(text), true, text);
    assert.notEqual(new Cron(text, { timezone: 'Asia/Jerusalem', paused: true }).nextRun(), null, text);
  }
  for (const text of [...refused, ...alsoRefused]) assert.equal(isCron(text), false, text);
  for (const word of ['@daily', '0 0 * * MON', '0 0 * JAN *', '0 0 L * *', '0 0 ? * *'])
    assert.equal(isCron(word), false, `${word}: not every cron means the same by it`);
});
