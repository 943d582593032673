import type { ArchivePrices } from '../../../config/index.ts';

/** What stands in the archive. */
export interface Standing {
  readonly bytes: number;
  readonly objects: number;
}

export interface ArchiveCost {
  /** Of keeping what stands there for `seconds`, and of writing what was written. */
  readonly cost: number;
  /** Of keeping it for 30 days. */
  readonly costMonth: number;
}

/** A month of the price table. */
export const PRICED_MONTH_SECONDS = 30 * 86_400;
const TB = 1e12;
const MILLION = 1e6;
/** Millionths of the currency: what is below is an error of floating point. */
const DIGITS = 6;

/** In `prices.currency`. `written`: objects that came in these `seconds`. Pure. */
export function archiveCost(
  standing: Standing,
  written: number,
  seconds: number,
  prices: Pick<ArchivePrices, 'keepTbMonth' | 'keepMillionMonth' | 'writeMillion'>,
): ArchiveCost {
  const costMonth = (standing.bytes / TB) * prices.keepTbMonth + (standing.objects / MILLION) * prices.keepMillionMonth;
  const cost = (costMonth * seconds) / PRICED_MONTH_SECONDS + (written / MILLION) * prices.writeMillion;
  return { cost: rounded(cost), costMonth: rounded(costMonth) };
}

function rounded(amount: number): number {
  return Number(amount.toFixed(DIGITS));
}
