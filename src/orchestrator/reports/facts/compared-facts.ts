import type { ArchivePrices } from '../../../config/index.ts';
import type { ReportSettings } from '../../../config/report-settings.ts';
import {
  type FactsCompared,
  type FactsPeriod,
  type FactsTotals,
  HABIT_DAYS,
  TREND_DAYS,
  type TrendDay,
} from '../../../contract/report-facts.ts';
import type { SummaryKind } from '../../../contract/reports.ts';
import type { Queryable } from '../../database/database.ts';
import { currentPeriod, periodsBefore, weekBefore } from '../period.ts';
import { aiTotalsByDay } from './ai-work-facts.ts';
import { alertTotalsByDay } from './alerts-facts.ts';
import { archiveTotalsByDay } from './archive-facts.ts';
import type { FactsWindow } from './facts-window.ts';
import { availabilityOf, type FleetStates, readFleetStates } from './state-facts.ts';
import { errorRate, isKnown, medianTotals, NO_TOTALS } from './totals.ts';
import {
  chooseUnitSource,
  type ErrorHabit,
  readUnitBeats,
  type Unit,
  type UnitStretch,
  type UnitsTold,
} from './unit-beats.ts';

/** How many periods before make the habit. */
const HABIT_OF: Readonly<Record<SummaryKind, number>> = { daily: HABIT_DAYS, weekly: 8, monthly: 6 };

export interface Compared {
  readonly compared: FactsCompared;
  readonly trend: readonly TrendDay[];
  readonly errorHabits: readonly ErrorHabit[];
}

/**
 * What a period is compared with, and the days that lead to its end. A number of them is the same as facts of that day or week had, but for what
 * the hourly roll-up tells more roughly. `totals`: of the period itself.
 */
export async function gatherCompared(
  database: Queryable,
  { period, endsAt }: FactsWindow,
  kind: SummaryKind,
  totals: FactsTotals,
  stretch: UnitStretch,
  prices: Prices,
): Promise<Compared> {
  const before = unitsOf(periodsBefore(kind, period, HABIT_OF[kind]));
  const source = await chooseUnitSource(database, stretch, before);
  const beats = await readUnitBeats(database, source);
  const told = await totalsOf(database, beats, before, prices);
  const known = told.filter(isKnown);
  const weekAgo = kind === 'daily' ? weekBefore(period)?.name : undefined;
  const named = (name: string | undefined) => told[before.findIndex(({ day }) => day === name)];
  const compared = {
    before: knownOrNull(told.at(-1)),
    week_before: knownOrNull(named(weekAgo)),
    habit: medianTotals(known),
    habit_of: known.length,
  };
  if (kind === 'daily') {
    const days = before.slice(1 - TREND_DAYS).map(({ day }) => ({ day, ...named(day)! }));
    return { compared, trend: [...days, { day: period.name, ...totals }], errorHabits: beats.errorHabits };
  }

  const lastDay = currentPeriod('daily', Date.parse(period.ends_at) - 1, period.time_zone);
  const days = unitsOf([...periodsBefore('daily', lastDay, TREND_DAYS - 1), lastDay]);
  // Of a period that isn't over the days that are still to come are not known.
  const begun = days
    .filter(({ startsAt }) => startsAt < endsAt)
    .map((day) => ({ ...day, endsAt: earlier(day.endsAt, endsAt) }));
  const ofDays =
    begun.length === 0
      ? []
      : await totalsOf(
          database,
          await readUnitBeats(database, await chooseUnitSource(database, stretch, begun)),
          begun,
          prices,
        );
  const firstDay = currentPeriod('daily', Date.parse(period.starts_at), period.time_zone);
  const habitDays = unitsOf(periodsBefore('daily', firstDay, HABIT_DAYS));
  const { errorHabits } = await readUnitBeats(database, await chooseUnitSource(database, stretch, habitDays));
  return { compared, trend: days.map(({ day }, index) => ({ day, ...(ofDays[index] ?? NO_TOTALS) })), errorHabits };
}

interface Prices {
  readonly storagePrices: ArchivePrices | undefined;
  readonly modelPrices: ReportSettings['modelPrices'];
}

interface NamedUnit extends Unit {
  readonly day: string;
}

function unitsOf(periods: readonly FactsPeriod[]): readonly NamedUnit[] {
  return periods.map(({ name, starts_at, ends_at }) => ({
    day: name,
    startsAt: new Date(starts_at),
    endsAt: new Date(ends_at),
  }));
}

async function totalsOf(
  database: Queryable,
  { units: beats }: UnitsTold,
  units: readonly NamedUnit[],
  prices: Prices,
): Promise<readonly FactsTotals[]> {
  const states = await readFleetStates(database, units);
  const alerts = await alertTotalsByDay(database, units);
  const archive = await archiveTotalsByDay(database, units, prices.storagePrices);
  const work = await aiTotalsByDay(database, units, prices.modelPrices);
  return units.map((_, index): FactsTotals => {
    const heard = beats[index];
    const judged = judgedOf(states[index], heard !== null && heard !== undefined);
    return {
      servers: judged?.servers ?? null,
      agents: judged?.agents ?? null,
      availability: judged === undefined ? null : availabilityOf(judged.seconds),
      down_seconds: judged === undefined ? null : (judged.seconds.down ?? 0),
      late_seconds: judged === undefined ? null : (judged.seconds.late ?? 0),
      records: heard?.records ?? null,
      errors: heard?.errors ?? null,
      error_rate: heard ? errorRate(heard.errors, heard.records) : null,
      dropped_records: heard?.droppedRecords ?? null,
      lost_records: heard?.lostRecords ?? null,
      alerts_opened: alerts[index]?.opened ?? null,
      alerts_critical: alerts[index]?.critical ?? null,
      archived_bytes: archive[index]?.bytes ?? null,
      text_bytes: archive[index]?.textBytes ?? null,
      objects: archive[index]?.objects ?? null,
      archive_cost: archive[index]?.cost ?? null,
      ai_calls: work[index]?.calls ?? null,
      ai_tokens: work[index]?.tokens ?? null,
      ai_cost_usd: work[index]?.costUsd ?? null,
    };
  });
}

/**
 * On a day on which nobody was heard, that nobody's state changed says nothing; who was down was so until it was heard. Undefined: nothing is
 * known of anybody.
 */
function judgedOf(fleet: FleetStates | undefined, wasHeard: boolean): FleetStates | undefined {
  if (fleet === undefined || fleet.agents === null) return undefined;
  if (wasHeard) return fleet;
  const { down = 0 } = fleet.seconds;
  return down > 0 ? { ...fleet, seconds: { down } } : undefined;
}

function knownOrNull(totals: FactsTotals | undefined): FactsTotals | null {
  return totals !== undefined && isKnown(totals) ? totals : null;
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
