import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { CriticalAlertFacts, CriticalFacts } from '../../../../src/contract/report-facts.ts';
import { REPORT_LANGUAGES, type ReportLanguage } from '../../../../src/contract/reports.ts';
import { criticalPlan } from '../../../../src/orchestrator/reports/charts/critical-chart.ts';
import { criticalPage, DETAILS_MAX } from '../../../../src/orchestrator/reports/documents/critical-page.ts';
import { renderCritical } from '../../../../src/orchestrator/reports/documents/render-critical.ts';
import { reportWords } from '../../../../src/orchestrator/reports/words/index.ts';
import { HOSTILE_NAMES, sampleCritical } from '../../../support/report-samples.ts';

const SIZE_MAX = 500_000;
const hasPoppler = spawnSync('pdftotext', ['-v']).error === undefined;
const skip = hasPoppler ? false : 'pdftotext and pdfinfo (poppler-utils) are not installed';

const folder = mkdtempSync(path.join(tmpdir(), 'nervesys-critical-'));
after(() => rmSync(folder, { recursive: true }));

test('a page tells of every alert how it stands, when it was seen, and what came of it', () => {
  const [over, seen, open] = pageOf(sampleCritical(), 'en').alerts;

  assert.deepEqual(labelsOf(over!), {
    Where: 'GROK on AIGARDEN01',
    Kind: 'silent',
    Severity: 'Critical',
    Since: '03:10',
    'How it stands': 'over after 34 minutes',
    Seen: 'dana, after 7 minutes',
    Why: 'a word that says a program was ended by force',
    Configuration: 'abc123def456',
  });
  assert.deepEqual(
    over!.timeline.rows.map(({ time, what, note }) => [time, plain(what), note === undefined ? '' : plain(note)]),
    [
      ['03:10', 'Opened as critical', ''],
      ['03:17', 'Seen by dana', 'looking at it'],
      ['03:44', 'Closed by dana', 'restarted with more memory'],
    ],
  );
  assert.equal(labelsOf(seen!)['How it stands'], 'not over for 8 hours and 50 minutes, being looked at by dana');
  assert.equal(labelsOf(seen!).Rule, 'disk-full');
  assert.equal(labelsOf(open!).Seen, 'by nobody yet');
  assert.deepEqual(
    [over, seen, open].map((alert) => alert!.sign),
    ['green', 'yellow', 'red'],
  );
  assert.deepEqual(
    over!.told.rows.map(({ sign, what, error }) => [sign, plain(what), error === undefined ? '' : plain(error)]),
    [
      ['green', 'oncall was told', ''],
      ['red', 'mail could not be told', 'the mail server refuses the password'],
    ],
  );
});

test('lines stand as they were written, each in its own direction, and exactly one is marked as the cause', () => {
  const facts = sampleCritical('hostile');

  for (const { lines } of pageOf(facts, 'he').alerts) {
    assert.equal(lines.rows.length, 21);
    assert.deepEqual(
      lines.rows.flatMap(({ isCause }, n) => (isCause ? [n] : [])),
      [20],
    );
    for (const { text, dir } of lines.rows)
      assert.equal(dir, /^[^A-Za-z]*[\u05d0-\u05ea]/.test(text) ? 'rtl' : 'ltr', text);
    assert.equal(lines.rows[1]!.text, HOSTILE_NAMES[1]);
    assert.doesNotMatch(lines.rows[2]!.text, /[\u202a-\u202e]/);
  }
});

test('times of another day say which', () => {
  const [first, ...others] = sampleCritical().alerts;
  const before = { ...first!, from_before: true, first_at: '2025-12-08T20:30:00.000Z', timeline: [] };

  const [alert] = pageOf({ ...sampleCritical(), alerts: [before, ...others] }, 'en').alerts;

  assert.equal(labelsOf(alert!).Since, '8 Dec, 22:30');
  assert.deepEqual(alert!.timeline.rows, []);
});

test('what a newer orchestrator tells is shown as it came', () => {
  const [first] = sampleCritical().alerts;
  const alert: CriticalAlertFacts = {
    ...first!,
    kind: 'moon.fell',
    agent_id: null,
    timeline: [{ at: first!.first_at, event: 'hasOwnProperty', severity: 'critical', by: null, note: null }],
    deliveries: [{ channel: 'sms', state: 'toString', at: null, error: null }],
    lines: [],
  };

  for (const lang of REPORT_LANGUAGES) {
    const [page] = pageOf({ ...sampleCritical(), alerts: [alert] }, lang).alerts;
    assert.equal(plain(page!.timeline.rows[0]!.what), 'hasOwnProperty');
    assert.equal(plain(page!.told.rows[0]!.what), 'sms: toString');
    assert.ok(page!.lines.none);
    assert.doesNotMatch(JSON.stringify(page), /undefined|NaN/);
  }
});

test('the day at a glance draws each alert for as long as it was open, and as it stood', () => {
  const facts = sampleCritical();
  const again = timelineOf(facts.alerts[0]!, [
    ['opened', 1],
    ['acknowledged', 2],
    ['resolved', 3],
    ['worsened', 3.5],
    ['reopened', 4],
    ['resolved', 6],
  ]);

  const { option } = criticalPlan({ ...facts, alerts: [again, ...facts.alerts.slice(1)] }, 'en');

  const hour = 3_600;
  const data = Object.fromEntries((option.series as { id: string; data: unknown }[]).map((one) => [one.id, one.data]));
  assert.deepEqual(data, {
    'alerts-unseen': [
      [0, hour, 2 * hour],
      [0, 4 * hour, 6 * hour],
      [1, 7 * hour + 600, 7 * hour + 1_020],
      [2, 11 * hour + 600, 16 * hour],
    ],
    'alerts-seen': [
      [0, 2 * hour, 3 * hour],
      [1, 7 * hour + 1_020, 16 * hour],
    ],
    'alerts-goes_on': [
      [1, 16 * hour, 24 * hour],
      [2, 16 * hour, 24 * hour],
    ],
  });
});

test('an alert that is over is drawn to its end, though nobody told what happened', () => {
  const facts = sampleCritical();
  const silent = { ...facts.alerts[0]!, timeline: facts.alerts[0]!.timeline.slice(0, 1) };

  const { option } = criticalPlan({ ...facts, alerts: [silent] }, 'en');

  const [{ data }] = option.series as [{ data: unknown }];
  assert.deepEqual(data, [[0, 3 * 3_600 + 600, 3 * 3_600 + 2_640]]);
});

test('the report of a Hebrew reader has no English words but what came from outside', () => {
  const page = pageOf(sampleCritical(), 'he');
  const outside = JSON.stringify(sampleCritical());

  const { chart, ...rest } = page;
  const own = JSON.stringify({ ...rest, lang: '', dir: '', title: page.title }, (key, value) =>
    ['sign', 'dir', 'type'].includes(key) ? undefined : value,
  ).replace(/"\w+":/g, '');
  const words = (own.match(/[A-Za-z]{2,}/g) ?? []).filter((word) => !outside.includes(word));

  assert.deepEqual([...new Set(words)].sort(), ['Nervesys', 'UTC']);
  assert.match(page.headline, /^3 התרעות קריטיות, 2 עדיין פתוחות$/);
  assert.match(chart!.alt, /[\u05d0-\u05ea]/);
});

for (const name of ['plain', 'hostile'] as const)
  for (const lang of REPORT_LANGUAGES)
    test(`${name} alerts in ${lang} are a small tagged PDF, and the same one again`, () => {
      const { bytes, title, summary } = renderCritical(sampleCritical(name), lang, (warning) => assert.fail(warning));

      const text = Buffer.from(bytes).toString('latin1');
      assert.ok(text.startsWith('%PDF-'));
      assert.match(text, /\/Marked true/);
      assert.match(text, new RegExp(`/Lang \\(${lang}\\)`));
      assert.ok(bytes.length < SIZE_MAX / 2, `${bytes.length} bytes`);
      assert.ok(title.length > 0 && summary.length > 0);
      assert.deepEqual(renderCritical(sampleCritical(name), lang).bytes, bytes);
    });

test('a day of a hundred alerts keeps its size, whatever stands in their lines, and counts those it has no room for', () => {
  const facts = crowd(100);
  const { alerts, others, more } = pageOf(facts, 'en');

  assert.ok(alerts.length >= 5 && alerts.length <= DETAILS_MAX);
  assert.equal(alerts.length + others!.rows.length, 100);
  assert.ok(
    alerts.every(({ sign }) => sign === 'red'),
    'those that nobody has taken come first',
  );
  assert.match(more!, /^And 50 more critical alerts/);
  const { bytes } = renderCritical(facts, 'he');
  assert.ok(bytes.length <= SIZE_MAX, `${bytes.length} bytes`);
});

test('alerts that fit are all told in full', () => {
  const { alerts } = sampleCritical();
  const facts = {
    ...sampleCritical(),
    alerts: Array.from({ length: DETAILS_MAX }, (_, n) => ({ ...alerts[n % 3]!, id: `${n}` })),
  };

  const page = pageOf({ ...facts, total: DETAILS_MAX }, 'en');

  assert.deepEqual(
    page.alerts.map(({ number }) => Number(number)),
    Array.from({ length: DETAILS_MAX }, (_, n) => n + 1),
  );
  assert.equal(page.others, undefined);
  assert.equal(page.more, undefined);
});

test('a day without any says so', () => {
  const facts: CriticalFacts = { ...sampleCritical(), alerts: [], total: 0, open: 0 };
  for (const lang of REPORT_LANGUAGES) {
    const { bytes, summary } = renderCritical(facts, lang);
    assert.ok(bytes.length > 0);
    assert.match(summary, lang === 'en' ? /^No critical alert\.$/ : /^אין התרעות קריטיות\.$/);
  }
});

test('the pages say it, in order and with our fonts alone', { skip }, () => {
  for (const lang of REPORT_LANGUAGES) {
    const facts = sampleCritical('hostile');
    const file = path.join(folder, `${lang}.pdf`);
    const odd = { ...facts, alerts: facts.alerts.map((alert) => ({ ...alert, reason: 'Ω 漢字 😀 \ud800 x\u0007y' })) };
    const { bytes, title } = renderCritical(odd, lang);
    writeFileSync(file, bytes);

    const info = run('pdfinfo', [file]);
    const text = run('pdftotext', ['-raw', file, '-']).replaceAll('\u200b', '').replace(/\s+/g, ' ');
    assert.ok(info.includes(title), info);
    assert.match(info, /^Tagged: +yes$/m);
    for (const one of [
      HOSTILE_NAMES[1]!,
      HOSTILE_NAMES[4]!,
      'out of memory: killed process 4242 (python)',
      'Ω □□ □ □ x y',
    ])
      assert.ok(text.includes(one), `${lang}: ${one}\n${text}`);
    assert.equal(text.includes('בכסלו'), lang === 'he', 'the day by the Hebrew calendar stands beside it');
    for (const font of run('pdffonts', [file]).trim().split('\n').slice(2))
      assert.match(font, /^[A-Z]{6}\+(?:Heebo|JetBrainsMono)-\w+ .* yes yes yes /);
  }
});

test('another process in another zone and language makes the same bytes', () => {
  const script = `
    import { createHash } from 'node:crypto';
    import { renderCritical } from './src/orchestrator/reports/documents/render-critical.ts';
    import { sampleCritical } from './tests/support/report-samples.ts';
    console.log(createHash('sha256').update(renderCritical(sampleCritical('hostile'), 'he').bytes).digest('hex'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: path.resolve(import.meta.dirname, '../../../..'),
    env: { ...process.env, TZ: 'Pacific/Auckland', LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' },
    encoding: 'utf8',
  });

  const own = createHash('sha256')
    .update(renderCritical(sampleCritical('hostile'), 'he').bytes)
    .digest('hex');
  assert.equal(stdout.trim(), own, stderr);
});

function pageOf(facts: CriticalFacts, lang: ReportLanguage) {
  return criticalPage(facts, reportWords(lang));
}

function labelsOf({ labels }: ReturnType<typeof pageOf>['alerts'][number]): Readonly<Record<string, string>> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, plain(value)]));
}

/** Without marks of direction. */
function plain(text: string): string {
  return text.replace(/[\u2066-\u2069]/g, '');
}

function timelineOf(alert: CriticalAlertFacts, events: readonly (readonly [string, number])[]): CriticalAlertFacts {
  const start = Date.parse(sampleCritical().period.starts_at);
  return {
    ...alert,
    timeline: events.map(([event, hour]) => ({
      at: new Date(start + hour * 3_600_000).toISOString(),
      event,
      severity: 'critical',
      by: null,
      note: null,
    })),
  };
}

/** Alerts with the longest texts that can come, which no compression makes smaller. */
function crowd(count: number): CriticalFacts {
  const facts = sampleCritical('hostile');
  let seed = 7;
  const noise = (length: number) =>
    Array.from({ length }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return String.fromCharCode(33 + (Math.floor(seed / 65_536) % 93));
    }).join('');
  const alerts = Array.from({ length: count }, (_, n): CriticalAlertFacts => {
    const alert = facts.alerts[n % 3]!;
    return {
      ...alert,
      id: `${n}`,
      title: noise(300),
      reason: noise(900),
      lines: alert.lines.map((line) => ({ ...line, text: noise(900) })),
      timeline: Array.from({ length: 40 }, () => ({ ...alert.timeline[0]!, note: noise(500) })),
      deliveries: Array.from({ length: 40 }, () => ({ ...alert.deliveries[1]!, error: noise(900) })),
    };
  });
  return { ...facts, alerts, total: count + 50, open: count };
}

function run(command: string, args: readonly string[]): string {
  const { stdout, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}
