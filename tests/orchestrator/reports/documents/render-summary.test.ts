import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { ReportFacts } from '../../../../src/contract/report-facts.ts';
import { REPORT_LANGUAGES } from '../../../../src/contract/reports.ts';
import { renderSummary } from '../../../../src/orchestrator/reports/documents/render-summary.ts';
import { cleanText } from '../../../../src/platform/safe-text.ts';
import { HOSTILE_NAMES, SAMPLE_DAYS, sampleDay, samplePeriod } from '../../../support/report-samples.ts';

/**
 * Every sample in both languages, as a manager would get it. What a PDF says is read back with poppler's tools where the machine has
 * them; how it looks was looked at, and no test replaces that.
 */
const SAMPLES: Readonly<Record<string, ReportFacts>> = {
  ...Object.fromEntries(SAMPLE_DAYS.map((name) => [name, sampleDay(name)])),
  weekly: samplePeriod('weekly'),
  monthly: samplePeriod('monthly'),
};
const SIZE_MAX = 500_000;
const ODD = 'Ωμέγα Жук 漢字 😀 ﷽ \ud800 x\u0007y\u202ez';

const hasPoppler = spawnSync('pdftotext', ['-v']).error === undefined;
const skip = hasPoppler ? false : 'pdftotext and pdfinfo (poppler-utils) are not installed';

const folder = mkdtempSync(path.join(tmpdir(), 'nervesys-pages-'));
after(() => rmSync(folder, { recursive: true }));

/** What the first tests made, for the ones that read it. */
const made = new Map<string, { readonly file: string; readonly title: string; readonly digest: string }>();

for (const [name, facts] of Object.entries(SAMPLES))
  for (const lang of REPORT_LANGUAGES)
    test(`${name} in ${lang} is a small PDF`, () => {
      const { bytes, title, summary } = renderSummary(facts, lang, (warning) => assert.fail(warning));

      assert.equal(Buffer.from(bytes.subarray(0, 5)).toString(), '%PDF-');
      assert.ok(bytes.length <= SIZE_MAX, `${bytes.length} bytes`);
      assert.ok(title.length > 0 && summary.length > 0);
      const file = path.join(folder, `${name}-${lang}.pdf`);
      writeFileSync(file, bytes);
      made.set(`${name}-${lang}`, { file, title, digest: digestOf(bytes) });
    });

test('the first one again, after all the others, is the same bytes', () => {
  const [first] = Object.keys(SAMPLES);
  for (const lang of REPORT_LANGUAGES)
    assert.equal(digestOf(renderSummary(SAMPLES[first!]!, lang).bytes), made.get(`${first}-${lang}`)!.digest);
});

for (const lang of REPORT_LANGUAGES)
  test(`pages of every sample in ${lang} are tagged, titled, and not too many`, { skip }, () => {
    for (const name of Object.keys(SAMPLES)) {
      const { file, title } = made.get(`${name}-${lang}`)!;
      const info = run('pdfinfo', [file]);

      assert.match(info, /^Tagged: +yes$/m, name);
      assert.ok(info.includes(title), `${name}: ${info}`);
      const pages = Number(/^Pages: +(\d+)$/m.exec(info)?.[1]);
      assert.ok(pages >= 2 && pages <= 4, `${name}: ${pages} pages`);
      assert.match(info, /Page size: .*A4/, name);
    }
  });

test('fonts are ours and embedded, whatever the names are written with', { skip }, () => {
  const facts = renamed(sampleDay('bad'), ODD);
  for (const lang of REPORT_LANGUAGES) {
    const file = path.join(folder, `odd-${lang}.pdf`);
    writeFileSync(file, renderSummary(facts, lang).bytes);

    const fonts = run('pdffonts', [file]).trim().split('\n').slice(2);
    assert.ok(fonts.length > 0);
    for (const font of fonts) assert.match(font, /^[A-Z]{6}\+(?:Heebo|JetBrainsMono)-\w+ .* yes yes yes /);
    const text = textOf(file);
    assert.ok(text.includes('Ωμέγα Жук □□ □ □ □ x y z'), text);
  }
});

test('a page says the numbers of the facts', { skip }, () => {
  const facts = sampleDay('bad');
  const { totals } = facts;
  const grouped = (value: number) => value.toLocaleString('en-GB');

  for (const lang of REPORT_LANGUAGES) {
    const text = textOf(made.get(`bad-${lang}`)!.file);
    const expected = [
      grouped(totals.records!),
      `${((totals.errors! / totals.records!) * 100).toFixed(2)}%`,
      '21.0 MB',
      '$22.00',
      '$0.012',
      '37',
      ...facts.agents.flatMap(({ agent_id, records }) => [agent_id, grouped(records!)]),
      facts.revisions[0]!.commit!.subject,
      facts.templates.new[0]!.text,
      facts.alerts.list[1]!.title,
    ];
    for (const one of expected) assert.ok(text.includes(one), `${lang}: ${one}\n${text}`);
  }
});

test('hostile names stand on the page as they are, without what turns lines around', { skip }, () => {
  for (const lang of REPORT_LANGUAGES) {
    const text = textOf(made.get(`hostile-${lang}`)!.file);
    // How poppler orders letters of both directions is its own guess: those names are looked for word by word.
    for (const name of HOSTILE_NAMES.map((one) => cleanText(one, 60)))
      for (const part of /[\u0590-\u05ff]/.test(name) ? name.match(/[\p{L}\d.]+/gu)! : [name])
        assert.ok(text.includes(part), `${lang}: ${part}\n${text}`);
  }
});

test('a day of which nothing is known shows no zero for it', { skip }, () => {
  const text = textOf(made.get('empty-en')!.file);

  const row = /This day((?: [^ ]+){7})/.exec(text)?.[1];
  assert.equal(row, ' — — — — — — —');
  assert.ok(text.includes('It never stands for zero.'));
});

test('another process in another zone and language makes the same bytes', () => {
  const script = `
    import { createHash } from 'node:crypto';
    import { renderSummary } from './src/orchestrator/reports/documents/render-summary.ts';
    import { sampleDay } from './tests/support/report-samples.ts';
    for (const lang of ['he', 'en'])
      console.log(createHash('sha256').update(renderSummary(sampleDay('hostile'), lang).bytes).digest('hex'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: path.resolve(import.meta.dirname, '../../../..'),
    env: {
      ...process.env,
      TZ: 'Pacific/Auckland',
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'de_DE.UTF-8',
      FONTCONFIG_FILE: '/dev/null',
      HOME: folder,
    },
    encoding: 'utf8',
  });

  const own = (['he', 'en'] as const).map((lang) => made.get(`hostile-${lang}`)?.digest);
  assert.deepEqual(stdout.trim().split('\n'), own, stderr);
});

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** All text in one line, without marks of direction. */
function textOf(file: string): string {
  return run('pdftotext', ['-raw', file, '-'])
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/\s+/g, ' ');
}

function run(command: string, args: readonly string[]): string {
  const { stdout, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

function renamed(facts: ReportFacts, name: string): ReportFacts {
  return JSON.parse(JSON.stringify(facts), (_, value: unknown) => (value === 'GROK' ? name : value)) as ReportFacts;
}
