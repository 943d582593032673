import type { BackupSettings } from './config.ts';
import { defaultOf, duration, flag, group, number, parsed, type Read, withDefault } from './fields.ts';
import { timeZone } from './time-zone.ts';

const timeOfDay = parsed('a time of day such as 02:30', '^([01]\\d|2[0-3]):[0-5]\\d$', (text) => {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? text : undefined;
});
const count = (most: number) => number({ least: 0, most, whole: true });

const fields = {
  enabled: withDefault(
    flag(),
    true,
    'Whether the database is backed up to the archive each night; false where its service does that.',
  ),
  at: withDefault(timeOfDay, '02:30', 'When, local time of time_zone. A night that was missed is caught up.'),
  time_zone: withDefault(timeZone, 'UTC', 'Whose midnight begins a day.'),
  beats: withDefault(
    duration('0s', '35d'),
    '7d',
    'How far back single heartbeats go along, in whole days (UTC); what is older is in the backup as it was rolled up.',
  ),
  keep: withDefault(
    group({
      daily: withDefault(count(366), 7, 'Of so many days, the newest.'),
      weekly: withDefault(count(520), 4, 'Of so many weeks, each its newest.'),
      monthly: withDefault(count(1_200), 12, 'Of so many months, each its newest.'),
    }),
    {},
    'Which backups stay; the newest always does. Needs the right to delete in the archive.',
  ),
} as const;

/** The `backup:` section of `orchestrator.yaml`. */
export const backupSection = withDefault(group(fields), {}, 'Backups of the database to the archive, backups/daily/.');

/** What holds where no configuration says anything. */
export const BACKUP_DEFAULTS: BackupSettings = Object.freeze(backupSettings(defaultOf(backupSection)!));

export function backupSettings({ enabled, at, time_zone, beats, keep }: Read<typeof fields>): BackupSettings {
  return { enabled, at, timeZone: time_zone, beatsMs: beats, keep };
}
