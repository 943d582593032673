/** Nouns that a name follows: `user root`, `node alpha`. */
const NOUNS = new Set(
  (
    'user username account login host hostname node server client peer domain interface device dev disk volume partition mount file path ' +
    'directory folder package module service process program command task job thread queue topic table database schema key id name address ' +
    'port session container pod image instance cluster group role type attribute class method function property hive'
  ).split(' '),
);
/** A value that the tokenizer took for a variable counts as so many words. */
const VARIABLE_WEIGHT = 2;

/** How many different words must have stood in a place before it is a variable, by what the place looks like. */
export interface Evidence {
  /** Anywhere. */
  readonly words: number;
  /** Words that look like names: `a_b`, `a.b`, `fooBar`. */
  readonly names: number;
  /** `key=…`, `'…'`, `[…]`. */
  readonly values: number;
  /** After a noun that names follow. */
  readonly named: number;
}

export const EVIDENCE: Evidence = { words: 8, names: 4, values: 4, named: 3 };

/**
 * Whether `values`, seen at one place of a statement that is the same otherwise, show that the place is a variable. `at`: all the places
 * that would become variables together.
 */
export function isVariablePlace(
  tokens: readonly string[],
  index: number,
  at: readonly number[],
  values: ReadonlySet<string>,
  evidence: Evidence = EVIDENCE,
): boolean {
  let [count, words, names] = [0, 0, 0];
  for (const value of values) {
    const text = value.trimStart();
    if (text === '<*>') {
      count += VARIABLE_WEIGHT;
      continue;
    }
    // What is either true or false tells two statements apart as often as it is a value.
    if (text === 'true' || text === 'false' || !isWord(text)) return false;
    count++;
    words++;
    if (looksLikeName(text)) names++;
  }
  const constants = countConstants(tokens, at);
  if (constants === 0) return false;
  const place = placeKind(tokens, index);
  let needed = place === 'value' ? evidence.values : place === 'named' ? evidence.named : evidence.words;
  if (names === words) needed = Math.min(needed, evidence.names) - (place === undefined ? 0 : 1);
  // A statement is told by its beginning and by its words: more is asked where that would go.
  if (index === 0) needed *= 2;
  if (constants === 1) needed += 2;
  return count >= needed + at.length - 1;
}

/** Words of the statement that stay. */
export function countConstants(tokens: readonly string[], at: readonly number[]): number {
  let count = 0;
  for (const [index, token] of tokens.entries())
    if (!at.includes(index) && isWord(token.trimStart()) && token.length > 2) count++;
  return count;
}

function placeKind(tokens: readonly string[], index: number): 'value' | 'named' | undefined {
  const before = tokens[index - 1]?.trimStart();
  const after = tokens[index + 1];
  if (before === undefined) return undefined;
  if (before === '=') return 'value';
  if ((before === '"' || before === "'") && after === before) return 'value';
  if (before === '[' && after === ']') return 'value';
  if (before === ':' && (after === undefined || after === ',' || after === ';')) return 'value';
  return NOUNS.has(before.toLowerCase()) ? 'named' : undefined;
}

function isWord(text: string): boolean {
  return /^[\p{L}\p{N}]/u.test(text);
}

/** Has a sign in it or a large letter after a small one. */
function looksLikeName(text: string): boolean {
  return /[._$@/-]|\p{Ll}\p{Lu}/u.test(text);
}
