import type { HistorySettings } from '../../config/index.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** As `heartbeat.interval` where nothing is configured. */
export const DEFAULT_INTERVAL_MS = MINUTE_MS;

/** The roll-ups, from fine to coarse; `stepMs` is what a row stands for. */
export const ROLLUPS = [
  { name: '5m', table: 'status_5m', stepMs: 5 * MINUTE_MS },
  { name: '1h', table: 'status_1h', stepMs: HOUR_MS },
  { name: '1d', table: 'status_1d', stepMs: DAY_MS },
] as const;

export type Rollup = (typeof ROLLUPS)[number];
export type RollupTable = Rollup['table'];

/** What is kept where nothing is configured; see `historySection` for why. */
export const DEFAULT_HISTORY: HistorySettings = {
  beatsMs: 35 * DAY_MS,
  fiveMinutesMs: 90 * DAY_MS,
  hoursMs: 730 * DAY_MS,
  daysMs: 3_650 * DAY_MS,
  templatesMs: 90 * DAY_MS,
};

/** How long templates are kept; a revision from before there were any says nothing of it. */
export function templatesKeptMs({ templatesMs }: HistorySettings): number {
  return templatesMs ?? 90 * DAY_MS;
}

export function keptMs(rollup: Rollup, keep: HistorySettings): number {
  switch (rollup.table) {
    case 'status_5m':
      return keep.fiveMinutesMs;
    case 'status_1h':
      return keep.hoursMs;
    case 'status_1d':
      return keep.daysMs;
    default:
      return rollup satisfies never;
  }
}

/** A chart shows no more points than this. */
export const POINTS_MAX = 1_500;

/**
 * From what a span of time is shown: single beats (`undefined`) while they make few enough points and are kept that long, else the finest
 * roll-up for which both hold, else days.
 */
export function chooseResolution(spanMs: number, intervalMs: number, keep: HistorySettings): Rollup | undefined {
  if (spanMs <= POINTS_MAX * intervalMs && spanMs <= keep.beatsMs) return undefined;
  return ROLLUPS.find((rollup) => spanMs <= POINTS_MAX * rollup.stepMs && spanMs <= keptMs(rollup, keep)) ?? ROLLUPS[2];
}
