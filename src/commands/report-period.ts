import type { FactsPeriod } from '../contract/report-facts.ts';
import { REPORT_KINDS, type ReportKind } from '../contract/reports.ts';
import { currentPeriod, factsPeriod, lastPeriod, previousPeriod } from '../orchestrator/reports/period.ts';
import { NervesysError } from '../platform/errors.ts';

/** Ten years of days. */
export const PERIODS_MAX = 3_660;

/**
 * The period that somebody means: its own name, any day in it, `today`, `yesterday`; what is left out is the last one that is over, and of
 * critical alerts today. Days are those of the reports' zone. Throws `NSV_SETTING_INVALID`.
 */
export function readPeriod(
  kind: ReportKind,
  text: string | undefined,
  { now, timeZone, option }: { readonly now: number; readonly timeZone: string; readonly option: string },
): FactsPeriod {
  if (text === undefined)
    return kind === 'critical' ? currentPeriod(kind, now, timeZone) : lastPeriod(kind, now, timeZone);
  if (text === 'today') return currentPeriod(kind, now, timeZone);
  if (text === 'yesterday') return currentPeriod(kind, startOf(lastPeriod('daily', now, timeZone)), timeZone);
  const named = factsPeriod(kind, text, timeZone);
  if (named !== undefined) return named;
  const day = factsPeriod('daily', text, timeZone);
  if (day !== undefined) return currentPeriod(kind, startOf(day), timeZone);
  throw new NervesysError('NSV_SETTING_INVALID', `${option} ${JSON.stringify(text)} is no ${WHAT[kind]}`, {
    hint: `give it as ${HOW[kind]}`,
  });
}

/** From the one to the other, both included, oldest first. Throws `NSV_SETTING_INVALID` where that is none, or too many. */
export function periodsFrom(kind: ReportKind, from: FactsPeriod, to: FactsPeriod): readonly FactsPeriod[] {
  if (startOf(from) > startOf(to))
    throw new NervesysError('NSV_SETTING_INVALID', `--from ${from.name} comes after --to ${to.name}`, {
      hint: 'change them round',
    });
  const periods: FactsPeriod[] = [];
  for (let one = to; startOf(one) >= startOf(from); one = previousPeriod(kind, one)) {
    periods.push(one);
    if (periods.length > PERIODS_MAX)
      throw new NervesysError(
        'NSV_SETTING_INVALID',
        `from ${from.name} to ${to.name} is more than ${PERIODS_MAX} reports`,
        {
          hint: 'take a part of it at a time',
        },
      );
  }
  return periods.reverse();
}

/** Throws `NSV_SETTING_INVALID`. */
export function readKind(text: string): ReportKind {
  const kind = REPORT_KINDS.find((one) => one === text);
  if (kind === undefined)
    throw new NervesysError('NSV_SETTING_INVALID', `${JSON.stringify(text)} is no kind of report`, {
      hint: `use ${REPORT_KINDS.join(', ')}`,
    });
  return kind;
}

function startOf({ starts_at }: FactsPeriod): number {
  return Date.parse(starts_at);
}

const WHAT: Readonly<Record<ReportKind, string>> = { daily: 'day', weekly: 'week', monthly: 'month', critical: 'day' };
const HOW: Readonly<Record<ReportKind, string>> = {
  daily: '2025-12-10, today or yesterday',
  weekly: '2025-W50, or as a day in it',
  monthly: '2025-12, or as a day in it',
  critical: '2025-12-10, today or yesterday',
};
