import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sayMeasure, sayPeriod, sayShare } from '../../src/dashboard/messages/report-words.ts';
import { createWords } from '../../src/dashboard/messages/words.ts';
import { daysOfPeriod, periodOfDay, yesterdayIn } from '../../src/dashboard/model/report-period.ts';
import { readView, reportAddress } from '../../src/dashboard/model/view.ts';
import { factsPeriod } from '../../src/orchestrator/reports/period.ts';

test("a day's period is the orchestrator's, and has its days", () => {
  for (let at = Date.parse('2019-12-25'); at < Date.parse('2027-01-10'); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    for (const kind of ['daily', 'weekly', 'monthly', 'critical'] as const) {
      const period = periodOfDay(kind, day)!;
      const expected = factsPeriod(kind, period, 'UTC')!;
      assert.deepEqual(daysOfPeriod(kind, period), [expected.first_day, expected.last_day], `${kind} ${day}`);
      assert.ok(expected.first_day <= day && day <= expected.last_day, `${kind} ${day}`);
    }
  }
  for (const none of ['', '2025-02-30', '2025-13-01', 'today', '10.12.2025'])
    assert.equal(periodOfDay('daily', none), undefined);
});

test("yesterday is the zone's, and UTC's where the zone is unknown", () => {
  const at = Date.parse('2025-12-10T22:30:00Z');

  assert.equal(yesterdayIn('Asia/Jerusalem', at), '2025-12-10');
  assert.equal(yesterdayIn('America/New_York', at), '2025-12-09');
  assert.equal(yesterdayIn('Nowhere/Land', at), '2025-12-09');
});

test('addresses of reports are read as they are written, and nothing else is taken for one', () => {
  for (const [address, view] of [
    [reportAddress(), { type: 'reports', kind: undefined }],
    [reportAddress('weekly'), { type: 'reports', kind: 'weekly' }],
    [reportAddress('weekly', '2025-W50'), { type: 'report', kind: 'weekly', period: '2025-W50' }],
    ['#reports/daily/2025-12-10', { type: 'report', kind: 'daily', period: '2025-12-10' }],
    ['#reports/daily/../../x', { type: 'reports', kind: 'daily' }],
    ['#reports/hourly/2025-12-10', { type: 'reports', kind: undefined }],
  ] as const)
    assert.deepEqual(readView(address), view);
});

test('numbers are written as in the documents: nothing is rounded to all or nothing, and what is not known is no number', () => {
  const [en, he] = [createWords('en'), createWords('he')];

  for (const [share, text] of [
    [1, '100%'],
    [0.99999, '99.99%'],
    [0.998159, '99.82%'],
    [0.9812, '98.1%'],
    [1 / 182, '0.55%'],
    [0.0000001, '0.01%'],
    [0, '0%'],
  ] as const)
    assert.equal(sayShare(en, share), text);
  assert.equal(sayMeasure(en, null, 'count', null), undefined);
  assert.equal(sayMeasure(en, 0.0123, 'money', null), undefined);
  assert.equal(sayMeasure(en, 0.0123, 'money', 'USD'), '$0.012');
  assert.equal(sayMeasure(en, 5.5, 'money', 'EUR'), '€5.50');
  assert.equal(sayMeasure(en, 0, 'bytes', null), '0 B');
  assert.equal(sayMeasure(en, 1_234_567_890, 'bytes', null), '1.2 GB');
  assert.match(sayPeriod(he, 'daily', '2025-12-10'), /יום רביעי.*10 בדצמבר 2025/);
  assert.match(sayPeriod(he, 'weekly', '2025-W50'), /שבוע 50 של 2025/);
});
