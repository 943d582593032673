import type { FactsPeriod, FactsSlot } from '../../../contract/report-facts.ts';
import type { ReportKind } from '../../../contract/reports.ts';
import { slotsOf } from '../period.ts';

/** The stretch of time that facts are of, as every part of them takes it. */
export interface FactsWindow {
  readonly kind: ReportKind;
  readonly period: FactsPeriod;
  /** All of the period's, also those that are still to come. */
  readonly slots: readonly FactsSlot[];
  readonly startsAt: Date;
  /** Until when facts are told: the period's end; of one that isn't over `now`. Never before `startsAt`. */
  readonly endsAt: Date;
  readonly now: Date;
}

export function factsWindow(kind: ReportKind, period: FactsPeriod, now: number): FactsWindow {
  const startsAt = Date.parse(period.starts_at);
  return {
    kind,
    period,
    slots: slotsOf(kind, period),
    startsAt: new Date(startsAt),
    endsAt: new Date(Math.max(startsAt, Math.min(Date.parse(period.ends_at), now))),
    now: new Date(now),
  };
}
