import { STATE_SPANS_MAX, type StateSpan } from '../../../contract/report-facts.ts';

/** How much a second in a state matters to the reader. */
const WEIGHTS: Readonly<Record<StateSpan['state'], number>> = {
  down: 50,
  late: 10,
  degraded: 10,
  unknown: 5,
  revoked: 5,
  retired: 5,
  up: 1,
};

/**
 * At most `most` spans of the same time: again and again the one that matters least goes into its neighbour, the milder of both so that no
 * outage gets longer by it, and neighbours that are then in one state become one. So the long times of trouble stay, and what flickers between
 * them is drawn together.
 */
export function boundSpans(spans: readonly StateSpan[], most = STATE_SPANS_MAX): readonly StateSpan[] {
  const kept = [...spans];
  while (kept.length > most) {
    const least = leastOf(kept);
    const [before, after] = [kept[least - 1], kept[least + 1]];
    const into = after === undefined || (before !== undefined && !isMilder(after, before)) ? before! : after;
    const from = into === before ? least - 1 : least;
    kept.splice(from, 2, { ...into, from: kept[from]!.from, to: kept[from + 1]!.to });
    for (const at of [from + 1, from]) {
      const [left, right] = [kept[at - 1], kept[at]];
      if (left !== undefined && right !== undefined && left.state === right.state)
        kept.splice(at - 1, 2, {
          ...(lengthOf(left) >= lengthOf(right) ? left : right),
          from: left.from,
          to: right.to,
        });
    }
  }
  return kept;
}

function leastOf(spans: readonly StateSpan[]): number {
  let least = 0;
  for (const [index, span] of spans.entries()) if (weightOf(span) < weightOf(spans[least]!)) least = index;
  return least;
}

function isMilder(one: StateSpan, other: StateSpan): boolean {
  const [own, others] = [WEIGHTS[one.state], WEIGHTS[other.state]];
  return own < others || (own === others && lengthOf(one) > lengthOf(other));
}

function weightOf(span: StateSpan): number {
  return lengthOf(span) * WEIGHTS[span.state];
}

function lengthOf({ from, to }: StateSpan): number {
  return Date.parse(to) - Date.parse(from);
}
