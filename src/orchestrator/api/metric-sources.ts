import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { NERVESYS_VERSION } from '../../contract/version.ts';
import type { Clock } from '../../platform/clock.ts';
import { processMetrics } from '../../platform/process-metrics.ts';
import { type FleetCounts, readFleetCounts } from '../database/queries/fleet-counts.ts';
import type { ServerDeps } from './app.ts';
import type { Metrics } from './metrics.ts';

/** Counts over the whole fleet are read again after this, however many ask, … */
const FLEET_COUNTS_MS = 5_000;
/** … and later when they took long: they never take more than a twentieth of one connection's time. */
const FLEET_COUNTS_SHARE = 20;
/** Lags of the event loop are gathered for so long. */
const LAG_WINDOW_MS = 30_000;
const LAG_RESOLUTION_MS = 20;

/** Hands in how everything is read that is not counted where it happens. The answer ends what it has begun. */
export function registerMetricSources({
  metrics,
  clock,
  database,
  desired,
  dependencies,
  duties,
  listeningSince,
  lookAtDependencies,
}: Pick<
  ServerDeps,
  'metrics' | 'clock' | 'database' | 'desired' | 'dependencies' | 'duties' | 'listeningSince' | 'lookAtDependencies'
>): Disposable {
  metrics.gauge('nervesys_build_info', () => [
    { labels: { version: NERVESYS_VERSION, node: process.versions.node }, value: 1 },
  ]);
  metrics.gauge('nervesys_uptime_seconds', () => Math.max(0, (clock.now() - listeningSince()) / 1_000));

  const counts = fleetCounts(clock, async () => {
    try {
      const read = await readFleetCounts(database);
      dependencies.note('postgres', undefined);
      return read;
    } catch (error) {
      dependencies.note('postgres', error);
      throw error;
    }
  });
  metrics.gauge('nervesys_agents', async () => (await counts()).agents);
  metrics.gauge('nervesys_servers', async () => (await counts()).servers);
  metrics.gauge('nervesys_alerts', async () => (await counts()).alerts);
  metrics.gauge('nervesys_alert_deliveries_waiting', async () => (await counts()).deliveriesWaiting);
  metrics.gauge('nervesys_backup_last_success_timestamp_seconds', async () => {
    const { lastBackupAt } = await counts();
    return lastBackupAt === null ? [] : lastBackupAt / 1_000;
  });
  metrics.gauge('nervesys_config_refusing_servers', async () => (await counts()).refusing);
  metrics.gauge('nervesys_config_info', () =>
    (['settled', 'rolling'] as const).flatMap((reach) => {
      const revision = desired.revisions[reach];
      return revision === undefined ? [] : [{ labels: { revision, reach }, value: 1 }];
    }),
  );

  metrics.gauge('nervesys_dependency_up', async () => {
    lookAtDependencies();
    await counts().catch(() => undefined); // noted: how Postgres is
    return dependencies.names.map((dependency) => ({
      labels: { dependency },
      value: dependencies.find(dependency) === undefined ? 1 : 0,
    }));
  });
  metrics.gauge('nervesys_database_connections', () => {
    const { inUse, idle } = database.state;
    return [
      { labels: { state: 'in_use' as const }, value: inUse },
      { labels: { state: 'idle' as const }, value: idle },
    ];
  });
  metrics.gauge('nervesys_database_connections_max', () => database.state.max);
  metrics.gauge('nervesys_database_waiting_requests', () => database.state.waiting);
  metrics.counter('nervesys_database_errors_total', () =>
    (['unreachable', 'refused'] as const).map((kind) => ({ labels: { kind }, value: database.state.errors[kind] })),
  );

  metrics.gauge('nervesys_duty_last_success_timestamp_seconds', () =>
    duties.views.map(({ duty, succeededAt }) => ({ labels: { duty }, value: succeededAt / 1_000 })),
  );
  metrics.gauge('nervesys_duty_interval_seconds', () =>
    duties.views.map(({ duty, intervalMs }) => ({ labels: { duty }, value: intervalMs / 1_000 })),
  );
  metrics.counter('nervesys_duty_failures_total', () =>
    duties.views.map(({ duty, failures }) => ({ labels: { duty }, value: failures })),
  );
  return registerProcess(metrics, clock);
}

function registerProcess(metrics: Metrics, clock: Clock): Disposable {
  const own = (name: string) => processMetrics(clock.now()).find((one) => one.name === name)!.value;
  metrics.counter('process_cpu_seconds_total', () => own('process_cpu_seconds_total'));
  metrics.gauge('process_resident_memory_bytes', () => own('process_resident_memory_bytes'));
  metrics.gauge('process_start_time_seconds', () => own('process_start_time_seconds'));
  metrics.gauge('process_open_fds', async () => (await readdir('/proc/self/fd')).length);
  metrics.gauge('nodejs_heap_size_used_bytes', () => process.memoryUsage().heapUsed);
  metrics.counter('nodejs_eventloop_busy_seconds_total', () => performance.eventLoopUtilization().active / 1_000);

  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  let begun = clock.monotonic();
  let lag = { p50: 0, p99: 0, max: 0 };
  // What is measured is the time from tick to tick; the lag is what it is longer than asked for.
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - LAG_RESOLUTION_MS / 1_000);
  const read = () => {
    lag = { p50: seconds(delay.percentile(50)), p99: seconds(delay.percentile(99)), max: seconds(delay.max) };
    if (clock.monotonic() - begun < LAG_WINDOW_MS) return lag;
    begun = clock.monotonic();
    delay.reset();
    return lag;
  };
  metrics.gauge('nodejs_eventloop_lag_p50_seconds', () => read().p50);
  metrics.gauge('nodejs_eventloop_lag_p99_seconds', () => lag.p99);
  metrics.gauge('nodejs_eventloop_lag_max_seconds', () => lag.max);
  return { [Symbol.dispose]: () => void delay.disable() };
}

/** The counts as they were a moment ago, read once for all who ask meanwhile. */
export function fleetCounts(clock: Clock, read: () => Promise<FleetCounts>): () => Promise<FleetCounts> {
  let known: Promise<FleetCounts> | undefined;
  let until = 0;
  return () => {
    if (known !== undefined && clock.monotonic() < until) return known;
    const begun = clock.monotonic();
    until = Number.POSITIVE_INFINITY; // while it is being read
    const reading = read();
    known = reading;
    const end = () => {
      const took = clock.monotonic() - begun;
      until = clock.monotonic() + Math.max(FLEET_COUNTS_MS, took * FLEET_COUNTS_SHARE);
    };
    reading.then(end, end);
    return reading;
  };
}
