import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Weekday } from '../../../src/config/index.ts';
import { windowEnd } from '../../../src/orchestrator/alerts/recurring-window.ts';

const DAYS: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const nights = { fromMinutes: 22 * 60, toMinutes: 7 * 60, days: DAYS };

function end(window: Parameters<typeof windowEnd>[0], zone: string, at: string): string | undefined {
  const ms = windowEnd(window, zone, Date.parse(at));
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

test('quiet hours over midnight hold on both sides of it, by the wall clock of the zone', () => {
  assert.equal(end(nights, 'UTC', '2026-01-15T21:59:59Z'), undefined);
  assert.equal(end(nights, 'UTC', '2026-01-15T22:00:00Z'), '2026-01-16T07:00:00.000Z');
  assert.equal(end(nights, 'UTC', '2026-01-16T06:59:59Z'), '2026-01-16T07:00:00.000Z');
  assert.equal(end(nights, 'UTC', '2026-01-16T07:00:00Z'), undefined);
  assert.equal(end(nights, 'Asia/Jerusalem', '2026-01-15T20:30:00Z'), '2026-01-16T05:00:00.000Z');
});

test('hours within a day hold on their days alone', () => {
  const lunch = { fromMinutes: 12 * 60, toMinutes: 13 * 60, days: ['thursday'] as const };

  assert.equal(end(lunch, 'UTC', '2026-01-15T12:30:00Z'), '2026-01-15T13:00:00.000Z');
  assert.equal(end(lunch, 'UTC', '2026-01-16T12:30:00Z'), undefined);
});

test('the day on which a night begins decides, also after midnight', () => {
  const fridayNight = { ...nights, days: ['friday'] as const };

  assert.equal(end(fridayNight, 'UTC', '2026-01-17T03:00:00Z'), '2026-01-17T07:00:00.000Z');
  assert.equal(end(fridayNight, 'UTC', '2026-01-16T03:00:00Z'), undefined);
});

test('a night in which the clock is set forward or back ends when the wall clock says so', () => {
  // Jerusalem: 02:00 → 03:00 on 2026-03-27; 02:00 → 01:00 on 2026-10-25.
  assert.equal(end(nights, 'Asia/Jerusalem', '2026-03-26T22:00:00Z'), '2026-03-27T04:00:00.000Z');
  assert.equal(end(nights, 'Asia/Jerusalem', '2026-10-24T22:00:00Z'), '2026-10-25T05:00:00.000Z');
});

test('a whole day that follows another without a gap is one window', () => {
  const weekend = { fromMinutes: 0, toMinutes: 0, days: ['saturday', 'sunday'] as const };

  assert.equal(end(weekend, 'UTC', '2026-01-17T08:00:00Z'), '2026-01-19T00:00:00.000Z');
  assert.equal(end(weekend, 'UTC', '2026-01-19T00:00:00Z'), undefined);
});
