import type { ReportSettings } from '../../config/index.ts';
import type { Database } from '../database/database.ts';
import { type CriticalOnset, readCriticalOnsets } from '../database/queries/critical-days.ts';
import { type PlannedReport, planReports, type ReportName } from '../database/queries/report-claims.ts';
import { currentPeriod, periodsBefore } from './period.ts';

/** Days before today whose critical alerts are looked at: we may have been off in between. */
const DAYS_BEFORE = 3;

/** Makes the report of critical alerts due for each day whose time for one has come. Answers which are due by this. */
export async function watchCritical(
  database: Database,
  settings: Pick<ReportSettings, 'timeZone' | 'criticalAfterMs'>,
  now: number,
): Promise<readonly ReportName[]> {
  const today = currentPeriod('critical', now, settings.timeZone);
  const since = periodsBefore('critical', today, DAYS_BEFORE)[0]!.starts_at;
  return planReports(
    database,
    criticalDays(await readCriticalOnsets(database, new Date(since)), settings, now),
    new Date(now),
  );
}

/**
 * The days, oldest first, on which an alert became critical that has settled since or has stayed for so long. A quiet day has none, and a day
 * with one that is fresh none yet.
 */
export function criticalDays(
  onsets: readonly CriticalOnset[],
  { timeZone, criticalAfterMs }: Pick<ReportSettings, 'timeZone' | 'criticalAfterMs'>,
  now: number,
): readonly PlannedReport[] {
  const days = new Map<string, PlannedReport>();
  for (const { at, resolved_at: resolvedAt } of onsets) {
    if (resolvedAt === null && now - at.getTime() < criticalAfterMs) continue;
    const period = currentPeriod('critical', at.getTime(), timeZone);
    days.set(period.name, { kind: 'critical', period });
  }
  return [...days.values()];
}
