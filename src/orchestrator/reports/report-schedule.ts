import { Cron } from 'croner';
import type { ReportSettings } from '../../config/index.ts';
import type { FactsPeriod } from '../../contract/report-facts.ts';
import type { SummaryKind } from '../../contract/reports.ts';
import type { PlannedReport } from '../database/queries/report-claims.ts';
import { currentPeriod, lastPeriod, periodsBefore, previousPeriod } from './period.ts';

/** When summaries are due, and which are owed. Pure: what has been made already is the database's business. */

/** What was missed is caught up so far back. */
export const CAUGHT_UP_MAX: Readonly<Record<SummaryKind, number>> = { daily: 31, weekly: 8, monthly: 6 };
/** From the time on the clock at which one is due until it is missed. */
const MISSED_AFTER_MS = 1_800_000;
/** How many days are looked back upon for the newest one that people expect: a schedule may leave out days. */
const EXPECTED_DAYS = 10;

export type ScheduleSettings = Pick<ReportSettings, 'schedule' | 'timeZone' | 'expectedByMinutes'>;

/** When this kind's time came last, at `now` or before; `undefined`: never, or it isn't made by itself. */
export function lastDueAt(settings: ScheduleSettings, kind: SummaryKind, now: number): number | undefined {
  // Times are whole seconds, and those found lie before the one asked for.
  const next = new Date(Math.floor(now / 1_000) * 1_000 + 1_000);
  return cronOf(settings, kind)?.previousRuns(1, next)[0]?.getTime();
}

/** When it comes next, after `now`. */
export function nextDueAt(settings: ScheduleSettings, kind: SummaryKind, now: number): number | undefined {
  return cronOf(settings, kind)?.nextRun(new Date(now))?.getTime();
}

/**
 * What is to stand by the time that came last: the last whole day, week or month before that, and those before it that may have been missed,
 * as far back as there is any data. Oldest first.
 */
export function owedPeriods(
  settings: ScheduleSettings,
  kind: SummaryKind,
  now: number,
  firstDataAt: number | undefined,
): readonly PlannedReport[] {
  const dueAt = lastDueAt(settings, kind, now);
  if (dueAt === undefined || firstDataAt === undefined) return [];
  const last = lastPeriod(kind, dueAt, settings.timeZone);
  return [...periodsBefore(kind, last, CAUGHT_UP_MAX[kind] - 1), last]
    .filter(({ ends_at }) => Date.parse(ends_at) > firstDataAt)
    .map((period) => ({ kind, period }));
}

/**
 * The newest day whose report people expect to have at `now`: its time by the schedule has come, and so has the hour by which it is to be
 * there. `undefined`: none is expected.
 */
export function expectedDay(
  settings: ScheduleSettings,
  now: number,
  firstDataAt: number | undefined,
): FactsPeriod | undefined {
  const { timeZone, expectedByMinutes } = settings;
  if (expectedByMinutes === undefined || settings.schedule.daily === undefined || firstDataAt === undefined)
    return undefined;
  let day = lastPeriod('daily', now, timeZone);
  for (let looked = 0; looked < EXPECTED_DAYS; looked++, day = previousPeriod('daily', day)) {
    const endsAt = Date.parse(day.ends_at);
    if (endsAt <= firstDataAt) return undefined;
    const madeAt = nextDueAt(settings, 'daily', endsAt - 1_000);
    if (madeAt === undefined) return undefined;
    const morning = currentPeriod('daily', endsAt, timeZone);
    if (now >= Math.max(wallTime(morning, expectedByMinutes), madeAt + MISSED_AFTER_MS)) return day;
  }
  return undefined;
}

/** The instant at which that day's clocks show so many minutes after midnight, whatever was done to them in the night. */
function wallTime({ starts_at, first_day, time_zone }: FactsPeriod, minutes: number): number {
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  const start = Date.parse(starts_at);
  const pattern = `${minute} ${hour} ${Number(first_day.slice(8))} ${Number(first_day.slice(5, 7))} *`;
  return (
    cron(pattern, time_zone)
      .nextRun(new Date(start - 1_000))
      ?.getTime() ?? start + minutes * 60_000
  );
}

function cronOf({ schedule, timeZone }: ScheduleSettings, kind: SummaryKind): Cron | undefined {
  const pattern = schedule[kind];
  return pattern === undefined ? undefined : cron(pattern, timeZone);
}

function cron(pattern: string, timezone: string): Cron {
  return new Cron(pattern, { timezone, paused: true });
}
