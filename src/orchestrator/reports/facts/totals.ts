import type { FactsTotals } from '../../../contract/report-facts.ts';

/** Nothing is known. */
export const NO_TOTALS: FactsTotals = Object.freeze({
  servers: null,
  agents: null,
  availability: null,
  down_seconds: null,
  late_seconds: null,
  records: null,
  errors: null,
  error_rate: null,
  dropped_records: null,
  lost_records: null,
  alerts_opened: null,
  alerts_critical: null,
  archived_bytes: null,
  text_bytes: null,
  objects: null,
  archive_cost: null,
  ai_calls: null,
  ai_tokens: null,
  ai_cost_usd: null,
});

const KEYS = Object.keys(NO_TOTALS) as (keyof FactsTotals)[];

export function isKnown(totals: FactsTotals): boolean {
  return KEYS.some((key) => totals[key] !== null);
}

/** The median of each number by itself, of the periods that have it; null: none is known. */
export function medianTotals(all: readonly FactsTotals[]): FactsTotals | null {
  if (all.length === 0) return null;
  const medians = KEYS.map((key) => [key, median(all.flatMap((totals) => totals[key] ?? []))]);
  return Object.fromEntries(medians) as FactsTotals;
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Share of errors; null where there are no records. */
export function errorRate(errors: number, records: number): number | null {
  return records === 0 ? null : errors / records;
}
