/** When reports are due, which are owed, and when people miss one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SummaryKind } from '../../../src/contract/reports.ts';
import { lookAgainAt } from '../../../src/orchestrator/reports/make-report.ts';
import { expectedDay, lastDueAt, nextDueAt, owedPeriods } from '../../../src/orchestrator/reports/report-schedule.ts';
import { reportSettings } from '../../support/report-keeping.ts';

const JERUSALEM = reportSettings();
const at = (iso: string) => Date.parse(iso);
const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());
const EPOCH = 0;

function owed(kind: SummaryKind, now: string, since: number | undefined = EPOCH, settings = JERUSALEM): string[] {
  return owedPeriods(settings, kind, at(now), since).map(({ period }) => period.name);
}

test('times are of the zone, also where its clocks are changed: none is left out, none comes twice', () => {
  const nights = (from: string, count: number, daily = '20 0 * * *') => {
    const times: (string | undefined)[] = [];
    let now = at(from);
    for (let n = 0; n < count; n++) {
      now = nextDueAt({ ...JERUSALEM, schedule: { ...JERUSALEM.schedule, daily } }, 'daily', now)!;
      times.push(iso(now));
    }
    return times;
  };

  assert.deepEqual(nights('2026-03-26T12:00:00Z', 3), [
    '2026-03-26T22:20:00.000Z',
    '2026-03-27T21:20:00.000Z',
    '2026-03-28T21:20:00.000Z',
  ]);
  // 02:20 doesn't exist on 27 March; 01:20 is there twice on 25 October.
  assert.deepEqual(nights('2026-03-26T12:00:00Z', 2, '20 2 * * *'), [
    '2026-03-27T00:00:00.000Z',
    '2026-03-27T23:20:00.000Z',
  ]);
  assert.deepEqual(nights('2026-10-24T12:00:00Z', 2, '20 1 * * *'), [
    '2026-10-24T22:20:00.000Z',
    '2026-10-25T23:20:00.000Z',
  ]);
});

test('the last time is one that is now or was before, and never where a kind is made by hand only', () => {
  assert.equal(iso(lastDueAt(JERUSALEM, 'daily', at('2026-03-26T22:20:00.000Z'))), '2026-03-26T22:20:00.000Z');
  assert.equal(iso(lastDueAt(JERUSALEM, 'daily', at('2026-03-26T22:19:59.999Z'))), '2026-03-25T22:20:00.000Z');
  const never = { ...JERUSALEM, schedule: { ...JERUSALEM.schedule, daily: undefined } };
  assert.equal(lastDueAt(never, 'daily', at('2026-03-26T22:20:00Z')), undefined);
  assert.deepEqual(owed('daily', '2026-03-26T22:20:00Z', EPOCH, never), []);
});

test('the day, week and month that are over are owed once their time has come, with those before them, oldest first', () => {
  assert.deepEqual(owed('daily', '2026-03-26T22:20:00Z').slice(-2), ['2026-03-25', '2026-03-26']);
  assert.deepEqual(owed('daily', '2026-03-26T22:19:00Z').slice(-1), ['2026-03-25']);
  assert.equal(owed('daily', '2026-03-26T22:20:00Z').length, 31);
  // Monday 06:00; the year turns within the week.
  assert.deepEqual(owed('weekly', '2027-01-04T04:00:00Z').slice(-2), ['2026-W52', '2026-W53']);
  assert.deepEqual(owed('weekly', '2027-01-04T03:59:00Z').slice(-1), ['2026-W52']);
  assert.equal(owed('weekly', '2027-01-04T04:00:00Z').length, 8);
  assert.deepEqual(owed('monthly', '2026-01-01T04:00:00Z'), [
    '2025-07',
    '2025-08',
    '2025-09',
    '2025-10',
    '2025-11',
    '2025-12',
  ]);
});

test('nothing is owed of the time before the first data, and nothing where there is none', () => {
  // The installation was made on the 25th, local time.
  assert.deepEqual(owed('daily', '2026-03-26T22:20:00Z', at('2026-03-25T10:00:00Z')), ['2026-03-25', '2026-03-26']);
  assert.deepEqual(owed('daily', '2026-03-26T22:20:00Z', at('2026-03-26T22:00:00Z')), []);
  assert.deepEqual(owedPeriods(JERUSALEM, 'daily', at('2026-03-26T22:20:00Z'), undefined), []);
});

test('a schedule that leaves out days owes them at its next time', () => {
  const workdays = { ...JERUSALEM, schedule: { ...JERUSALEM.schedule, daily: '0 6 * * 0-4' } };
  // Sunday: Thursday was made on… Thursday's own morning brought Wednesday; now Thursday to Saturday.
  assert.deepEqual(owed('daily', '2026-11-22T04:00:00Z', EPOCH, workdays).slice(-3), [
    '2026-11-19',
    '2026-11-20',
    '2026-11-21',
  ]);
});

test('people expect the newest day whose hour has come by their clocks, and by the schedule', () => {
  const expected = (now: string, since = EPOCH, more = {}) =>
    expectedDay({ ...JERUSALEM, ...more }, at(now), since)?.name;

  assert.equal(expected('2026-11-27T05:59:00Z'), '2026-11-25'); // 07:59
  assert.equal(expected('2026-11-27T06:00:00Z'), '2026-11-26');
  assert.equal(expected('2026-03-27T04:59:00Z'), '2026-03-25'); // summer time since 02:00: 07:59
  assert.equal(expected('2026-03-27T05:00:00Z'), '2026-03-26');
  assert.equal(expected('2026-10-25T05:59:00Z'), '2026-10-23');
  assert.equal(expected('2026-10-25T06:00:00Z'), '2026-10-24');
  // The first morning: nothing was there yesterday.
  assert.equal(expected('2026-11-27T06:00:00Z', at('2026-11-27T01:00:00Z')), undefined);
  assert.equal(expected('2026-11-27T06:00:00Z', at('2026-11-26T21:59:00Z')), '2026-11-26');
  assert.equal(expected('2026-11-27T06:00:00Z', EPOCH, { expectedByMinutes: undefined }), undefined);
  assert.equal(
    expected('2026-11-27T06:00:00Z', EPOCH, { schedule: { ...JERUSALEM.schedule, daily: undefined } }),
    undefined,
  );
  // It is made at 09:00 only, so nobody misses it before 09:30.
  const late = { schedule: { ...JERUSALEM.schedule, daily: '0 9 * * *' } };
  assert.equal(expected('2026-11-27T07:29:00Z', EPOCH, late), '2026-11-25');
  assert.equal(expected('2026-11-27T07:30:00Z', EPOCH, late), '2026-11-26');
  // Nobody makes one on Saturday: until Sunday Thursday's is the newest.
  const workdays = { schedule: { ...JERUSALEM.schedule, daily: '0 6 * * 0-5' } };
  assert.equal(expected('2026-11-28T10:00:00Z', EPOCH, workdays), '2026-11-26');
  assert.equal(expected('2026-11-29T06:00:00Z', EPOCH, workdays), '2026-11-28');
});

test('a period is looked at again while data may come late, and the last time when that ends', () => {
  const HOUR = 3_600_000;
  const settings = { lateDataMs: 72 * HOUR };
  const end = at('2026-11-26T22:00:00Z');

  assert.equal(lookAgainAt('daily', end, end + HOUR, settings), end + 7 * HOUR);
  assert.equal(lookAgainAt('daily', end, end + 70 * HOUR, settings), end + 72 * HOUR);
  assert.equal(lookAgainAt('daily', end, end + 72 * HOUR, settings), undefined);
  assert.equal(lookAgainAt('daily', end, end + HOUR, { lateDataMs: 0 }), undefined);
  assert.equal(lookAgainAt('weekly', end, end - HOUR, settings), undefined); // made by hand, before its time
  assert.equal(lookAgainAt('critical', end, end - HOUR, settings), end - HOUR + 300_000);
  assert.equal(lookAgainAt('critical', end, end - 1_000, settings), end);
  assert.equal(lookAgainAt('critical', end, end, settings), undefined);
});
