import { Type } from '@sinclair/typebox';
import { ALERT_SEVERITIES } from '../../../contract/alert.ts';
import type {
  AlertView,
  ArchiveObjectView,
  FleetAgent,
  FleetAnswer,
  FleetServer,
  HistoryPoint,
} from '../../../contract/fleet.ts';
import { AGENT_STATES, AGENT_STATUSES, type Heartbeat, type Vitals } from '../../../contract/heartbeat.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';
import { FleetConfigSchema } from './rollout.ts';

const VitalsSchema = describe<Vitals>()(
  'Vitals',
  Type.Object({
    cpu_percent: Type.Number(),
    ram_percent: Type.Number(),
    disk_percent: Type.Number({ description: 'of the file system that holds the buffer' }),
    buffer_size_mb: Type.Number(),
  }),
);

const StateSchema = oneOf(AGENT_STATES, "the orchestrator's judgement, from when it received the last beat");

export const FleetAgentSchema = describe<FleetAgent>()(
  'FleetAgent',
  Type.Object({
    agent_id: Type.String(),
    server: Type.String(),
    status: oneOf(AGENT_STATUSES, "the AI agent's own word in its latest beat"),
    state: StateSchema,
    reason: Type.String({ description: 'why it is in this state, in words' }),
    metrics: VitalsSchema,
    last_action: NullableTextSchema,
    uptime_seconds: Type.Number(),
    timestamp: InstantSchema,
    received_at: InstantSchema,
    last_seen_at: NullableInstantSchema,
    backlog_records: CountSchema,
    agent_version: Type.String(),
  }),
);

const RunningConfigSchema = describe<Heartbeat['config']>()(
  'RunningConfig',
  Type.Object({
    running: NullableTextSchema,
    desired: NullableTextSchema,
    error: NullableTextSchema,
    source: Type.Optional(Type.Literal('git')),
  }),
);

export const FleetServerSchema = describe<FleetServer>()(
  'FleetServer',
  Type.Object({
    server: Type.String(),
    state: StateSchema,
    enrolled_at: InstantSchema,
    last_seen_at: NullableInstantSchema,
    agent_version: NullableTextSchema,
    agents: CountSchema,
    key_created_at: Type.Optional(NullableInstantSchema),
    config: Type.Optional(RunningConfigSchema),
  }),
);

export const FleetAnswerSchema = describe<FleetAnswer>()(
  'FleetAnswer',
  Type.Object({
    now: InstantSchema,
    servers: Type.Array(FleetServerSchema),
    agents: Type.Array(FleetAgentSchema),
    config: Type.Optional(FleetConfigSchema),
  }),
);

const NullableNumber = Type.Union([Type.Number(), Type.Null()]);

export const HistoryAnswerSchema = describe<{ readonly points: readonly HistoryPoint[] }>()(
  'HistoryAnswer',
  Type.Object({
    points: Type.Array(
      Type.Object({
        at: Type.Number({ description: 'epoch seconds' }),
        cpu_percent: NullableNumber,
        ram_percent: NullableNumber,
        disk_percent: NullableNumber,
        buffer_size_mb: NullableNumber,
      }),
    ),
  }),
);

export const AlertViewSchema = describe<AlertView>()(
  'AlertView',
  Type.Object({
    id: Type.String(),
    severity: oneOf(ALERT_SEVERITIES),
    kind: Type.String({ description: 'stable: log.critical, agent.exited' }),
    title: Type.String(),
    server: Type.String(),
    agent_id: NullableTextSchema,
    detail: Type.Record(Type.String(), Type.Unknown()),
    count: CountSchema,
    first_at: InstantSchema,
    last_at: InstantSchema,
    state: oneOf(['open', 'acknowledged', 'resolved']),
  }),
);

export const AlertsAnswerSchema = describe<{ readonly alerts: readonly AlertView[] }>()(
  'AlertsAnswer',
  Type.Object({ alerts: Type.Array(AlertViewSchema) }),
);

export const ArchiveAnswerSchema = describe<{ readonly objects: readonly ArchiveObjectView[] }>()(
  'ArchiveAnswer',
  Type.Object({
    objects: Type.Array(
      Type.Object({
        key: Type.String(),
        server: Type.String(),
        window: InstantSchema,
        records: CountSchema,
        bytes: CountSchema,
        text_bytes: CountSchema,
        archived_at: NullableInstantSchema,
        missing_at: NullableInstantSchema,
      }),
    ),
  }),
);
