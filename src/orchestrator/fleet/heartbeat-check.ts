import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { AGENT_STATUSES, DISKS_MAX, type Heartbeat, MOUNT_LENGTH_MAX } from '../../contract/heartbeat.ts';
import { EPOCH_PATTERN, parseAgentId } from '../../contract/ids.ts';
import { storable } from '../database/storable.ts';

/** Fractions as the agent measured them; a little over 100 happens with several cores and rounding. */
const Percent = Type.Number({ minimum: 0, maximum: 1_000 });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Instant = Type.String({ maxLength: 40, description: 'ISO 8601, UTC' });
const Nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);

/** A process may use several. */
const PROCESSORS_MAX = 10_000;
/** A year: nobody has been away for longer and comes back with figures that anybody looks at. */
const COVERS_SECONDS_MAX = 366 * 86_400;

/** A beat as it comes in. Unknown fields are let pass and not kept, so that a newer agent can talk to an older orchestrator. */
export const HeartbeatSchema = Type.Object(
  {
    agent_id: Type.String({ minLength: 1, maxLength: 50 }),
    server: Type.String({ minLength: 1, maxLength: 100 }),
    timestamp: Instant,
    status: Type.Union(AGENT_STATUSES.map((status) => Type.Literal(status))),
    metrics: Type.Object({
      cpu_percent: Percent,
      ram_percent: Percent,
      disk_percent: Percent,
      buffer_size_mb: Type.Number({ minimum: 0 }),
      swap_percent: Type.Optional(Percent),
      disks: Type.Optional(
        Type.Array(
          Type.Object({
            mount: Type.String({ minLength: 1, maxLength: MOUNT_LENGTH_MAX }),
            percent: Percent,
            free_bytes: Type.Number({ minimum: 0 }),
          }),
          { maxItems: DISKS_MAX },
        ),
      ),
    }),
    alerts: Type.Array(Type.String({ maxLength: 500 }), { maxItems: 50 }),
    last_action: Nullable(Type.String({ maxLength: 100 })),
    uptime_seconds: Type.Number({ minimum: 0, maximum: 2_147_483_647 }),
    // Ours. A program that tells no more than the plan's fields is heard as well.
    last_seen_at: Type.Optional(Nullable(Instant)),
    epoch: Type.Optional(Type.String({ pattern: EPOCH_PATTERN.source })),
    backlog_records: Type.Optional(Count),
    oldest_unarchived_seconds: Type.Optional(Type.Number({ minimum: 0 })),
    last_archived_at: Type.Optional(Nullable(Instant)),
    lost_records: Type.Optional(Count),
    dropped_records: Type.Optional(Count),
    config: Type.Optional(
      Type.Object({
        running: Nullable(Type.String({ maxLength: 100 })),
        desired: Nullable(Type.String({ maxLength: 100 })),
        error: Nullable(Type.String({ maxLength: 2_000 })),
        source: Type.Optional(Type.String({ maxLength: 20 })),
      }),
    ),
    agent_version: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })),
    clock_skew_ms: Type.Optional(Type.Number()),
    level_counts: Type.Optional(Type.Object({ DEBUG: Count, INFO: Count, WARN: Count, ERROR: Count, CRITICAL: Count })),
    process: Type.Optional(
      Type.Object({
        pid: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
        cpu_percent: Type.Number({ minimum: 0, maximum: PROCESSORS_MAX * 100 }),
        rss_mb: Type.Number({ minimum: 0 }),
        restarts: Count,
        started_at: Instant,
      }),
    ),
    covers_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: COVERS_SECONDS_MAX })),
  },
  { $id: 'Heartbeat' },
);

const checker = TypeCompiler.Compile(HeartbeatSchema);
/** Postgres can neither hold year 300,000 nor does anybody mean it. */
const YEAR_MIN = 2000;
const YEAR_MAX = 2200;

export type CheckedHeartbeat =
  | { readonly beat: Heartbeat }
  | { readonly code: 'NSV_HEARTBEAT_INVALID' | 'NSV_FORBIDDEN'; readonly message: string };

/**
 * One beat from the agent of `server`, checked; or what is wrong with it, naming the field. Control characters are refused
 * in names; in text for people NUL is replaced (U+FFFD): Postgres can't hold it, and a beat shouldn't be lost for it.
 */
export function checkHeartbeat(value: unknown, server: string): CheckedHeartbeat {
  const clean = storable(value);
  if (!checker.Check(clean)) {
    const first = checker.Errors(clean).First();
    return invalid(first === undefined ? 'not a heartbeat' : `${first.path.slice(1) || 'heartbeat'}: ${first.message}`);
  }
  const beat = whole(clean);
  if (parseAgentId((value as { agent_id: string }).agent_id) === undefined)
    return invalid('agent_id: 1 to 50 characters, no control characters');
  if (beat.server !== server) return { code: 'NSV_FORBIDDEN', message: `server: this key is for ${server}` };
  for (const field of ['timestamp', 'last_seen_at', 'last_archived_at'] as const) {
    const text = beat[field];
    if (text !== null && !isInstant(text)) return invalid(`${field}: not an ISO 8601 instant in UTC`);
  }
  if (beat.process !== undefined && !isInstant(beat.process.started_at))
    return invalid('process/started_at: not an ISO 8601 instant in UTC');
  return { beat: beat as unknown as Heartbeat };
}

/** What holds of a beat that doesn't say it. The beat itself is a sign of life. */
const UNSAID = {
  epoch: '0'.repeat(16),
  backlog_records: 0,
  oldest_unarchived_seconds: 0,
  last_archived_at: null,
  lost_records: 0,
  dropped_records: 0,
  config: { running: null, desired: null, error: null },
  agent_version: 'unknown',
  clock_skew_ms: 0,
  level_counts: { DEBUG: 0, INFO: 0, WARN: 0, ERROR: 0, CRITICAL: 0 },
} as const;
const OURS = ['last_seen_at', ...(Object.keys(UNSAID) as (keyof typeof UNSAID)[])] as const;

type Told = Static<typeof HeartbeatSchema>;

function whole(told: Told): Told & Required<Pick<Told, (typeof OURS)[number]>> {
  const isWhole = OURS.every((field) => told[field] !== undefined);
  const beat = isWhole ? told : { last_seen_at: told.timestamp, ...UNSAID, ...told };
  return beat as Told & Required<Pick<Told, (typeof OURS)[number]>>;
}

function invalid(message: string): CheckedHeartbeat {
  return { code: 'NSV_HEARTBEAT_INVALID', message };
}

function isInstant(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(text)) return false;
  const year = Number(text.slice(0, 4));
  return !Number.isNaN(Date.parse(text)) && year >= YEAR_MIN && year < YEAR_MAX;
}
