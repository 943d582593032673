import type { Tokens } from './tokens.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const GOOD_STATES = words(
  'ok good normal optimal healthy up online ready established active running green connected available full synced primary master leader ' +
    'serving open operational clean nominal alive reachable stable',
);
const BAD_STATES = words(
  'down degraded failed fail failing error faulted fault faulty offline dead lost unhealthy red critical suspect suspected unreachable ' +
    'unavailable crashed broken disconnected nonresponsive unresponsive blocked stalled rebuilding ' +
    'partial exstart diverged inconsistent absent readonly evicted',
);
/** From these any state that is not good is a fall: a session of a routing protocol goes from established to idle, connect or active. */
const FALLEN_FROM_ESTABLISHED = words('idle connect active init closed opensent openconfirm');
/** An open circuit breaker lets no call through. */
const BREAKERS = words('circuit breaker circuitbreaker');

/** Their failing is business as usual; where it is trouble, other lines tell. */
const BUSINESS = words(
  'order orders payment ticket invoice booking cart refund charge transfer subscription claim case shipment parcel quote request issue build lead',
);

export interface Transition {
  readonly isFall: boolean;
  /** Words `start` to `end`, the latter not included. */
  readonly start: number;
  readonly end: number;
}

/**
 * The first change of a state that a text tells with both ends: “from DEGRADED to OPTIMAL”, “UP -> DOWN”. `undefined`: none, or one between
 * states that are equally good.
 */
export function readTransition(tokens: Tokens): Transition | undefined {
  const { count, words, isAfterArrow } = tokens;
  for (let at = 1; at < count; at++) {
    const isSpelled = words[at] === 'to' && at >= 2 && at + 1 < count && words[at - 2] === 'from';
    if (!isSpelled && !isAfterArrow[at]) continue;
    const start = isSpelled ? at - 2 : at - 1;
    const before = words[at - 1]!;
    const afterAt = isSpelled ? at + 1 : at;
    const isFall = isFallFrom(before, words[afterAt]!, hasAny(BREAKERS, tokens, start));
    if (isFall && hasAny(BUSINESS, tokens, start)) return undefined;
    if (isFall !== undefined) return { isFall, start, end: afterAt + 1 };
  }
  return undefined;
}

function isFallFrom(before: string, after: string, isBreaker: boolean): boolean | undefined {
  if (isBreaker && (after === 'open' || before === 'open')) return after === 'open';
  if (before === 'established' && FALLEN_FROM_ESTABLISHED.has(after)) return true;
  if (BAD_STATES.has(after) && !BAD_STATES.has(before)) return true;
  return BAD_STATES.has(before) && GOOD_STATES.has(after) ? false : undefined;
}

/** Whether any of them stands before word `end`. */
function hasAny(wanted: ReadonlySet<string>, { words }: Tokens, end: number): boolean {
  for (let at = 0; at < end; at++) if (wanted.has(words[at]!)) return true;
  return false;
}
