import type { Limit, Thresholds } from '../../../config/index.ts';

/** A limit, by the name it has in a `Config`. */
export type ThresholdKey = keyof Thresholds;
export type BreachLevel = 'warning' | 'critical';

/** What is known of a server or of an AI agent, each in the unit of its limit; absent: not known, or not its own. */
export type ThresholdValues = { readonly [K in ThresholdKey]?: number };

export interface FoundBreach {
  readonly threshold: ThresholdKey;
  readonly level: BreachLevel;
  readonly value: number;
}

/** The values that are past their limits now, each at the worst level it has reached. Pure. */
export function findBreaches(values: ThresholdValues, limits: Thresholds): FoundBreach[] {
  const found: FoundBreach[] = [];
  for (const [key, value] of Object.entries(values)) {
    const threshold = key as ThresholdKey;
    const limit = limits[threshold];
    if (isPast(value, limit.critical)) found.push({ threshold, level: 'critical', value });
    else if (isPast(value, limit.warning)) found.push({ threshold, level: 'warning', value });
  }
  return found;
}

/** At the bound or above it. Nothing at all is past no bound: a limit of 0 means "any". */
export function isPast(value: number, bound: number): boolean {
  return value > 0 && value >= bound;
}

/** So far below the bound that it counts as over. Between the two nothing changes. */
export function isClear(value: number, bound: number, { hysteresisPercent }: Limit): boolean {
  return !isPast(value, bound) && value <= bound * (1 - hysteresisPercent / 100);
}
