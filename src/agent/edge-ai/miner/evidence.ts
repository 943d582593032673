/** Nouns that a name follows: `user root`, `node alpha`. */
const NAMED = new Set(
  (
    'user username account login host hostname node server client peer domain interface device dev disk volume partition mount file path ' +
    'directory folder package module service process program command task job thread queue topic table database schema key id name address ' +
    'port session container pod image instance cluster group role type attribute class method function property hive'
  ).split(' '),
);

/** Whether the values seen at a position show that it is a variable. `at`: all the positions that would become variables together. */
export function valuesNeeded(
  tokens: readonly string[],
  index: number,
  at: readonly number[],
  values: ReadonlySet<string>,
): boolean {
  let words = 0;
  let names = 0;
  let hasVariable = false;
  for (const value of values) {
    const text = value.trimStart();
    if (text === '<*>') hasVariable = true;
    else if (!/^[\p{L}\p{N}]/u.test(text)) return false;
    else if (text === 'true' || text === 'false' || text === 'null') return false;
    else {
      words++;
      if (/[._$@/-]|\p{Ll}\p{Lu}|\p{N}/u.test(text)) names++;
    }
  }
  let constants = 0;
  for (const [other, token] of tokens.entries()) if (!at.includes(other) && /\p{L}{2}/u.test(token)) constants++;
  if (constants < 1) return false;
  const count = words + (hasVariable ? 2 : 0);
  let needed = 8;
  const kind = slot(tokens, index);
  if (kind === 'value') needed = 4;
  else if (kind === 'named') needed = 3;
  else if (names === words) needed = 4;
  if (index === 0) needed *= 2;
  if (constants < 2) needed += 2;
  return count >= needed + (at.length - 1);
}

function slot(tokens: readonly string[], index: number): 'value' | 'named' | undefined {
  const before = tokens[index - 1]?.trimStart();
  const after = tokens[index + 1];
  if (before === undefined) return undefined;
  if (before === '=') return 'value';
  if ((before === '"' || before === "'") && after === before) return 'value';
  if (before === ':' && (after === undefined || after === ',' || after === ';')) return 'value';
  return NAMED.has(before.toLowerCase()) ? 'named' : undefined;
}
