import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Limit } from '../../../../src/config/index.ts';
import {
  type Breach,
  nextChangeAt,
  type Step,
  stepBreach,
} from '../../../../src/orchestrator/alerts/thresholds/step-breach.ts';

const MINUTE = 60_000;
const NEWS_MAX_MS = 150_000;
const LIMIT: Limit = { warning: 85, critical: 97, forMs: 5 * MINUTE, hysteresisPercent: 5, clearAfterMs: 2 * MINUTE };

/** One beat a minute with these values, judged every five seconds; answers what was told when: `5:00 raise warning`. `-`: no beat. */
function play(values: readonly (number | '-')[], limit: Limit = LIMIT, start?: Breach): string[] {
  const told: string[] = [];
  let breach = start;
  let reading: { value: number; receivedAt: number } | undefined;
  for (const [minute, value] of values.entries()) {
    if (value !== '-') reading = { value, receivedAt: minute * MINUTE };
    if (reading === undefined) continue;
    for (let now = minute * MINUTE; now < (minute + 1) * MINUTE; now += 5_000) {
      const step: Step = stepBreach(breach, reading, limit, now, NEWS_MAX_MS);
      breach = step.breach;
      const seconds = String((now / 1000) % 60).padStart(2, '0');
      if (step.event !== undefined) told.push(`${minute}:${seconds} ${step.event.type} ${step.event.level}`);
    }
  }
  return told;
}

const times = <T>(value: T, count: number): T[] => Array.from({ length: count }, () => value);

const STORIES: readonly (readonly [
  name: string,
  values: readonly (number | '-')[],
  told: readonly string[],
  limit?: Partial<Limit>,
])[] = [
  ['nothing is past nothing', times(84.9, 20), []],
  ['exactly at the limit is past it', times(85, 7), ['5:00 raise warning']],
  ['a spike of four minutes', [...times(90, 4), ...times(20, 10)], []],
  ['a spike of five minutes, and twenty more', times(90, 25), ['5:00 raise warning']],
  ['two spikes with a moment between them', [...times(90, 4), 84, ...times(90, 4), 20], []],
  ['critical from the start is told as such, once', times(99, 12), ['5:00 raise critical']],
  ['worse later', [...times(90, 8), ...times(99, 8)], ['5:00 raise warning', '13:00 worsen critical']],
  ['worse for a moment', [...times(90, 8), ...times(99, 4), ...times(90, 4)], ['5:00 raise warning']],
  ['recovery', [...times(90, 8), ...times(20, 10)], ['5:00 raise warning', '10:00 clear warning']],
  ['recovery from critical', [...times(99, 8), ...times(20, 10)], ['5:00 raise critical', '10:00 clear critical']],
  [
    'better, but not well',
    [...times(99, 8), ...times(88, 8), ...times(20, 8)],
    ['5:00 raise critical', '10:00 ease warning', '18:00 clear warning'],
  ],
  ['a recovery of a minute', [...times(90, 8), 20, ...times(90, 8)], ['5:00 raise warning']],
  ['hovering around the limit, told already', [...times(86, 8), ...times([84, 86], 10).flat()], ['5:00 raise warning']],
  ['hovering just below the limit, told already', [...times(86, 8), ...times(82, 20)], ['5:00 raise warning']],
  ['hovering around the limit, never past it for long', times([84, 86], 20).flat(), []],
  ['silence while it waits: what was before it counts for nothing', [90, 90, '-', '-', '-', '-', 90, 90, 20], []],
  [
    'silence while it waits, and five minutes after it',
    [90, 90, '-', '-', '-', '-', ...times(90, 8)],
    ['11:00 raise warning'],
  ],
  [
    'silence of one that was told is no recovery',
    [...times(90, 7), ...Array<'-'>(30).fill('-'), 90, 90],
    ['5:00 raise warning'],
  ],
  [
    'silence on the way back: it must be well for the whole time after it',
    [...times(90, 7), 20, ...Array<'-'>(10).fill('-'), ...times(20, 5)],
    ['5:00 raise warning', '20:00 clear warning'],
  ],
  ['one lost beat is no silence', [90, 90, '-', 90, 90, 90, 90], ['5:00 raise warning']],
  [
    'at once where nothing is to last',
    [5, 5, 0, 0, 0],
    ['0:00 raise warning', '4:00 clear warning'],
    { warning: 1, critical: 1000, forMs: 0 },
  ],
  ['a single beat proves no lasting, however short it must last', [90, '-', 20, 20], [], { forMs: MINUTE }],
  [
    'a limit of 0 means any',
    [0, 0, ...times(0.1, 7), 0, 0, 0, 0],
    ['7:00 raise warning', '11:00 clear warning'],
    { warning: 0, critical: 50 },
  ],
  ['the same limit for both levels', times(90, 8), ['5:00 raise critical'], { warning: 85, critical: 85 }],
  [
    'no hysteresis',
    [...times(90, 7), ...times(84.9, 4)],
    ['5:00 raise warning', '9:00 clear warning'],
    { hysteresisPercent: 0 },
  ],
];

for (const [name, values, told, limit] of STORIES)
  test(`a breach: ${name}`, () => {
    assert.deepEqual(play(values, { ...LIMIT, ...limit }), told);
  });

test('a clock that is set a day ahead or back raises nothing and clears nothing by itself', () => {
  const DAY = 86_400_000;
  const waiting = stepBreach(undefined, { value: 90, receivedAt: 0 }, LIMIT, 0, NEWS_MAX_MS).breach;
  for (const jump of [DAY, -DAY]) {
    const stale = stepBreach(waiting, { value: 90, receivedAt: 0 }, LIMIT, jump, NEWS_MAX_MS);
    assert.deepEqual(stale, { breach: waiting, event: undefined });

    const after = stepBreach(waiting, { value: 90, receivedAt: jump }, LIMIT, jump, NEWS_MAX_MS);
    assert.equal(after.event, undefined);
    assert.equal(after.breach?.warning?.since, jump, 'it begins anew');
  }
});

test('the next change by time alone is known, and a breach that only a beat changes has none', () => {
  const waiting = stepBreach(undefined, { value: 99, receivedAt: 0 }, LIMIT, 0, NEWS_MAX_MS).breach!;
  const told: Breach = { seenAt: 0, warning: { since: 0, told: true, clearSince: undefined }, critical: undefined };
  const leaving: Breach = { ...told, warning: { since: 0, told: true, clearSince: MINUTE } };

  assert.equal(nextChangeAt(waiting, LIMIT), 5 * MINUTE);
  assert.equal(nextChangeAt(told, LIMIT), undefined);
  assert.equal(nextChangeAt(leaving, LIMIT), 3 * MINUTE);
});

test('what is told carries since when it has been past that very limit', () => {
  let breach: Breach | undefined;
  const since: number[] = [];
  for (let minute = 0; minute < 20; minute++) {
    const reading = { value: minute < 8 ? 90 : 99, receivedAt: minute * MINUTE };
    const step = stepBreach(breach, reading, LIMIT, minute * MINUTE, NEWS_MAX_MS);
    breach = step.breach;
    if (step.event !== undefined) since.push(step.event.since);
  }

  assert.deepEqual(since, [0, 8 * MINUTE]);
});
