import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REOPEN_WITHIN_MS, takeReport } from '../../../src/orchestrator/alerts/take-report.ts';

const NOW = Date.parse('2026-01-15T10:00:00Z');
const open = { state: 'open', severity: 'warning', reportId: '7', resolvedAt: null } as const;
const again = { severity: 'warning', reportId: '8', count: 1 } as const;

test('what a report does depends on what is known of its trouble', () => {
  const over = (agoMs: number) => ({ ...open, state: 'resolved', resolvedAt: NOW - agoMs }) as const;
  const cases = [
    [undefined, again, 'open'],
    [open, again, 'again'],
    [open, { ...again, reportId: null }, 'again'],
    [open, { ...again, reportId: '7' }, 'repeat'],
    [over(0), { ...again, reportId: '7' }, 'repeat'],
    [open, { ...again, severity: 'critical' }, 'worse'],
    [{ ...open, state: 'acknowledged' }, { ...again, severity: 'critical' }, 'worse'],
    [{ ...open, state: 'acknowledged' }, again, 'again'],
    [open, { ...again, severity: 'info' }, 'milder'],
    [undefined, { ...again, count: 0 }, 'repeat'],
    [over(0), { ...again, count: 0 }, 'repeat'],
    [open, { ...again, count: 0 }, 'again'],
    [over(REOPEN_WITHIN_MS), again, 'reopen'],
    [over(REOPEN_WITHIN_MS + 1), again, 'open'],
  ] as const;

  for (const [known, told, expected] of cases) assert.equal(takeReport(known, told, NOW), expected);
});
