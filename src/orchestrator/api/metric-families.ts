import { ALERT_SEVERITIES } from '../../contract/alert.ts';
import { AGENT_STATES } from '../../contract/heartbeat.ts';
import { REPORT_KINDS } from '../../contract/reports.ts';
import { DELIVERY_OUTCOMES } from '../alerts/notifier.ts';
import { DUTY_NAMES } from '../duties.ts';
import { SHELF_OUTCOMES } from '../reports/deliver-reports.ts';
import { REPORT_OUTCOMES } from '../reports/report-keeper.ts';

/** Which values a label may have: these alone, or any text (`ANY`), of which there must be few. */
export type LabelValues = readonly string[] | typeof ANY;
export const ANY = 'any';

export interface Family<Type extends 'counter' | 'gauge' | 'histogram' = 'counter' | 'gauge' | 'histogram'> {
  readonly type: Type;
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  /** Upper bounds of a histogram, ascending, without +Inf. */
  readonly buckets?: readonly number[];
}

/** From a query in memory to a search through the archive. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;

/**
 * Everything that `GET /metrics` of the orchestrator tells, one line a name: a figure that is not here can't be counted. Names end in their
 * base unit, counters in `_total`. Values per server or AI agent are in Postgres, not here: labels must stay few. What is read from Postgres
 * (`nervesys_agents`, `_servers`, `_alerts`, `_alert_deliveries_waiting`, `_backup_…`, `_config_refusing_servers`) is the same in every replica; the rest is this process's own.
 */
export const METRIC_FAMILIES = {
  nervesys_build_info: gauge('Always 1; which build runs.', { version: ANY, node: ANY }),
  nervesys_uptime_seconds: gauge('Since when this process listens.'),

  nervesys_http_requests_total: counter('Answers by class of status.', { class: ['2xx', '3xx', '4xx', '5xx'] }),
  nervesys_http_request_duration_seconds: histogram(
    'From the head of a request to the end of its answer, by the template of its address; without those that are held on purpose (events, config?wait).',
    { method: ANY, route: ANY, class: ['2xx', '3xx', '4xx', '5xx'] },
    REQUEST_SECONDS,
  ),

  nervesys_heartbeats_total: counter('Heartbeats by outcome.', { outcome: ['accepted', 'rejected'] }),
  nervesys_alerts_told_total: counter('Alert reports taken from agents.'),
  nervesys_templates_told_total: counter(
    'Templates of log lines that agents told, by outcome; repeats are not counted.',
    {
      outcome: ['accepted', 'rejected'],
    },
  ),
  nervesys_enrolments_total: counter('Enrolments by outcome.', { outcome: ANY }),
  nervesys_key_rotations_total: counter('Keys that servers have asked to exchange.'),

  nervesys_batches_announced_total: counter('Batches that agents announced, repeats included.'),
  nervesys_batches_archived_total: counter('Batches seen to stand in the archive.'),
  nervesys_archived_bytes_total: counter('Bytes of the objects of these batches.'),
  nervesys_archived_records_total: counter('Records in these batches.'),

  nervesys_agents: gauge('AI agents by state.', { state: AGENT_STATES }),
  nervesys_servers: gauge('Servers by state.', { state: AGENT_STATES }),
  nervesys_alerts: gauge('Alerts that are not resolved.', {
    state: ['open', 'acknowledged'],
    severity: ALERT_SEVERITIES,
  }),

  nervesys_alert_deliveries_total: counter(
    'What came of attempts to tell a channel; moot: over before it was told, held: nobody may be told now.',
    { channel: ANY, outcome: DELIVERY_OUTCOMES },
  ),
  nervesys_alert_deliveries_waiting: gauge('What channels are still to be told.'),
  nervesys_backup_last_success_timestamp_seconds: gauge(
    'When the last good backup of the database was begun, epoch seconds; absent: there is none.',
  ),

  nervesys_reports_total: counter(
    'Reports that this process has gathered; unchanged: looked at again, and there was nothing new.',
    { kind: REPORT_KINDS, outcome: REPORT_OUTCOMES },
  ),
  nervesys_report_deliveries_total: counter(
    'What came of attempts to put a file of a report on a shelf; failed: given up until somebody changes something.',
    { shelf: ANY, outcome: SHELF_OUTCOMES },
  ),

  nervesys_config_info: gauge('Always 1; what is desired: by everybody, or by those whom the rollout has reached.', {
    revision: ANY,
    reach: ['settled', 'rolling'],
  }),
  nervesys_config_refusing_servers: gauge('Servers that do not run the revision they were offered, and say why.'),
  nervesys_config_answers_total: counter('Requests for configuration by what they were answered.', {
    outcome: ['given', 'unchanged'],
  }),
  nervesys_config_waiting_agents: gauge('Agents whose request for configuration is held.'),

  nervesys_event_streams: gauge('Live event streams that are open.'),
  nervesys_event_streams_cut_total: counter('Live event streams that were cut because their reader was too slow.'),

  nervesys_dependency_up: gauge('1 while what the orchestrator relies on answers, else 0.', { dependency: ANY }),
  nervesys_database_connections: gauge('Connections of the pool.', { state: ['in_use', 'idle'] }),
  nervesys_database_connections_max: gauge('The most connections the pool may have.'),
  nervesys_database_waiting_requests: gauge('Statements that wait for a connection.'),
  nervesys_database_errors_total: counter('Statements that failed: Postgres did not answer, or refused them.', {
    kind: ['unreachable', 'refused'],
  }),

  nervesys_duty_last_success_timestamp_seconds: gauge(
    'When a duty of the background last succeeded in this process, epoch seconds; its start before that.',
    { duty: DUTY_NAMES },
  ),
  nervesys_duty_interval_seconds: gauge('How often it is to.', { duty: DUTY_NAMES }),
  nervesys_duty_failures_total: counter('Rounds of a duty that failed.', { duty: DUTY_NAMES }),

  process_cpu_seconds_total: counter('Processor time of the process, user and system.'),
  process_resident_memory_bytes: gauge('Resident memory of the process.'),
  process_start_time_seconds: gauge('When the process began, epoch seconds.'),
  process_open_fds: gauge('Open file descriptors.'),
  nodejs_heap_size_used_bytes: gauge('JavaScript heap in use.'),
  nodejs_eventloop_lag_p50_seconds: gauge('Median lag of the event loop in the last half minute.'),
  nodejs_eventloop_lag_p99_seconds: gauge('99th percentile of it.'),
  nodejs_eventloop_lag_max_seconds: gauge('The worst of it.'),
  nodejs_eventloop_busy_seconds_total: counter('Time that the event loop was not idle.'),
} as const satisfies Readonly<Record<string, Family>>;

type Families = typeof METRIC_FAMILIES;
export type FamilyName<Type> = {
  [Name in keyof Families]: Families[Name]['type'] extends Type ? Name : never;
}[keyof Families];

/** The labels that go with a name: each of its own, with a value it may have. */
export type LabelsOf<Name extends keyof Families> = {
  readonly [Label in keyof Families[Name]['labels']]: Families[Name]['labels'][Label] extends readonly (infer Value)[]
    ? Value
    : string;
};

function counter<const Labels extends Family['labels'] = Record<never, never>>(
  help: string,
  labels: Labels = {} as Labels,
) {
  return { type: 'counter', help, labels } as const;
}

function gauge<const Labels extends Family['labels'] = Record<never, never>>(
  help: string,
  labels: Labels = {} as Labels,
) {
  return { type: 'gauge', help, labels } as const;
}

function histogram<const Labels extends Family['labels']>(help: string, labels: Labels, buckets: readonly number[]) {
  return { type: 'histogram', help, labels, buckets } as const;
}
