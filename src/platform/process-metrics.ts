import type { Metric } from './metrics-text.ts';

/** What Prometheus' own client libraries tell of every process, under their names. `now` is epoch ms. */
export function processMetrics(now: number): Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time of the process, user and system.',
      value: (user + system) / 1e6,
    },
    {
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      help: 'Resident memory of the process.',
      value: process.memoryUsage.rss(),
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'When the process began, epoch seconds.',
      value: startedAt(now) / 1_000,
    },
  ];
}

let started: number | undefined;

/** Epoch ms; worked out once, so that a clock that is set later doesn't look like a restart. */
function startedAt(now: number): number {
  started ??= Math.round(now - process.uptime() * 1_000);
  return started;
}
