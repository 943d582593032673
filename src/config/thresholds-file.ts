import { parseAgentId } from '../contract/ids.ts';
import type { Limit, Thresholds } from './config.ts';
import { described, duration, type Field, group, joinPath, number, type Read, record, withDefault } from './fields.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const percent = number({ least: 1, most: 100 });
const rate = number({ least: 0, most: 1_000_000 });
const age = duration('1m', '30d');

/** The built-in limits, and why: high enough that a busy healthy server is quiet, low enough to act before it is full. */
const fields = {
  cpu_percent: limit(percent, 85, 97, 'CPU of the whole server. AI agents work in bursts, so this is high.'),
  ram_percent: limit(percent, 85, 95, 'Memory of the whole server that is not available to programs.'),
  disk_percent: limit(percent, 80, 92, 'The file system that holds the buffer.'),
  buffer_percent: limit(percent, 60, 85, 'Share of the buffer limit: past 100 sources are held back.'),
  errors_per_minute: limit(rate, 10, 60, 'Records of level ERROR and CRITICAL of one AI agent in a minute.'),
  oldest_unarchived: limit(age, '30m', '6h', 'Age of the oldest record that the archive does not have yet.'),
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
} satisfies Record<keyof typeof fields, unknown>);

/** `thresholds.yaml`: the limits past which people are told. */
const file = {
  defaults: withDefault(builtIn, {}, 'For every AI agent.'),
  agents: described(
    record({ expects: 'the agent_id of an AI agent', accepts: (key) => parseAgentId(key) !== undefined }, overrides),
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
      complaints.add(positionOf(root, path), pathOf(path), 'names an AI agent that has no file in agents/', remedy);
  }
}

function merge(
  general: Limit,
  own: Partial<Limit> | { warning: number | undefined; critical: number | undefined } | undefined,
): Limit {
  return { warning: own?.warning ?? general.warning, critical: own?.critical ?? general.critical };
}

function limit<W extends number | string>(field: Field<number>, warning: W, critical: W, description: string) {
  const both = group({
    warning: withDefault(field, warning, 'People are told.'),
    critical: withDefault(field, critical, 'People are told at once.'),
  });
  return withDefault(both, {}, description);
}

function partial(field: Field<number>) {
  return group({ warning: field, critical: field });
}

function pathOf(keys: readonly string[]): string {
  return keys.reduce(joinPath, '');
}
