import { zoneOffsetMs } from '../../platform/zone-offset.ts';

/** When backups are made: `at` is `HH:MM`, local time of `timeZone`. */
export interface NightlyTime {
  readonly at: string;
  readonly timeZone: string;
}

const DAY_MS = 86_400_000;
/** The local day, `YYYY-MM-DD`, and time, `HH:MM`. */
export function localTime(at: number, timeZone: string): { readonly day: string; readonly time: string } {
  const local = new Date(at + zoneOffsetMs(at, timeZone)).toISOString();
  return { day: local.slice(0, 10), time: local.slice(11, 16) };
}

/**
 * The night, by its local day, whose time has come last. A backup stands for the night it was begun in, so one is due as long as none stands
 * for this one: whatever was missed is caught up, and a clock that is set, or a summer time that begins, makes none twice.
 */
export function nightOf(now: number, { at, timeZone }: NightlyTime): string {
  const local = localTime(now, timeZone);
  if (local.time >= at) return local.day;
  return new Date(Date.parse(`${local.day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
}
