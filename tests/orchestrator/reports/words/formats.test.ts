import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytes,
  change,
  compact,
  day,
  dayRange,
  duration,
  money,
  percent,
  points,
  shortDuration,
  signedCount,
  whole,
  zone,
} from '../../../../src/orchestrator/reports/words/formats.ts';
import { hebrewDate } from '../../../../src/orchestrator/reports/words/hebrew-date.ts';
import { reportWords } from '../../../../src/orchestrator/reports/words/index.ts';

const [en, he] = [reportWords('en'), reportWords('he')];
const plain = (text: string | undefined) => text?.replace(/[\u2066-\u2069]/g, '').replaceAll('\u00a0', ' ');

test('what is not known is a dash, and never a zero', () => {
  for (const format of [whole, percent, bytes, compact, shortDuration]) assert.equal(format(null, en), '—');
  assert.equal(money(null, 'USD', en), '—');
  assert.equal(money(1, null, en), '—');
  assert.equal(whole(0, en), '0');
});

test('what is nearly all or nearly nothing is not rounded to it', () => {
  const cases = [
    [1, '100%'],
    [0.999_99, '99.99%'],
    [0.998_159, '99.82%'],
    [0.998, '99.80%'],
    [0.512, '51.2%'],
    [0.000_4, '0.04%'],
    [0.000_000_1, '0.01%'],
    [0, '0%'],
  ] as const;

  for (const [share, text] of cases) assert.equal(plain(percent(share, en)), text);
});

test('lengths of time inflect in both languages', () => {
  const cases = [
    [0.4, 'less than a second', 'שבריר שנייה'],
    [1, '1 second', 'שנייה אחת'],
    [60, '1 minute', 'דקה אחת'],
    [14 * 60, '14 minutes', '14 דקות'],
    [3_600, '1 hour', 'שעה אחת'],
    [7_200, '2 hours', 'שעתיים'],
    [3_660, '1 hour and 1 minute', 'שעה אחת ודקה אחת'],
    [3 * 3_600 + 120, '3 hours and 2 minutes', '3 שעות ו־2 דקות'],
    [2 * 86_400, '2 days', 'יומיים'],
    [86_400 + 3_600, '1 day and 1 hour', 'יום אחד ושעה אחת'],
  ] as const;

  for (const [seconds, english, hebrew] of cases) {
    assert.equal(duration(seconds, en), english);
    assert.equal(duration(seconds, he), hebrew);
  }
  assert.equal(plain(shortDuration(3_660, en)), '1 h 1 min');
  assert.equal(plain(shortDuration(0, he)), '0');
});

test('signs, units and currencies stay on their side of the number within right-to-left words', () => {
  assert.equal(change(106.4, 100, he), '\u2066+6.4%\u2069');
  assert.equal(change(94, 100, he), '\u2066−6.0%\u2069');
  assert.equal(points(0.998, 0.995, he), '\u2066+0.30\u2069 נק׳');
  assert.equal(signedCount(2, 5, he), '\u2066−3\u2069');
  assert.equal(bytes(12_600_000, he), '\u206612.6\u00a0MB\u2069');
  assert.equal(money(0.0123, 'USD', he), '\u2066$0.012\u2069');
});

test('there is no change where two numbers read alike, or one is not known', () => {
  assert.equal(change(100, 100, en), undefined);
  assert.equal(change(1, 0, en), undefined);
  assert.equal(change(null, 1, en), undefined);
  assert.equal(points(0.5, 0.5, en), undefined);
  assert.equal(signedCount(3, null, en), undefined);
});

test('large counts are short', () => {
  assert.equal(plain(compact(999_999, en)), '999,999');
  assert.equal(plain(compact(11_500_000, en)), '11.5 M');
  assert.equal(plain(compact(2_300_000_000, en)), '2.30 bn');
});

test('days are said in the words of the language, Hebrew ones by the Hebrew calendar too', () => {
  assert.equal(day('2025-12-10', 'full', en), 'Wednesday, 10 December 2025');
  assert.equal(day('2025-12-10', 'full', he), 'יום רביעי, 10 בדצמבר 2025');
  assert.match(dayRange('2025-12-08', '2025-12-14', en), /^8 ?– ?14 December 2025$/);
  assert.equal(hebrewDate('2025-12-10'), 'כ׳ בכסלו תשפ״ו');
  assert.equal(hebrewDate('2025-12-05'), 'ט״ו בכסלו תשפ״ו');
  assert.equal(hebrewDate('2025-12-06'), 'ט״ז בכסלו תשפ״ו');
  assert.equal(hebrewDate('2026-09-12'), 'א׳ בתשרי תשפ״ז');
});

test('a zone is told with its offset at that time of year', () => {
  assert.equal(plain(zone('2025-12-10T00:00:00Z', 'Asia/Jerusalem')), 'Asia/Jerusalem, UTC+2');
  assert.equal(plain(zone('2025-07-10T00:00:00Z', 'Asia/Jerusalem')), 'Asia/Jerusalem, UTC+3');
  assert.equal(plain(zone('2025-07-10T00:00:00Z', 'UTC')), 'UTC');
});
