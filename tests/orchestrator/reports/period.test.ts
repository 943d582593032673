import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportKind } from '../../../src/contract/reports.ts';
import {
  currentPeriod,
  daysOf,
  factsPeriod,
  lastPeriod,
  periodsBefore,
  previousPeriod,
  slotsOf,
  weekBefore,
} from '../../../src/orchestrator/reports/period.ts';

/** Zones of every kind: whole hours, halves, quarters, half-hour summer time, midnights and days left out, set back over midnight. */
const ZONES = [
  'UTC',
  'Asia/Jerusalem',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'America/Havana',
  'Asia/Beirut',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Scoresbysund',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Pacific/Kwajalein',
  'Pacific/Kiritimati',
  'Pacific/Chatham',
  '+05:30',
];

const PERIODS: readonly (readonly [ReportKind, string, string, string, string, number])[] = [
  ['daily', '2025-12-10', 'UTC', '2025-12-10T00:00', '2025-12-11T00:00', 24],
  ['critical', '2025-12-10', 'Asia/Jerusalem', '2025-12-09T22:00', '2025-12-10T22:00', 24],
  ['daily', '2026-03-27', 'Asia/Jerusalem', '2026-03-26T22:00', '2026-03-27T21:00', 23],
  ['daily', '2026-10-25', 'Asia/Jerusalem', '2026-10-24T21:00', '2026-10-25T22:00', 25],
  ['daily', '2025-12-10', 'Asia/Kolkata', '2025-12-09T18:30', '2025-12-10T18:30', 24],
  ['daily', '2025-12-10', 'Asia/Kathmandu', '2025-12-09T18:15', '2025-12-10T18:15', 24],
  ['daily', '2025-10-05', 'Australia/Lord_Howe', '2025-10-04T13:30', '2025-10-05T13:00', 23.5],
  ['daily', '2026-04-05', 'Australia/Lord_Howe', '2026-04-04T13:00', '2026-04-05T13:30', 24.5],
  // No midnight: these begin at 01:00.
  ['daily', '2025-04-25', 'Africa/Cairo', '2025-04-24T22:00', '2025-04-25T21:00', 23],
  ['daily', '2025-03-09', 'America/Havana', '2025-03-09T05:00', '2025-03-10T04:00', 23],
  ['daily', '2025-03-30', 'Asia/Beirut', '2025-03-29T22:00', '2025-03-30T21:00', 23],
  // Its midnight comes twice: at the first.
  ['daily', '2025-11-02', 'America/Havana', '2025-11-02T04:00', '2025-11-03T05:00', 25],
  // The hour before midnight comes twice: both are of the day that they end.
  ['daily', '2025-10-25', 'Asia/Beirut', '2025-10-24T21:00', '2025-10-25T22:00', 25],
  // From 00:01 back to 23:01 of the day before: the day has begun.
  ['daily', '2006-10-29', 'America/St_Johns', '2006-10-29T02:30', '2006-10-30T03:30', 25],
  ['daily', '2011-12-29', 'Pacific/Apia', '2011-12-29T10:00', '2011-12-30T10:00', 24],
  ['daily', '2011-12-31', 'Pacific/Apia', '2011-12-30T10:00', '2011-12-31T10:00', 24],
  ['daily', '1970-01-01', 'America/New_York', '1970-01-01T05:00', '1970-01-02T05:00', 24],
  ['daily', '2199-12-31', 'UTC', '2199-12-31T00:00', '2200-01-01T00:00', 24],
  ['daily', '2024-02-29', 'UTC', '2024-02-29T00:00', '2024-03-01T00:00', 24],
  ['weekly', '2025-W50', 'UTC', '2025-12-08T00:00', '2025-12-15T00:00', 168],
  ['weekly', '2026-W01', 'UTC', '2025-12-29T00:00', '2026-01-05T00:00', 168],
  ['weekly', '2026-W53', 'UTC', '2026-12-28T00:00', '2027-01-04T00:00', 168],
  ['weekly', '2026-W13', 'Asia/Jerusalem', '2026-03-22T22:00', '2026-03-29T21:00', 167],
  ['monthly', '2025-12', 'UTC', '2025-12-01T00:00', '2026-01-01T00:00', 744],
  ['monthly', '2026-10', 'Europe/Berlin', '2026-09-30T22:00', '2026-10-31T23:00', 745],
  ['monthly', '2011-12', 'Pacific/Apia', '2011-12-01T10:00', '2011-12-31T10:00', 720],
];

test('days, weeks and months begin and end by the clock of their zone', () => {
  for (const [kind, name, zone, from, to, hours] of PERIODS) {
    const period = factsPeriod(kind, name, zone);

    assert.deepEqual(
      [period?.name, period?.time_zone, period?.starts_at, period?.ends_at, period?.seconds],
      [name, zone, `${from}:00.000Z`, `${to}:00.000Z`, hours * 3_600],
      `${name} in ${zone}`,
    );
  }
});

test('first and last day of a period are the first and last that the zone has', () => {
  const days = (kind: ReportKind, name: string, zone: string) => {
    const period = factsPeriod(kind, name, zone);
    return [period?.first_day, period?.last_day];
  };

  assert.deepEqual(days('daily', '2025-12-10', 'UTC'), ['2025-12-10', '2025-12-10']);
  assert.deepEqual(days('weekly', '2026-W01', 'UTC'), ['2025-12-29', '2026-01-04']);
  assert.deepEqual(days('monthly', '2024-02', 'UTC'), ['2024-02-01', '2024-02-29']);
  assert.deepEqual(days('monthly', '1994-12', 'Pacific/Kiritimati'), ['1994-12-01', '1994-12-30']);
});

test('what is no day, week or month of the calendar or zone, and other forms, are none', () => {
  const none: readonly (readonly [ReportKind, string, string])[] = [
    ['daily', '2025-02-29', 'UTC'],
    ['daily', '2025-13-01', 'UTC'],
    ['daily', '2025-00-10', 'UTC'],
    ['daily', '2025-12-32', 'UTC'],
    ['daily', '2025-12-1', 'UTC'],
    ['daily', '2025-12-10 ', 'UTC'],
    ['daily', '2025-12-10\n', 'UTC'],
    ['daily', '٢٠٢٥-12-10', 'UTC'],
    ['daily', '1969-12-31', 'UTC'],
    ['daily', '2200-01-01', 'UTC'],
    ['daily', '2025-W50', 'UTC'],
    ['daily', '../../etc', 'UTC'],
    ['daily', '', 'UTC'],
    ['daily', '2011-12-30', 'Pacific/Apia'],
    ['daily', '1993-08-21', 'Pacific/Kwajalein'],
    ['critical', '2025-12', 'UTC'],
    ['weekly', '2025-W53', 'UTC'],
    ['weekly', '2025-W00', 'UTC'],
    ['weekly', '2025-W99', 'UTC'],
    ['weekly', '2025-w50', 'UTC'],
    ['weekly', '2025-12-10', 'UTC'],
    ['monthly', '2025-13', 'UTC'],
    ['monthly', '2025-00', 'UTC'],
    ['monthly', '2025-12-10', 'UTC'],
  ];

  for (const [kind, name, zone] of none) assert.equal(factsPeriod(kind, name, zone), undefined, `${name} in ${zone}`);
});

test('consecutive days tile time without gap or overlap in zones of every kind', () => {
  for (const zone of ZONES) {
    for (const from of ['1994-12-20', '2006-10-20', '2011-12-20', '2025-03-01', '2025-10-01']) {
      let day = factsPeriod('daily', from, zone)!;
      for (let count = 0; count < 40; count++) {
        const next = currentPeriod('daily', Date.parse(day.ends_at), zone);

        assert.equal(next.starts_at, day.ends_at, `${day.name} in ${zone}`);
        assert.ok(next.name > day.name && next.seconds > 0);
        assert.deepEqual(previousPeriod('daily', next), day);
        assert.deepEqual(currentPeriod('daily', Date.parse(next.ends_at) - 1, zone), next);
        assert.deepEqual(factsPeriod('daily', next.name, zone), next);
        day = next;
      }
    }
  }
});

test('weeks and months are made of days, and days of hours, in zones of every kind', () => {
  const names: readonly (readonly [ReportKind, string])[] = [
    ['daily', '2025-03-09'],
    ['daily', '2025-03-30'],
    ['daily', '2025-04-25'],
    ['daily', '2025-10-05'],
    ['daily', '2026-04-05'],
    ['daily', '2006-10-29'],
    ['weekly', '2011-W52'],
    ['weekly', '2025-W43'],
    ['monthly', '1994-12'],
    ['monthly', '2011-12'],
    ['monthly', '2025-10'],
  ];
  for (const zone of ZONES) {
    for (const [kind, name] of names) {
      const period = factsPeriod(kind, name, zone)!;

      const slots = slotsOf(kind, period);

      assert.equal(slots[0]?.starts_at, period.starts_at);
      assert.equal(slots.at(-1)?.ends_at, period.ends_at);
      for (const [index, slot] of slots.entries()) {
        assert.ok(slot.starts_at < slot.ends_at, `${name} in ${zone}`);
        if (index > 0) assert.equal(slot.starts_at, slots[index - 1]?.ends_at, `${name} in ${zone}`);
      }
      if (kind === 'daily') continue;
      assert.deepEqual(
        daysOf(period).map((day) => [day.name, day.starts_at, day.ends_at]),
        slots.map((slot) => [slot.label, slot.starts_at, slot.ends_at]),
      );
    }
  }
});

test('the hours of a day are those on its clock: one is left out, comes twice or is short where the clock is changed', () => {
  const labels = (name: string, zone: string) =>
    slotsOf('daily', factsPeriod('daily', name, zone)!).map(({ label }) => label.slice(0, 2));
  const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));

  assert.deepEqual(labels('2025-12-10', 'Asia/Kathmandu'), hours);
  assert.deepEqual(labels('2026-03-27', 'Asia/Jerusalem'), hours.toSpliced(2, 1));
  assert.deepEqual(labels('2026-10-25', 'Asia/Jerusalem'), hours.toSpliced(1, 0, '01'));
  assert.deepEqual(labels('2025-04-25', 'Africa/Cairo'), hours.slice(1));
  assert.deepEqual(labels('2025-10-05', 'Australia/Lord_Howe'), hours);
  assert.deepEqual(labels('2026-04-05', 'Australia/Lord_Howe'), hours.toSpliced(1, 0, '01'));
  assert.deepEqual(slotsOf('critical', factsPeriod('critical', '2025-12-10', 'Asia/Kolkata')!)[3], {
    starts_at: '2025-12-09T21:30:00.000Z',
    ends_at: '2025-12-09T22:30:00.000Z',
    label: '03:00',
  });
  assert.deepEqual(slotsOf('daily', factsPeriod('daily', '2025-10-05', 'Australia/Lord_Howe')!)[2], {
    starts_at: '2025-10-04T15:30:00.000Z',
    ends_at: '2025-10-04T16:00:00.000Z',
    label: '02:00',
  });
});

test('the current period holds now, and the last one is over', () => {
  const at = (text: string) => Date.parse(text);

  assert.equal(currentPeriod('daily', at('2025-12-10T21:59:59.999Z'), 'Asia/Jerusalem').name, '2025-12-10');
  assert.equal(currentPeriod('daily', at('2025-12-10T22:00:00.000Z'), 'Asia/Jerusalem').name, '2025-12-11');
  assert.equal(lastPeriod('daily', at('2025-12-10T22:00:00.000Z'), 'Asia/Jerusalem').name, '2025-12-10');
  assert.equal(lastPeriod('weekly', at('2026-01-04T23:59:59.999Z'), 'UTC').name, '2025-W52');
  assert.equal(lastPeriod('weekly', at('2026-01-05T00:00:00.000Z'), 'UTC').name, '2026-W01');
  assert.equal(lastPeriod('monthly', at('2026-01-01T00:00:00.000Z'), 'UTC').name, '2025-12');
  assert.equal(lastPeriod('critical', at('2011-12-30T10:00:00.000Z'), 'Pacific/Apia').name, '2011-12-29');
  // 23:30 of the 28th by the clock, which was set back over midnight.
  assert.equal(currentPeriod('daily', at('2006-10-29T03:00:00.000Z'), 'America/St_Johns').name, '2006-10-29');
});

test('what is before a period is of the same kind, also a week before a day', () => {
  const day = factsPeriod('daily', '2026-03-30', 'Asia/Jerusalem')!;

  assert.equal(previousPeriod('weekly', factsPeriod('weekly', '2021-W01', 'UTC')!).name, '2020-W53');
  assert.equal(previousPeriod('monthly', factsPeriod('monthly', '2026-01', 'UTC')!).name, '2025-12');
  assert.deepEqual(weekBefore(day), factsPeriod('daily', '2026-03-23', 'Asia/Jerusalem'));
  assert.equal(weekBefore(factsPeriod('daily', '2012-01-06', 'Pacific/Apia')!), undefined);
  assert.deepEqual(
    periodsBefore('daily', factsPeriod('daily', '2012-01-01', 'Pacific/Apia')!, 3).map(({ name }) => name),
    ['2011-12-28', '2011-12-29', '2011-12-31'],
  );
});
