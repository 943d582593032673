import type { HistorySettings, OrchestratorSettings } from './config.ts';
import { duration, group, type Read, withDefault } from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const fields = {
  beats: withDefault(
    duration('1d', '3650d'),
    '35d',
    'Each heartbeat as it came: a month to look closely at, and a few days to notice that one should. About 1.4 MB an AI agent and day.',
  ),
  five_minutes: withDefault(
    duration('1d', '3650d'),
    '90d',
    'Rolled up to 5 minutes (least, mean and most of the vitals, records by level): a quarter of a year.',
  ),
  hours: withDefault(duration('1d', '7300d'), '730d', 'Rolled up to hours: two years, to compare with the last one.'),
  days: withDefault(duration('1d', '18250d'), '3650d', 'Rolled up to days (UTC): ten years.'),
  templates: withDefault(
    duration('1d', '3650d'),
    '90d',
    'Templates of log lines since they were last seen, and how many lines they had each day: a quarter of a year.',
  ),
} as const;

/** The `history:` section of `orchestrator.yaml`. */
export const historySection = withDefault(
  group(fields),
  {},
  'How long the history of the AI agents is kept in Postgres, in whole days, months and years that are dropped when all of them is older.',
);

export function historySettings(read: Read<typeof fields>): HistorySettings {
  return {
    beatsMs: read.beats,
    fiveMinutesMs: read.five_minutes,
    hoursMs: read.hours,
    daysMs: read.days,
    templatesMs: read.templates,
  };
}

const ORDER = [
  ['five_minutes', 'fiveMinutesMs', 'beats', 'beatsMs'],
  ['hours', 'hoursMs', 'five_minutes', 'fiveMinutesMs'],
  ['days', 'daysMs', 'hours', 'hoursMs'],
] as const;

/** The coarser, the longer: what is finer would stand alone else, and a chart of that time would end where the coarser one does. */
export function checkHistory(
  { history }: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  if (history === undefined) return;
  for (const [key, setting, finerKey, finer] of ORDER) {
    if (history[setting] < history[finer])
      complaints.add(
        positionOf(root, ['history', key]),
        `history.${key}`,
        `is shorter than history.${finerKey}`,
        'use the same time or a longer one',
      );
  }
}
