import type { AnyFacts } from '../../contract/report-facts.ts';

/** Times of which nothing is known; the other gaps are of detail. */
const UNKNOWN = ['before_first_data', 'nobody_heard', 'unfinished'];

/**
 * How much facts know, to be compared with others of the same period: of a summary the seconds of its period that anything is known of, of
 * critical alerts how many. What arrives late only ever adds to it; the restore of an older backup takes from it.
 */
export function howMuchIsKnown(facts: AnyFacts): number {
  if (facts.kind === 'critical') return facts.total;
  const unknown = facts.gaps.map(({ kind, from, to }) =>
    UNKNOWN.includes(kind) && from !== undefined && to !== undefined ? (Date.parse(to) - Date.parse(from)) / 1_000 : 0,
  );
  return unknown.reduce((left, seconds) => left - seconds, facts.period.seconds);
}
