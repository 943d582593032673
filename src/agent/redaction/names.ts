import { secretKeyKind } from './secret-keys.ts';
import { isQuote, isSpace, isTokenUnit } from './text.ts';

/* A name as a credential has one, and what stands between it and its value. */

const NAME_LENGTH_MAX = 64;
export const BETWEEN_MAX = 12;

export interface Name {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The whole name of which a trigger at `start` is a part. */
export function nameAround(text: string, start: number, end: number): Name {
  let first = start;
  const least = Math.max(0, start - NAME_LENGTH_MAX);
  while (first > least && (isTokenUnit(text, first - 1) || text[first - 1] === '.')) first--;
  if (first > 0 && first < start && text[first - 1] === '\\' && 'nrtbf'.includes(text[first]!)) first++;
  if (text[first - 1] === '\\' && /^u[0-9a-f]{4}/.test(text.slice(first, first + 5)) && first + 5 <= start) first += 5;
  let last = end;
  const most = Math.min(text.length, end + NAME_LENGTH_MAX);
  while (last < most && isTokenUnit(text, last)) last++;
  const name = { text: text.slice(first, last), start: first, end: last };
  // `secret key: …`, `Client Secret: …`: a name of two or three words.
  if (text[first - 1] === ' ' && /^(?:key|token|secret)$/i.test(name.text)) {
    const words = WORDS_BEFORE.exec(text.slice(Math.max(0, first - 32), first))?.[0];
    if (words !== undefined) return { text: words + name.text, start: first - words.length, end: last };
  }
  return name;
}

const WORDS_BEFORE =
  /(?:(?:aws|azure|client|secret|account|storage|api) )?(?:secret|access|api|private|signing|encryption|account|master|license|service|auth|storage|shared|subscription|client|webhook|bot|refresh|session|bearer|app|bot) $/i;

export type Join = 'equals' | 'colon' | 'flag' | 'element' | 'word';

/** `DB_PASSWORD`, `secret_access_key`, `requirepass`, `-storepass`, `--password`: no sentence has such words. */
function isNamedAsSetting(name: string): boolean {
  return /_|^-|\.[\w-]{1,32}\.|^(?:requirepass|masterauth)$/.test(name);
}

/** `"DB_PASSWORD","value":`, `name: DB_PASSWORD⏎ value:`, and `"selector":"#password","text":` of tools that fill in forms. */
const NAME_AND_VALUE =
  /\]?(?:\\{0,8}["'](?:,\s?\\{0,8}["']\w{1,24}\\{0,8}["']:\s?(?:true|false|null|\d{1,9}|\\{0,8}["'][\w .-]{0,48}\\{0,8}["'])){0,2}(?:,\s?\\{0,8}["'](?:value|text)\\{0,8}["']:|\s{1,2}value=)|\\{0,8}["']?(?:\s{0,4}(?:\n|\\{1,8}n)\s{1,32}|, ?)value: )\s?/iy;
/** `"--password",` before a quote. */
const NEXT_ARGUMENT = /\\{0,8}["'],\s?(?=\\{0,8}["'])/y;
/** `"Authorization","Basic …"`, `'DB_PASSWORD', '…'`: a list of names and values, where the value shows what it is. */
const NEXT_ITEM = /\\{0,8}["'],\s?(?=\\{0,8}["'](?:(?:Bearer|Basic|Token) )?[^\s"'\\]{0,64}\d)/y;
/** An environment as processes have it, and `setx NAME value`, `configure set name value`. */
const NEXT_WORD = /(?:\\{1,8}u0000|\0|[ \t]{1,2})(?=[^\s"'\\]{0,64}?(?:\d|[a-z][A-Z]))/y;
/** `| password | hunter2 |`: a table. */
const NEXT_CELL = /[ \t]{0,32}\|[ \t]{0,8}(?=[^\s"'\\|]{0,64}?(?:\d|[a-z][A-Z]))/y;
/** `password 'hunter2'`: a word and a quoted value. */
const QUOTED_BEHIND = /[ \t](?=\\{0,8}["'`][^"'`\s\\]{0,64}\d)/y;
const TAG_BEFORE = /<(?:[\w-]{1,12}:)?$|(?:key|name|id)=\\{0,8}["']$/i;
/** The rest of a tag: `<x:Password type="text">…</`, `<entry key="db.password">…</` */
const ELEMENT = /\\{0,8}["']?(?:\s[\w:.-]{1,32}=\\{0,8}["'][^"'<>]{0,128}["']){0,3}\s?>(?=[^<>\s]{3,512}<\\?\/)/y;
/** `<key>password</key><string>…`, as Apple keeps settings; `password........…`, as tables are printed. */
const DRESSED = /<\\?\/key>\s{0,8}<string>|\.{3,64} ?(?=[^\s.])/y;
/** `AzureKeyCredential("…")`, `setPassword('…')`: who is given one, not who looks one up. */
const GIVEN = /^(?:set|with|use|enter|type|fill)[_A-Z]|(?:Credential|ApiKey|Secret|Token|Password)$/;
const CALL = /\((?:\w{1,16}\s?=\s?)?(?=\\{0,8}["'][^\s"'\\]{0,64}\d)/y;
/** `fill('#password', '…')`, `locator("input[type=password]").fill('…')`, `find_element(By.NAME, "password").send_keys("…")` */
const FILLED =
  /\\{0,8}["']?\]?\\{0,8}["'](?:,\s?|\)\.(?:fill|type|send_?keys|set_?value|press_?sequentially)\()(?=\\{0,8}["'][^\s"'\\]{3,128}\\{0,8}["'])/iy;
const ENCODED_QUOTE = /^%2[27]/;
/** `=` and `:` as JSON and URLs write them. */
const ESCAPED_JOIN = /\\u003[dDaA]|%3[dDaA](?:%2[27])?/y;

/** What stands between a name and its value; `undefined` when nothing does that makes it one. */
export function joinBehind(
  text: string,
  name: Name,
): { readonly join: Join; readonly at: number; readonly spaced: boolean } | undefined {
  let at = name.end;
  const limit = at + BETWEEN_MAX;
  for (const [expression, fits] of [
    [NAME_AND_VALUE, true],
    [NEXT_ARGUMENT, name.text.startsWith('--')],
    [NEXT_ITEM, isQuote(text, name.start - 1)],
    [CALL, GIVEN.test(name.text)],
    [FILLED, isFormField(text, name)],
  ] as const) {
    expression.lastIndex = at;
    if (fits && expression.test(text)) return { join: 'flag', at: expression.lastIndex, spaced: false };
  }
  ELEMENT.lastIndex = at;
  if (TAG_BEFORE.test(text.slice(Math.max(0, name.start - 16), name.start)) && ELEMENT.test(text))
    return { join: 'element', at: ELEMENT.lastIndex, spaced: false };
  if (text[at] === '>' && text[name.start - 1] === '<') return { join: 'element', at: at + 1, spaced: false };
  DRESSED.lastIndex = at;
  if (DRESSED.test(text)) return { join: 'flag', at: DRESSED.lastIndex, spaced: false };
  while (text[at] === '%' && ENCODED_QUOTE.test(text.slice(at, at + 3))) at += 3;
  while (at < limit && (isQuote(text, at) || text[at] === '\\' || text[at] === ']' || text[at] === ')')) {
    if (text[at] === '\\' && 'nrtu'.includes(text[at + 1] ?? ' ')) break;
    at++;
  }
  const spaced = isSpace(text, at);
  while (at < limit && isSpace(text, at) && text[at] !== '\n') at++;
  ESCAPED_JOIN.lastIndex = at;
  if (ESCAPED_JOIN.test(text)) return { join: 'equals', at: ESCAPED_JOIN.lastIndex, spaced };
  if (spaced && (text[at] === '→' || (text[at] === '-' && text[at + 1] === '>')))
    return { join: 'equals', at: at + (text[at] === '→' ? 1 : 2), spaced };
  if (text[at] === '=' && text[at + 1] !== '=')
    return { join: 'equals', at: at + (text[at + 1] === '>' ? 2 : 1), spaced };
  if (text[at] === ':' && text[at + 1] === '=') return { join: 'equals', at: at + 2, spaced };
  if (text[at] === ':' && !(text[at + 1] === '/' && text[at + 2] === '/')) return { join: 'colon', at: at + 1, spaced };
  QUOTED_BEHIND.lastIndex = name.end;
  if (QUOTED_BEHIND.test(text) && secretKeyKind(name.text) === 'password')
    return { join: 'flag', at: name.end + 1, spaced };
  if (spaced && name.text.startsWith('--') && text[at] !== '-') return { join: 'flag', at, spaced };
  NEXT_CELL.lastIndex = name.end;
  if (NEXT_CELL.test(text)) return { join: 'word', at: NEXT_CELL.lastIndex, spaced };
  NEXT_WORD.lastIndex = name.end;
  if (isNamedAsSetting(name.text) && NEXT_WORD.test(text)) return { join: 'word', at: NEXT_WORD.lastIndex, spaced };
  return undefined;
}

/** A password's field in a form, named within a call. */
function isFormField(text: string, { text: name, start, end }: Name): boolean {
  if (!'"\'\\]'.includes(text[end] ?? ' ') || secretKeyKind(name) !== 'password') return false;
  FILLED.lastIndex = end;
  const call = FILLED.exec(text)?.[0];
  if (call === undefined) return false;
  return (
    call.includes('.') ||
    /(?:fill|type)\(\\{0,8}["'][^"',]{0,48}\\{0,8}["']?$/i.test(text.slice(Math.max(0, start - 72), start))
  );
}
