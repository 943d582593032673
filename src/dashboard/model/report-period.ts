import type { ReportKind } from '../../contract/reports.ts';

const DAY_MS = 86_400_000;

/** The period of a kind in which a calendar day lies: `2025-12-10`, `2025-W50`, `2025-12`. Undefined: the text is no day. */
export function periodOfDay(kind: ReportKind, day: string): string | undefined {
  const at = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(at) || dayOf(at) !== day) return undefined;
  if (kind === 'monthly') return day.slice(0, 7);
  if (kind !== 'weekly') return day;
  // An ISO week is named after its Thursday's year.
  const thursday = at + (3 - weekday(at)) * DAY_MS;
  const year = dayOf(thursday).slice(0, 4);
  const number = Math.floor((thursday - Date.parse(`${year}-01-01T00:00:00Z`)) / (7 * DAY_MS)) + 1;
  return `${year}-W${String(number).padStart(2, '0')}`;
}

/** The first day of a period, and its last. */
export function daysOfPeriod(kind: ReportKind, period: string): readonly [first: string, last: string] {
  switch (kind) {
    case 'daily':
    case 'critical':
      return [period, period];
    case 'weekly': {
      const fourth = Date.parse(`${period.slice(0, 4)}-01-04T00:00:00Z`);
      const monday = fourth + ((Number(period.slice(6)) - 1) * 7 - weekday(fourth)) * DAY_MS;
      return [dayOf(monday), dayOf(monday + 6 * DAY_MS)];
    }
    case 'monthly': {
      const [year = 0, month = 0] = period.split('-').map(Number);
      return [`${period}-01`, dayOf(Date.UTC(year, month, 0))];
    }
    default:
      return kind satisfies never;
  }
}

/** The day before today, by the clocks of a zone; of UTC where this browser doesn't know the zone. */
export function yesterdayIn(timeZone: string, now: number): string {
  const format = (zone: string) =>
    new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  let today: string;
  try {
    today = format(timeZone).format(now);
  } catch {
    today = format('UTC').format(now);
  }
  return dayOf(Date.parse(`${today}T00:00:00Z`) - DAY_MS);
}

/** 0: Monday. */
function weekday(at: number): number {
  return (new Date(at).getUTCDay() + 6) % 7;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
