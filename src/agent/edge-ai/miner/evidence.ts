import { isState, looksLikeName } from './outcome-words.ts';

/** Nouns that a name follows: `user root`, `node alpha`. */
const NOUNS = new Set(
  (
    'user username account login host hostname node server client peer domain interface device dev disk volume partition mount file path ' +
    'directory folder package module service process program command task job thread queue topic table database schema key id name address ' +
    'port session container pod image instance cluster group role type attribute class method function property hive ' +
    'state mode phase reason kind protocol priority role policy rule store zone region site branch pool snapshot model tool driver ' +
    'channel exchange vhost collection bucket shard replica worker thread plugin extension feature flag locale profile schedule'
  ).split(' '),
);
const PREPOSITIONS = new Set('by from to of for in on at via with into onto as using'.split(' '));
/** A value that the tokenizer took for a variable counts as so many words. */
const VARIABLE_WEIGHT = 2;

/** Words of a statement that is unlikely to be another one but for a value. */
const LONG_STATEMENT_WORDS = 5;
/** Words that a statement must have beside two places that vary on their own. */
const APART_CONSTANTS_MIN = 3;
/** How many different words must have stood in a place before it is a variable, by what the place looks like. */
const EVIDENCE = {
  /** Anywhere. */
  words: 8,
  /** In a statement that is long and the same otherwise. */
  long: 3,
  /** Words that look like names: `a_b`, `a.b`, `fooBar`. */
  names: 4,
  /** `key=…`, `'…'`, `[…]`. */
  values: 4,
  /** In quotes, and after a noun that names follow. */
  named: 3,
  /** After a preposition: `by root`, `from alpha`. */
  placed: 3,
} as const;

/**
 * Whether `values`, seen at one place of a statement that is the same otherwise, show that the place is a variable. `at`: all the places
 * that would become variables together. `telling`: which tokens tell the statement, see `WordUse`.
 */
export function isVariablePlace(
  tokens: readonly string[],
  index: number,
  at: readonly number[],
  values: ReadonlySet<string>,
  telling?: Uint8Array,
): boolean {
  let [count, words, names, states] = [0, 0, 0, 0];
  let hasVariable = false;
  for (const value of values) {
    const text = value.trimStart();
    if (text === '<*>') {
      count += VARIABLE_WEIGHT;
      hasVariable = true;
      continue;
    }
    // What stands for no value.
    if (text === '-' || text === '_' || text === '/' || text === '*') {
      count++;
      continue;
    }
    // What is either true or false tells two statements apart as often as it is a value.
    if (text === 'true' || text === 'false' || !isWord(text)) return false;
    count++;
    words++;
    if (looksLikeName(text)) names++;
    else if (isState(text)) states++;
  }
  const constants = countConstants(tokens, at, telling);
  if (constants < at.length) return false;
  const place = placeKind(tokens, index);
  let needed: number =
    place !== undefined ? EVIDENCE[place] : constants >= LONG_STATEMENT_WORDS ? EVIDENCE.long : EVIDENCE.words;
  if (states > 0) needed = Math.max(needed, EVIDENCE.words);
  else if (names === words) needed = Math.min(needed, EVIDENCE.names) - (place === undefined ? 0 : 1);
  // A statement is told by its beginning and by its words: more is asked where that would go.
  if (isBeginning(tokens, index, telling)) needed *= 2;
  if (constants === 1) needed += 2;
  else if (hasVariable && states === 0) needed = Math.min(needed, VARIABLE_WEIGHT + (names === words ? 1 : 2));
  return count >= needed + at.length - 1;
}

/**
 * Whether two places vary on their own: some two words of one were each seen with some two words of the other. Two statements that differ in
 * a word seldom have variants that differ in another; two values do.
 */
export function varyApart(
  tokens: readonly string[],
  at: readonly number[],
  texts: readonly (readonly string[])[],
  telling?: Uint8Array,
): boolean {
  const [one, other] = at as [number, number];
  if (at.length !== 2 || isBeginning(tokens, one, telling)) return false;
  if (countConstants(tokens, at, telling) < APART_CONSTANTS_MIN) return false;
  const seen = new Map<string, Set<string>>();
  for (const text of texts) {
    const [first, second] = [text[one] as string, text[other] as string];
    if (!isPlainValue(first) || !isPlainValue(second)) return false;
    const with_ = seen.get(first) ?? new Set();
    seen.set(first, with_.add(second));
  }
  const sets = [...seen.values()];
  return sets.some((set, index) =>
    sets.slice(index + 1).some((next) => [...set].filter((value) => next.has(value)).length > 1),
  );
}

function isPlainValue(token: string): boolean {
  const text = token.trimStart();
  return text === '<*>' || text === '-' || (isWord(text) && !isState(text));
}

/** Whether a statement begins there: nothing stands before, or only words that most templates have. */
export function isBeginning(tokens: readonly string[], index: number, telling?: Uint8Array): boolean {
  if (index === 0) return true;
  if (telling === undefined) return false;
  let hasName = false;
  for (let before = 0; before < index; before++) {
    if (telling[before] === 1) return false;
    if (isWord((tokens[before] as string).trimStart())) hasName = true;
  }
  return hasName;
}

/** Words of the statement that stay. `telling`: which tokens count, see `WordUse`. */
export function countConstants(tokens: readonly string[], at: readonly number[], telling?: Uint8Array): number {
  let count = 0;
  for (const [index, token] of tokens.entries())
    if (telling?.[index] !== 0 && !at.includes(index) && isWord(token.trimStart()) && token.length > 2) count++;
  return count;
}

function placeKind(tokens: readonly string[], index: number): 'values' | 'named' | 'placed' | undefined {
  const before = tokens[index - 1]?.trimStart();
  const after = tokens[index + 1];
  if (before === undefined) return undefined;
  if (before === '=') return 'values';
  if ((before === '"' || before === "'") && after === before) return 'named';
  if (before === '[' && after === ']') return 'values';
  if (before === ':' && (after === undefined || after === ',' || after === ';')) return 'values';
  const word = before.toLowerCase();
  if (NOUNS.has(word)) return 'named';
  return PREPOSITIONS.has(word) ? 'placed' : undefined;
}

export function isWord(text: string): boolean {
  return /^[\p{L}\p{N}]/u.test(text);
}
