import { parseServerPattern, SERVER_PATTERN } from '../contract/server-pattern.ts';
import { WEEKDAYS, type Weekday } from './channel-settings.ts';
import { clockTime } from './clock-time.ts';
import type { AlertSettings, MaintenanceWindow, OrchestratorSettings } from './config.ts';
import {
  defaultOf,
  described,
  duration,
  group,
  list,
  oneOf,
  parsed,
  type Read,
  required,
  text,
  withDefault,
} from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';
import { timeZone } from './time-zone.ts';

const WINDOWS_MAX = 100;
const SERVERS_MAX = 1_000;

const serverPattern = parsed(
  'a server name such as AIGARDEN01, or a pattern with * and ?',
  SERVER_PATTERN.source,
  parseServerPattern,
);

const windowFields = {
  servers: required(
    described(
      list(serverPattern, { lengthMin: 1, lengthMax: SERVERS_MAX, of: 'servers or patterns' }),
      'The servers that are worked on: names, or patterns such as AIGARDEN*.',
    ),
  ),
  from: required(described(clockTime, 'When it begins, in its time zone.')),
  to: required(described(clockTime, 'When it ends; of the next day where that is not after `from`.')),
  days: described(
    list(oneOf(...WEEKDAYS), { lengthMin: 1, lengthMax: WEEKDAYS.length, of: 'days such as sunday' }),
    'The days on which it begins; left out: each.',
  ),
  time_zone: withDefault(timeZone, 'UTC', 'Of these times.'),
  reason: described(text({ lengthMax: 200 }), 'What is done then, for whoever reads it.'),
} as const;

const fields = {
  group_wait: withDefault(
    duration('1s', '10m'),
    '15s',
    'Alerts of one kind that open within this time are told as one message.',
  ),
  critical_wait: withDefault(duration('0s', '1m'), '3s', 'The same for critical ones.'),
  group_interval: withDefault(
    duration('10s', '1d'),
    '5m',
    'What joins a message that was told already is told this long after it at the earliest, unless it is worse.',
  ),
  remind: described(
    duration('5m', '30d'),
    'A critical alert that nobody has acknowledged is told again after this long, and so on. Left out: never.',
  ),
  settle: withDefault(
    duration('0s', '1d'),
    '15m',
    'What came back twice soon after it was over counts as flapping: that it is over is told when it has stayed so for this long.',
  ),
  resolve_after: withDefault(
    duration('10m', '90d'),
    '1d',
    'An alert of which only its beginning is ever told (a log line, a rule) counts as over when it was not told again for this long.',
  ),
  maintenance: described(
    list(group(windowFields), { lengthMax: WINDOWS_MAX, of: 'windows' }),
    'Times at which nobody is told about certain servers; their alerts are kept and shown, and told afterwards if they still hold.',
  ),
} as const;

/** The `alerts:` section of `orchestrator.yaml`. */
export const alertsSection = withDefault(group(fields), {}, 'How alerts become messages.');

export function alertSettings(read: Read<typeof fields>): AlertSettings {
  return {
    groupWaitMs: read.group_wait,
    criticalWaitMs: read.critical_wait,
    groupIntervalMs: read.group_interval,
    remindAfterMs: read.remind,
    settleMs: read.settle,
    resolveAfterMs: read.resolve_after,
    maintenance: (read.maintenance ?? []).map(
      (window): MaintenanceWindow => ({
        servers: window.servers,
        fromMinutes: window.from,
        toMinutes: window.to,
        days: window.days ?? (WEEKDAYS as readonly Weekday[]),
        timeZone: window.time_zone,
        reason: window.reason,
      }),
    ),
  };
}

/** Where a revision says nothing of alerts: one from before there were any. */
export const DEFAULT_ALERTS: AlertSettings = alertSettings(defaultOf(alertsSection)!);

/** The wait of a critical alert is not longer than that of others. */
export function checkAlerts(
  { alerts }: OrchestratorSettings,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  if (alerts === undefined || alerts.criticalWaitMs <= alerts.groupWaitMs) return;
  complaints.add(
    positionOf(root, ['alerts', 'critical_wait']),
    'alerts.critical_wait',
    'is longer than alerts.group_wait',
    'use a shorter one: critical alerts are the more urgent',
  );
}
