import {
  isBadCode,
  isBooleanCode,
  isGoodCode,
  isLearnt,
  isNameCode,
  isOpen,
  isSpan,
  isStateCode,
  isWordCode,
} from './skeleton.ts';

/** A value that the tokenizer took for a variable counts as so many. */
const VARIABLE_WEIGHT = 2;
/** So many different texts at one place are a variable, whatever they tell. */
const OVERWHELMING = 16;
/** Values that come more often than this, on average, must be more. */
const OFTEN = 8;
/** Words beside a place that holds `true` and `false` only. */
const BOOLEAN_WORDS_MIN = 3;
/** A value follows these. */
const VALUE_SIGNS: ReadonlySet<string> = new Set(['=', ':', '(', '[']);
/** Words beside a text of several words that a statement begins with, or ends with after no such sign. */
const EDGE_WORDS_MIN = 3;
/** Different words that values of several words begin with, and end with. */
const DIFFERENT_ENDS_MIN = 3;

/** Tokens of a text that fill a gap. */
export interface Filler {
  readonly codes: readonly number[];
  /** Of the text it stands in. */
  readonly lines: number;
}

export interface Gap {
  readonly fillers: readonly Filler[];
  /** The tokens beside it. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly isFirst: boolean;
  /** All that comes after what most texts begin with. */
  readonly isRest: boolean;
}

/** Whether what fills a gap is so varied that it is a value. `words`: that are kept, and `share`: of all. */
export function isVariableGap(gap: Gap, words: number, share: number): boolean {
  const fillers = countFillers(gap);
  const { count, different, booleans, bad, good, longest } = fillers;
  if (count >= OVERWHELMING) return true;
  if (gap.before === '=' && booleans === different && words >= BOOLEAN_WORDS_MIN) return true;
  if (bad > 0 && good > 0) return false;
  if (fillers.hasSpan || (fillers.hasLearnt && (longest <= 1 || gap.before === '='))) return true;
  if (longest > 1 && (gap.isRest || (words < EDGE_WORDS_MIN && isOpenEdge(gap)))) return false;
  if (count < valuesNeeded(gap, fillers, words, share)) return false;
  // Where many begin or end alike, these are words of a statement.
  return longest <= 1 || Math.min(fillers.firsts, fillers.lasts) >= DIFFERENT_ENDS_MIN;
}

/** What fills a gap, each different text once; `count`: as evidence. */
interface Fillers {
  readonly count: number;
  readonly different: number;
  /** Numbers of words. */
  readonly sizes: number;
  readonly longest: number;
  readonly firsts: number;
  readonly lasts: number;
  readonly bad: number;
  readonly good: number;
  readonly states: number;
  readonly names: number;
  readonly booleans: number;
  /** Of all texts. */
  readonly lines: number;
  /** A place that was learnt before. */
  readonly hasSpan: boolean;
  readonly hasLearnt: boolean;
}

function countFillers(gap: Gap): Fillers {
  const different = new Set<string>();
  const [sizes, firsts, lasts] = [new Set<number>(), new Set<number>(), new Set<number>()];
  let [count, bad, good, states, names, booleans, lines, longest] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [hasSpan, hasLearnt] = [false, false];
  for (const { codes, lines: linesOf } of gap.fillers) {
    lines += linesOf;
    const said = codes.filter(isWordCode);
    if (said.length === 0 && codes.some(isSpan)) hasSpan = true;
    if (said.length === 0 && codes.some(isLearnt)) hasLearnt = true;
    const name = said.join();
    if (different.has(name)) continue;
    different.add(name);
    sizes.add(said.length);
    firsts.add(said[0] ?? 0);
    lasts.add(said.at(-1) ?? 0);
    longest = Math.max(longest, said.length);
    count += said.length === 0 && codes.some(isOpen) ? VARIABLE_WEIGHT : 1;
    if (codes.some(isBadCode)) bad++;
    else if (codes.some(isGoodCode)) good++;
    const [only] = said.length === 1 ? said : [];
    if (said.length === 0 || (only !== undefined && isNameCode(only))) names++;
    if (only !== undefined && isStateCode(only)) states++;
    if (only !== undefined && isBooleanCode(only)) booleans++;
  }
  return {
    count,
    different: different.size,
    sizes: sizes.size,
    longest,
    firsts: firsts.size,
    lasts: lasts.size,
    bad,
    good,
    states,
    names,
    booleans,
    lines,
    hasSpan,
    hasLearnt,
  };
}

/** At the beginning, or at the end with no sign before it. */
function isOpenEdge({ before, after, isFirst }: Gap): boolean {
  return isFirst || (after === undefined && !VALUE_SIGNS.has(before ?? ''));
}

function valuesNeeded({ before, after, isFirst }: Gap, fillers: Fillers, words: number, share: number): number {
  const isVaried = fillers.sizes > 1 && fillers.longest > 1;
  const isNames = fillers.names === fillers.different;
  let needed = words >= 5 && share >= 0.6 ? 4 : words >= 3 && share >= 0.4 ? 5 : 6;
  if (isVaried) needed -= words >= 3 ? 1 : 2;
  // A free text at the end.
  if (isVaried && before === ':' && after === undefined && words >= 3) needed = Math.min(needed, 4);
  if (before === '=') needed = Math.max(3, needed - 2);
  else if (VALUE_SIGNS.has(before ?? '')) needed -= 1;
  else if (isNames && words >= 4) needed = 3;
  else needed = Math.max(4, needed);
  if (fillers.states > 0 && fillers.longest <= 1) needed += 3;
  if (isFirst && !isNames) needed = words >= 5 ? needed + 3 : needed * 2;
  // Few values that come often are words of so many statements.
  const often = fillers.lines / fillers.different / OFTEN;
  return often > 1 ? needed + Math.log2(often) : needed;
}
