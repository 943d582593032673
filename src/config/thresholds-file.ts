import { AGENT_ID_PATTERN } from '../contract/ids.ts';
import type { Limit, Thresholds } from './config.ts';
import { described, duration, type Field, group, joinPath, number, type Read, record, withDefault } from './fields.ts';
import { type FileComplaints, keyPositionOf, type Located, positionOf } from './located.ts';

const percent = number({ least: 1, most: 100 });
const rate = number({ least: 0, most: 1_000_000 });
const age = duration('1m', '30d');
const skew = duration('1s', '30d');
const time = duration('0s', '1d');
const margin = number({ least: 0, most: 50 });
/** A value that hovers around its limit is one trouble, not many. */
const HYSTERESIS_PERCENT = 5;
const CLEAR_AFTER = '2m';
const records = number({ least: 1, most: 1_000_000_000, whole: true });

/** The built-in limits, and why: high enough that a busy healthy server is quiet, low enough to act before it is full. */
const fields = {
  cpu_percent: limit(percent, 85, 97, '5m', 'CPU of the whole server. AI agents work in bursts, so this is high.'),
  ram_percent: limit(percent, 85, 95, '5m', 'Memory of the whole server that is not available to programs.'),
  disk_percent: limit(percent, 80, 92, '5m', 'The file system that holds the buffer.'),
  buffer_percent: limit(percent, 60, 85, '5m', 'Share of the buffer limit: past 100 sources are held back.'),
  errors_per_minute: limit(rate, 10, 60, '1m', 'Records of level ERROR and CRITICAL of one AI agent in a minute.'),
  oldest_unarchived: limit(age, '30m', '6h', '5m', 'Age of the oldest record that the archive does not have yet.'),
  // A loss is a fact, however short ago.
  lost_records: limit(
    records,
    1,
    1000,
    '0s',
    'Records that a server has lost within the last hour, by its loss receipts.',
  ),
  clock_skew: limit(skew, '1m', '10m', '5m', "How far a server's clock is ahead of the orchestrator's, or behind it."),
} as const;

const builtIn = group(fields);

/** For one AI agent, or for all: any limit left out is the next more general one. */
const overrides = group({
  cpu_percent: partial(percent),
  ram_percent: partial(percent),
  disk_percent: partial(percent),
  buffer_percent: partial(percent),
  errors_per_minute: partial(rate),
  oldest_unarchived: partial(age),
  lost_records: partial(records),
  clock_skew: partial(skew),
} satisfies Record<keyof typeof fields, unknown>);

/** `thresholds.yaml`: the limits past which people are told. */
const file = {
  defaults: withDefault(builtIn, {}, 'For every AI agent.'),
  agents: described(
    record({ expects: 'the agent_id of an AI agent', pattern: AGENT_ID_PATTERN }, overrides),
    'For single AI agents, by agent_id; what is left out is as in defaults.',
  ),
} as const;

export const thresholdsFile = group(file);
export type ThresholdsFile = Read<typeof file>;

/** The limits of one AI agent: its own over the defaults. */
export function thresholdsFor({ defaults, agents }: ThresholdsFile, agentId: string | undefined): Thresholds {
  const own = agentId === undefined ? undefined : agents?.get(agentId);
  return {
    cpuPercent: merge(defaults.cpu_percent, own?.cpu_percent),
    ramPercent: merge(defaults.ram_percent, own?.ram_percent),
    diskPercent: merge(defaults.disk_percent, own?.disk_percent),
    bufferPercent: merge(defaults.buffer_percent, own?.buffer_percent),
    errorsPerMinute: merge(defaults.errors_per_minute, own?.errors_per_minute),
    oldestUnarchivedMs: merge(defaults.oldest_unarchived, own?.oldest_unarchived),
    lostRecords: merge(defaults.lost_records, own?.lost_records),
    clockSkewMs: merge(defaults.clock_skew, own?.clock_skew),
  };
}

/** warning ≤ critical, after merging; and no limits for an AI agent that `isKnown` doesn't know: a slip would silently do nothing. */
export function checkThresholds(
  file: ThresholdsFile,
  isKnown: (agentId: string) => { readonly known: boolean; readonly remedy: string },
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const groups: readonly [path: readonly string[], agentId: string | undefined][] = [
    [['defaults'], undefined],
    ...[...(file.agents?.keys() ?? [])].map((agentId): [string[], string] => [['agents', agentId], agentId]),
  ];
  for (const [path, agentId] of groups) {
    const merged = Object.values(thresholdsFor(file, agentId)) as Limit[];
    const written = agentId === undefined ? undefined : file.agents?.get(agentId);
    for (const [index, key] of Object.keys(fields).entries()) {
      const { warning, critical } = merged[index]!;
      const own = written === undefined || written[key as keyof typeof written] !== undefined;
      if (own && warning > critical)
        complaints.add(
          positionOf(root, [...path, key, 'warning']),
          pathOf([...path, key, 'warning']),
          'is above critical',
          'use a lower warning or a higher critical',
        );
    }
    const { known, remedy } = agentId === undefined ? { known: true, remedy: '' } : isKnown(agentId);
    if (!known)
      complaints.add(keyPositionOf(root, path), pathOf(path), 'names an AI agent that has no file in agents/', remedy);
  }
}

/** A limit as it stands in the file. */
interface WrittenLimit {
  readonly warning: number;
  readonly critical: number;
  readonly for: number;
  readonly hysteresis_percent: number;
  readonly clear_after: number;
}

function merge(
  general: WrittenLimit,
  own: { readonly [K in keyof WrittenLimit]: WrittenLimit[K] | undefined } | undefined,
): Limit {
  return {
    warning: own?.warning ?? general.warning,
    critical: own?.critical ?? general.critical,
    forMs: own?.for ?? general.for,
    hysteresisPercent: own?.hysteresis_percent ?? general.hysteresis_percent,
    clearAfterMs: own?.clear_after ?? general.clear_after,
  };
}

function limit<W extends number | string>(
  field: Field<number>,
  warning: W,
  critical: W,
  lasting: string,
  description: string,
) {
  const whole = group({
    warning: withDefault(field, warning, 'At this value or above it people are told.'),
    critical: withDefault(field, critical, 'At this value or above it they are told that it cannot wait.'),
    for: withDefault(time, lasting, 'How long it must last before anybody is told.'),
    hysteresis_percent: withDefault(
      margin,
      HYSTERESIS_PERCENT,
      'It is over when the value is so many percent of the limit below it.',
    ),
    clear_after: withDefault(time, CLEAR_AFTER, '… and has been for so long.'),
  });
  return withDefault(whole, {}, description);
}

function partial(field: Field<number>) {
  return group({ warning: field, critical: field, for: time, hysteresis_percent: margin, clear_after: time });
}

function pathOf(keys: readonly string[]): string {
  return keys.reduce(joinPath, '');
}
