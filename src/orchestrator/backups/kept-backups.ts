/** How many days, weeks and months keep their newest backup. */
export interface KeepPolicy {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface DatedBackup {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Within a day the later one is the newer. */
  readonly at: number;
}

/**
 * Which backups stay: of the last days, weeks (from Monday) and months that have one, each its newest. Counted in days that have a backup, not
 * by the calendar, so that an installation that was off for a year wakes up with what it had.
 */
export function keptBackups<T extends DatedBackup>(backups: readonly T[], keep: KeepPolicy): ReadonlySet<T> {
  const newestFirst = [...backups].sort((a, b) => (a.day === b.day ? b.at - a.at : a.day < b.day ? 1 : -1));
  const kept = new Set<T>(newestFirst.slice(0, 1)); // the newest, whatever the policy says
  for (const [count, periodOf] of [
    [keep.daily, (day: string) => day],
    [keep.weekly, mondayOf],
    [keep.monthly, (day: string) => day.slice(0, 7)],
  ] as const) {
    const seen = new Set<string>();
    for (const backup of newestFirst) {
      const period = periodOf(backup.day);
      if (seen.has(period)) continue;
      if (seen.size >= count) break;
      seen.add(period);
      kept.add(backup);
    }
  }
  return kept;
}

function mondayOf(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7));
  return at.toISOString().slice(0, 10);
}
