import type { FleetAgent, FleetServer, HistoryPoint } from '../../contract/fleet.ts';

export const HISTORY_MINUTES = 60;
export const HISTORY_SECONDS = HISTORY_MINUTES * 60;
/** A chart of a minute-old fleet would be a single stroke over its whole width. */
const CHART_SECONDS_MIN = 300;
/** A beat a second for an hour; a chart couldn't show more. The oldest go first. */
const POINTS_MAX = 3600;

/** Columns as uPlot draws them: seconds, then one array a series. */
export interface HistoryColumns {
  readonly at: number[];
  readonly cpu: (number | null)[];
  readonly ram: (number | null)[];
  readonly disk: (number | null)[];
  readonly buffer: (number | null)[];
}

/**
 * Where charts begin, epoch seconds: an hour ago, or when the fleet's first server joined if that is later. The same for all
 * agents, so that their charts can be compared.
 */
export function chartStart(servers: Iterable<FleetServer>, nowSeconds: number): number {
  let joined = nowSeconds;
  for (const { enrolled_at } of servers) joined = Math.min(joined, Date.parse(enrolled_at) / 1000 || joined);
  return Math.max(nowSeconds - HISTORY_SECONDS, Math.min(Math.floor(joined), nowSeconds - CHART_SECONDS_MIN));
}

/** The point that a beat adds, at the orchestrator's time of receipt. */
export function pointOf(agent: FleetAgent): HistoryPoint {
  return { at: Math.floor(Date.parse(agent.received_at) / 1000), ...agent.metrics };
}

/** Appends a beat and forgets what is older than the hour. A point that isn't newer (a state change without a beat) adds nothing. */
export function extendHistory(points: readonly HistoryPoint[], point: HistoryPoint): readonly HistoryPoint[] {
  const last = points.at(-1);
  if (last !== undefined && point.at <= last.at) return points;
  const oldest = point.at - HISTORY_SECONDS;
  return [...points.filter(({ at }) => at >= oldest), point].slice(-POINTS_MAX);
}

/**
 * Points as columns, with a hole where an agent was silent: a line drawn through the silence would claim that we know
 * what happened in it. Silence is three times the usual distance between points, at least `gapSecondsMin`.
 */
export function toColumns(points: readonly HistoryPoint[], gapSecondsMin = 150): HistoryColumns {
  const columns: HistoryColumns = { at: [], cpu: [], ram: [], disk: [], buffer: [] };
  const gapSeconds = Math.max(gapSecondsMin, 3 * usualDistance(points));
  let previous: number | undefined;
  for (const point of points) {
    if (previous !== undefined && point.at - previous > gapSeconds) {
      push(columns, {
        at: previous + 1,
        cpu_percent: null,
        ram_percent: null,
        disk_percent: null,
        buffer_size_mb: null,
      });
    }
    push(columns, point);
    previous = point.at;
  }
  return columns;
}

function push(columns: HistoryColumns, point: HistoryPoint): void {
  columns.at.push(point.at);
  columns.cpu.push(point.cpu_percent);
  columns.ram.push(point.ram_percent);
  columns.disk.push(point.disk_percent);
  columns.buffer.push(point.buffer_size_mb);
}

function usualDistance(points: readonly HistoryPoint[]): number {
  const distances = points.slice(1).map((point, index) => point.at - points[index]!.at);
  distances.sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}
