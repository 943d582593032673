import { Type } from '@sinclair/typebox';
import { ALERT_SEVERITIES } from '../../../contract/alert.ts';
import type {
  AgentDetail,
  AlertDetail,
  AlertView,
  ArchiveObjectView,
  FleetAgent,
  FleetAnswer,
  FleetServer,
  HistoryAnswer,
  HistoryPoint,
  ServerDetail,
  SilenceView,
} from '../../../contract/fleet.ts';
import {
  AGENT_STATES,
  AGENT_STATUSES,
  type Heartbeat,
  type ProcessVitals,
  type Vitals,
} from '../../../contract/heartbeat.ts';
import type { Timeline } from '../../../contract/timeline.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';
import { FleetConfigSchema } from './rollout.ts';
import { CorrectionViewSchema } from './triage.ts';

const NullableNumberSchema = Type.Union([Type.Number(), Type.Null()]);

const VitalsSchema = describe<Vitals>()(
  'Vitals',
  Type.Object({
    cpu_percent: Type.Number(),
    ram_percent: Type.Number(),
    disk_percent: Type.Number({ description: 'of the file system that holds the buffer' }),
    buffer_size_mb: Type.Number(),
    swap_percent: Type.Optional(Type.Number()),
    disks: Type.Optional(
      Type.Array(Type.Object({ mount: Type.String(), percent: Type.Number(), free_bytes: Type.Number() })),
    ),
  }),
);

const ProcessSchema = describe<ProcessVitals>()(
  'ProcessVitals',
  Type.Object({
    pid: Type.Number(),
    cpu_percent: Type.Number({ description: '100: one processor, all the time' }),
    rss_mb: Type.Number(),
    restarts: Type.Number(),
    started_at: InstantSchema,
  }),
);

const StateSchema = oneOf(AGENT_STATES, "the orchestrator's judgement, from when it received the last beat");

const agentFields = {
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
  state_at: Type.Optional(NullableInstantSchema),
  seen_at: Type.Optional(NullableInstantSchema),
  process: Type.Optional(ProcessSchema),
};

export const FleetAgentSchema = describe<FleetAgent>()('FleetAgent', Type.Object(agentFields));

const RunningConfigSchema = describe<Heartbeat['config']>()(
  'RunningConfig',
  Type.Object({
    running: NullableTextSchema,
    desired: NullableTextSchema,
    error: NullableTextSchema,
    source: Type.Optional(Type.Literal('git')),
  }),
);

const serverFields = {
  server: Type.String(),
  state: StateSchema,
  reason: Type.Optional(Type.String()),
  state_at: Type.Optional(NullableInstantSchema),
  clock_skew_ms: Type.Optional(NullableNumberSchema),
  enrolled_at: InstantSchema,
  last_seen_at: NullableInstantSchema,
  agent_version: NullableTextSchema,
  agents: CountSchema,
  key_created_at: Type.Optional(NullableInstantSchema),
  config: Type.Optional(RunningConfigSchema),
};

export const FleetServerSchema = describe<FleetServer>()('FleetServer', Type.Object(serverFields));

export const ServerDetailSchema = describe<ServerDetail>()(
  'ServerDetail',
  Type.Object({ ...serverFields, now: InstantSchema, ai_agents: Type.Array(FleetAgentSchema) }),
);

export const AgentDetailSchema = describe<AgentDetail>()(
  'AgentDetail',
  Type.Object({
    ...agentFields,
    now: InstantSchema,
    elsewhere: Type.Array(FleetAgentSchema, { description: 'AI agents of the same name on other servers' }),
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

const historyVitals = {
  cpu_percent: NullableNumberSchema,
  ram_percent: NullableNumberSchema,
  disk_percent: NullableNumberSchema,
  buffer_size_mb: NullableNumberSchema,
};

const HistoryPointSchema = describe<HistoryPoint>()(
  'HistoryPoint',
  Type.Object({
    at: Type.Number({ description: 'epoch seconds; of a roll-up its beginning' }),
    ...historyVitals,
    rollup: Type.Optional(
      Type.Object({
        beats: CountSchema,
        covers_seconds: Type.Number(),
        status: oneOf(AGENT_STATUSES, 'the worst one'),
        least: Type.Object(historyVitals),
        most: Type.Object(historyVitals),
        level_counts: Type.Object({
          DEBUG: CountSchema,
          INFO: CountSchema,
          WARN: CountSchema,
          ERROR: CountSchema,
          CRITICAL: CountSchema,
        }),
        lost_records: CountSchema,
        dropped_records: CountSchema,
        backlog_records_most: CountSchema,
        oldest_unarchived_seconds_most: Type.Number(),
      }),
    ),
  }),
);

export const HistoryAnswerSchema = describe<HistoryAnswer>()(
  'HistoryAnswer',
  Type.Object({
    resolution: Type.Optional(oneOf(['beat', '5m', '1h', '1d'])),
    points: Type.Array(HistoryPointSchema),
  }),
);

const SeveritySchema = oneOf(ALERT_SEVERITIES);
const alert = {
  id: Type.String(),
  severity: SeveritySchema,
  kind: Type.String({ description: 'stable: log.critical, agent.exited' }),
  title: Type.String(),
  server: Type.String(),
  agent_id: NullableTextSchema,
  detail: Type.Record(Type.String(), Type.Unknown()),
  count: CountSchema,
  first_at: InstantSchema,
  last_at: InstantSchema,
  state: oneOf(['open', 'acknowledged', 'resolved']),
  acknowledged_by: NullableTextSchema,
  acknowledged_at: NullableInstantSchema,
  resolved_by: NullableTextSchema,
  resolved_at: NullableInstantSchema,
  reopened: CountSchema,
};

export const AlertViewSchema = describe<AlertView>()('AlertView', Type.Object(alert));

export const AlertDetailSchema = describe<AlertDetail>()(
  'AlertDetail',
  Type.Object({
    ...alert,
    events: Type.Array(
      Type.Object({
        at: InstantSchema,
        event: oneOf(['opened', 'reopened', 'worsened', 'eased', 'acknowledged', 'resolved']),
        severity: SeveritySchema,
        by: NullableTextSchema,
        note: NullableTextSchema,
      }),
      { description: 'what happened to it, oldest first' },
    ),
    deliveries: Type.Array(
      Type.Object({
        channel: Type.String(),
        event: Type.String(),
        state: oneOf(['waiting', 'told', 'moot', 'failed']),
        held: NullableTextSchema,
        due_at: InstantSchema,
        attempts: CountSchema,
        ended_at: NullableInstantSchema,
        error: NullableTextSchema,
      }),
      { description: 'whom it was to be told to, and how that went' },
    ),
    silenced_until: NullableInstantSchema,
    correction: Type.Optional(Type.Union([CorrectionViewSchema, Type.Null()])),
  }),
);

export const SilenceViewSchema = describe<SilenceView>()(
  'SilenceView',
  Type.Object({
    id: Type.String(),
    server: NullableTextSchema,
    agent_id: NullableTextSchema,
    kind: NullableTextSchema,
    alert_id: NullableTextSchema,
    starts_at: InstantSchema,
    ends_at: InstantSchema,
    reason: Type.String(),
    created_by: Type.String(),
    created_at: InstantSchema,
    ended_by: NullableTextSchema,
  }),
);

export const SilencesAnswerSchema = describe<{ readonly silences: readonly SilenceView[] }>()(
  'SilencesAnswer',
  Type.Object({ silences: Type.Array(SilenceViewSchema) }),
);

const Seconds = Type.Optional(Type.Number({ minimum: 0 }));

export const TimelineSchema = describe<Timeline>()(
  'Timeline',
  Type.Object({
    server: Type.String(),
    agent_id: NullableTextSchema,
    since: InstantSchema,
    until: InstantSchema,
    state: Type.Union([oneOf(AGENT_STATES), Type.Null()], { description: 'at `since`; null: not known then' }),
    transitions: Type.Array(
      Type.Object({
        from: Type.Union([oneOf(AGENT_STATES), Type.Null()]),
        to: oneOf(AGENT_STATES),
        reason: Type.String(),
        at: InstantSchema,
      }),
    ),
    seconds: Type.Object(
      {
        up: Seconds,
        degraded: Seconds,
        late: Seconds,
        down: Seconds,
        revoked: Seconds,
        retired: Seconds,
        unknown: Seconds,
      },
      { description: 'how long it was in each state that occurs' },
    ),
    next_since: Type.Optional(InstantSchema),
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
