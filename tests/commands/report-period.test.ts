import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodsFrom, readPeriod } from '../../src/commands/report-period.ts';
import type { ReportKind } from '../../src/contract/reports.ts';

const ZONE = 'Asia/Jerusalem';
/** In Jerusalem it is the 11th already. */
const at = { now: Date.parse('2025-12-10T22:30:00Z'), timeZone: ZONE, option: '--date' };

test('a period is meant by its name, by a day in it, by today and yesterday of the zone, or by nothing', () => {
  const cases: readonly (readonly [ReportKind, string | undefined, string])[] = [
    ['daily', '2025-12-10', '2025-12-10'],
    ['daily', 'today', '2025-12-11'],
    ['daily', 'yesterday', '2025-12-10'],
    ['daily', undefined, '2025-12-10'],
    ['critical', undefined, '2025-12-11'],
    ['weekly', '2025-W50', '2025-W50'],
    ['weekly', '2025-12-14', '2025-W50'],
    ['weekly', '2024-12-30', '2025-W01'],
    ['weekly', 'today', '2025-W50'],
    ['weekly', undefined, '2025-W49'],
    ['monthly', '2025-12', '2025-12'],
    ['monthly', '2025-02-28', '2025-02'],
    ['monthly', undefined, '2025-11'],
  ];

  for (const [kind, text, name] of cases) assert.equal(readPeriod(kind, text, at).name, name, `${kind} ${text}`);
});

test('what is none is refused with how it is given', () => {
  for (const [kind, text] of [
    ['daily', '2025-02-29'],
    ['daily', '2025-W50'],
    ['weekly', '2025-W53'],
    ['weekly', '2025-12'],
    ['monthly', '2025-13'],
    ['daily', ''],
    ['daily', '9'.repeat(10_000)],
  ] as const)
    assert.throws(() => readPeriod(kind, text, at), { code: 'NSV_SETTING_INVALID' }, `${kind} ${text}`);
});

test('a range has each period once, over the changes of the clock and the end of the year', () => {
  const range = (kind: ReportKind, from: string, to: string) =>
    periodsFrom(kind, readPeriod(kind, from, at), readPeriod(kind, to, at)).map(({ name }) => name);

  assert.deepEqual(range('daily', '2026-03-26', '2026-03-28'), ['2026-03-26', '2026-03-27', '2026-03-28']);
  assert.deepEqual(range('daily', '2026-10-24', '2026-10-26'), ['2026-10-24', '2026-10-25', '2026-10-26']);
  assert.deepEqual(range('weekly', '2025-W52', '2026-W02'), ['2025-W52', '2026-W01', '2026-W02']);
  assert.deepEqual(range('monthly', '2025-11', '2026-01'), ['2025-11', '2025-12', '2026-01']);
  assert.deepEqual(range('daily', '2025-12-10', '2025-12-10'), ['2025-12-10']);
});
