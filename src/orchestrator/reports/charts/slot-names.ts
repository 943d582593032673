import type { FactsSlot, ReportFacts } from '../../../contract/report-facts.ts';
import type { ChartWords } from './words.ts';

/** How slots are called below a chart, and which of them are written out. */
export interface SlotNames {
  readonly names: readonly string[];
  readonly isLabelled: (index: number) => boolean;
}

/** With so many there is room for about so many labels of a day. */
const DAY_LABELS_MAX = 11;

/** Of days each as a day, of hours each as an hour. */
export function slotNames({ kind, slots }: ReportFacts, words: ChartWords): SlotNames {
  if (kind === 'daily') return hourNames(slots);
  return dayNames(
    slots.map(({ label }) => label),
    words,
  );
}

/**
 * Hours of a day by every third hour of the clock, so that a day of 23 or 25 hours is called like any other (an hour that comes twice is
 * written once).
 */
export function hourNames(slots: readonly FactsSlot[]): SlotNames {
  const names = slots.map(({ label }) => label);
  return {
    names,
    isLabelled: (index) => {
      const name = names[index];
      return name !== undefined && Number(name.slice(0, 2)) % 3 === 0 && name !== names[index - 1];
    },
  };
}

/** Days (`2025-12-10`), as many as there is room for, of which the last is always written out where there isn't room for all. */
export function dayNames(days: readonly string[], words: ChartWords, labelsMax = DAY_LABELS_MAX): SlotNames {
  const step = Math.ceil(days.length / labelsMax);
  return {
    names: days.map((day) => dayName(day, words)),
    isLabelled: (index) => (days.length - 1 - index) % step === 0,
  };
}

export function dayName(day: string, words: ChartWords): string {
  return words.shortDay(Number(day.slice(8, 10)), Number(day.slice(5, 7)));
}
