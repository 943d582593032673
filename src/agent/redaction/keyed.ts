import type { SecretKind } from '../../contract/redaction.ts';
import { prefixedAt } from './prefixes.ts';
import {
  hasDigitOrCases,
  isMachineMade,
  isPlace,
  isPlaceholder,
  isSecretValue,
  isWorkingDirectory,
  LONG_WORD,
  secretKeyKind,
} from './secret-keys.ts';
import { isHardWord } from './sentences.ts';
import {
  isAlnum,
  isDigit,
  isQuote,
  isSpace,
  isTokenUnit,
  isWordStart,
  looksRandom,
  looksScrambled,
  type SecretSpan,
  type TokenRuns,
} from './text.ts';

/*
 * `name=value`, `name: value`, `"name":"value"`, `--name value`, `<name>value</name>`, in plain text, JSON, YAML, URLs, connection
 * strings, and JSON within JSON (`\"name\":\"value\"`). Everything that is read around a name is bounded.
 */

const NAME_LENGTH_MAX = 64;
const BETWEEN_MAX = 12;
const QUOTED_LENGTH_MAX = 4_096;
/** A value is judged by its beginning. */
const JUDGED_LENGTH_MAX = 256;

interface Name {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The whole name of which a trigger at `start` is a part. */
function nameAround(text: string, start: number, end: number): Name {
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

type Join = 'equals' | 'colon' | 'flag' | 'element' | 'word';

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
function joinBehind(
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

/**
 * Whether a name with this trigger may have a value: says yes too often rather than too seldom, as it also looks at text that
 * isn't decoded yet.
 */
export function mayBeKeyed(text: string, start: number, end: number): boolean {
  const name = nameAround(text, start, end);
  const kind = secretKeyKind(name.text.replace(/^-+/, ''));
  if (kind === undefined) return false;
  // A field whose value is the name: `{"name":"DB_PASSWORD","value":"…"}`.
  if (isQuote(text, name.start - 1) && (text[name.end] === '"' || text[name.end] === '\\'))
    return !isCount(text, kind, name.end + 1);
  const joined = joinBehind(text, name);
  return joined !== undefined && !isCount(text, kind, joined.at);
}

/** `"token":42`, `"secret":true`: no text and so no credential; a password may be a number. */
function isCount(text: string, kind: SecretKind, from: number): boolean {
  let at = from;
  while (at < from + BETWEEN_MAX && (isSpace(text, at) || text[at] === ':')) at++;
  if (kind !== 'password' && isDigit(text, at)) {
    while (at < from + 40 && (isDigit(text, at) || text[at] === '.')) at++;
    return text[at] === ',' || text[at] === '}' || at >= text.length;
  }
  return text.startsWith('true', at) || text.startsWith('false', at) || text.startsWith('null', at);
}

/** The value under the name of which a trigger at `start` is a part, if it is a credential. */
export function findKeyed(text: string, start: number, end: number, runs: TokenRuns): SecretSpan | undefined {
  const name = nameAround(text, start, end);
  const isEncoded = text[name.end] === '%';
  const key = (isEncoded ? name.text.replace(/^2[267]/, '') : name.text).replace(/^-+/, '');
  const kind = secretKeyKind(key);
  if (kind === undefined || text.startsWith('${', name.start - 2)) return undefined;
  const joined = joinBehind(text, name);
  if (joined === undefined) return undefined;
  if (
    joined.join === 'colon' &&
    text[name.start - 1] === ':' &&
    ARN.test(text.slice(Math.max(0, name.start - 64), name.start))
  )
    return undefined;
  let at = joined.at;
  const limit = at + BETWEEN_MAX;
  let spaced = false;
  while (at < limit && (text[at] === ' ' || text[at] === '\t')) {
    at++;
    spaced = true;
  }
  if (joined.join === 'element') {
    const close = text.indexOf('<', at);
    const last = close === -1 || close - at > QUOTED_LENGTH_MAX ? at : close;
    return isSecretValue(kind, text.slice(at, last)) ? { start: at, end: last, kind } : undefined;
  }
  if (/auth$/i.test(key)) {
    USER_BEFORE.lastIndex = at;
    if (USER_BEFORE.test(text))
      return { start: USER_BEFORE.lastIndex, end: quotedEnd(text, USER_BEFORE.lastIndex), kind: 'password' };
  }
  COLLECTION.lastIndex = at;
  if (/(?:secret|password)s$/i.test(key) && COLLECTION.test(text)) at = COLLECTION.lastIndex;
  WRAPPER.lastIndex = at;
  if (WRAPPER.test(text)) at = WRAPPER.lastIndex;
  if (isAlnum(text, at) && 'brfu'.includes(text[at]!) && isQuote(text, at + 1)) at++; // Python's b'…', r'…'
  if (isWorkingDirectory(key, text.slice(at, at + 8).replace(/^\\{0,4}["']/, ''))) return undefined;
  if (kind === 'service_key' && ENVIRONMENT_KEY.test(key)) {
    HEX_KEY.lastIndex = at;
    const value = HEX_KEY.exec(text)?.[1];
    if (value !== undefined) return { start: HEX_KEY.lastIndex - value.length, end: HEX_KEY.lastIndex, kind };
  }
  let slashes = 0;
  while (slashes < BETWEEN_MAX && text[at + slashes] === '\\') slashes++;
  if (isQuote(text, at + slashes)) {
    const quoted = findQuoted(text, at + slashes, slashes, kind, runs);
    if (quoted !== 'unclosed') return quoted;
    at += slashes + 1;
  }
  if (kind === 'authorization') return authorizationIn(text, at, unquotedEnd(text, at, runs), runs);
  const specific = prefixedAt(text, at, runs);
  let valueEnd = unquotedEnd(text, at, runs);
  if (isEncoded) {
    const next = text.slice(at, Math.min(valueEnd, at + JUDGED_LENGTH_MAX)).search(/%2[267c]/i);
    if (next > 0) valueEnd = at + next;
  }
  if (specific !== undefined && (specific.end >= valueEnd - 2 || /credential$/i.test(key))) return specific;
  const value = text.slice(at, Math.min(valueEnd, at + JUDGED_LENGTH_MAX));
  const style = {
    key,
    join: joined.join,
    spaced,
    spacedBefore: joined.spaced,
    next: text[valueEnd] ?? '',
    behind: text.slice(valueEnd, valueEnd + 2),
  };
  if (joined.join === 'word' && !isHardWord(value, kind !== 'password' || name.text.startsWith('-'))) return undefined;
  return isUnquotedSecret(kind, value, style) ? { start: at, end: valueEnd, kind } : undefined;
}

/** `SPEECH_KEY=0123…`: in an environment, unlike in a cache, what is called a key is one. */
const ENVIRONMENT_KEY = /^(?:[A-Z][A-Z0-9]*_)+KEY$/;
const HEX_KEY = /\\{0,8}["']?([0-9a-f]{32,64})(?![0-9A-Za-z-])/y;

/** `arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db`: the name of a secret. */
const ARN = /\barn:aws[\w:-]*:$/;

/** The first name within `"passwords":{"app":"…"}`. */
const COLLECTION = /\{\s?\\{0,8}["'][\w.-]{1,64}\\{0,8}["']\s?:\s?(?=\\{0,8}["'])/y;

/** `auth=("user", "…")`, `"auth":["user","…"]` */
const USER_BEFORE = /[([]\s?\\{0,8}["'][^"'\\]{1,64}\\{0,8}["'],\s?\\{0,8}["'](?=[^"'\\\s]{3,128}\\{0,8}["']\s?[)\]])/y;

function quotedEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !isQuote(text, end) && text[end] !== '\\') end++;
  return end;
}

/** `SecretStr('…')`, `Some("…")`, `string(12) "…"`, `["…"]`, `{"value":"…"}`, `!!str …`: what printed values are dressed in. */
const WRAPPER =
  /(?:(?:Some|Secret|SecretStr|SecretString|SecretBytes|Sensitive|SecureString|str|String|Password|Just)\((?=\\{0,8}["'])|string\(\d{1,5}\) (?=\\{0,8}")|\[(?=\\{0,8}["'][^"'\\]{1,128}\\{0,8}["']\])|\{\s?\\{0,8}["'](?:value|secret)\\{0,8}["']:\s?(?=\\{0,8}["'])|!!?\w{1,16} )/y;

/** A value between quotes that are escaped `slashes` times. */
function findQuoted(
  text: string,
  quoteAt: number,
  slashes: number,
  kind: SecretKind,
  runs: TokenRuns,
): SecretSpan | undefined | 'unclosed' {
  const quote = text[quoteAt]!;
  const start = quoteAt + 1;
  const limit = Math.min(text.length, start + QUOTED_LENGTH_MAX);
  let before = 0;
  for (let at = start; at < limit; at++) {
    if (text[at] === '\\') before++;
    else {
      if (text[at] === quote && (slashes === 0 ? before % 2 === 0 : before <= slashes)) {
        const end = slashes === 0 ? at : at - Math.min(before, slashes);
        return kind === 'authorization'
          ? authorizationIn(text, start, end, runs)
          : wholeValue(text, start, end, kind, runs);
      }
      before = 0;
    }
  }
  return 'unclosed';
}

function wholeValue(
  text: string,
  start: number,
  end: number,
  kind: SecretKind,
  runs: TokenRuns,
): SecretSpan | undefined {
  const specific = prefixedAt(text, start, runs);
  if (specific !== undefined && specific.end >= end) return { ...specific, end };
  return isSecretValue(kind, text.slice(start, end)) ? { start, end, kind } : undefined;
}

const SCHEME =
  /(?:Bearer|Basic|Digest|Token|Bot|OAuth|GenieKey|Splunk|ApiKey|Api-Key|Negotiate|NTLM|Signature|Key|AWS4-HMAC-SHA256|SharedKey)(?:\s{1,4}|\+|%20)/iy;

/** `Bearer …`, `Basic …`: the scheme stays, what follows goes. `end` is that of the first word or of the quoted value. */
function authorizationIn(text: string, start: number, end: number, runs: TokenRuns): SecretSpan | undefined {
  SCHEME.lastIndex = start;
  const isSchemed = SCHEME.test(text);
  const at = isSchemed ? SCHEME.lastIndex : start;
  const last = at >= end ? unquotedEnd(text, at, runs) : end;
  const specific = prefixedAt(text, at, runs);
  if (specific !== undefined && specific.end >= last - 2) return specific;
  const value = text.slice(at, Math.min(last, at + JUDGED_LENGTH_MAX));
  if (isPlaceholder(value) || !isSecretValue('authorization', value)) return undefined;
  if (/^(?:username|credential|realm|keyid)=/i.test(value)) return undefined; // what signs stands behind, and is found by its name
  if (!isSchemed && (CODE.test(value) || PATH.test(value))) return undefined;
  return { start: at, end: last, kind: 'authorization' };
}

/** `token_type=bearer expires_in=3600`, `Bearer realm=…` */
const FIELD = /^[a-z_-]{2,20}=[^=]/i;

/** `Bearer …` by itself. */
export function findBearer(text: string, start: number, end: number, runs: TokenRuns): SecretSpan | undefined {
  if (isAlnum(text, start - 1) || !isSpace(text, end)) return undefined;
  let at = end;
  while (at < end + 4 && isSpace(text, at)) at++;
  if (text.startsWith('token ', at)) at += 'token '.length;
  const last = unquotedEnd(text, at, runs);
  const specific = prefixedAt(text, at, runs);
  if (specific !== undefined && specific.end >= last - 2) return specific;
  const value = text.slice(at, Math.min(last, at + JUDGED_LENGTH_MAX));
  if (value.length < 12 || isPlaceholder(value) || !hasDigitOrCases(value) || FIELD.test(value)) return undefined;
  return { start: at, end: last, kind: 'authorization' };
}

const BASIC = / {0,3}([A-Za-z0-9+/]{8,512}={0,2})(?![A-Za-z0-9+/=])/y;

/** `Basic …` by itself: the Base64 of a name, a colon, and a password. */
export function findBasic(text: string, start: number, end: number): SecretSpan | undefined {
  if (!isWordStart(text, start)) return undefined;
  BASIC.lastIndex = end;
  const value = BASIC.exec(text)?.[1];
  if (value === undefined || !/^[\x20-\x7e]*:[\x20-\x7e]+$/.test(Buffer.from(value, 'base64').toString('latin1')))
    return undefined;
  return { start: BASIC.lastIndex - value.length, end: BASIC.lastIndex, kind: 'authorization' };
}

const NEXT_FIELD = /[;&,|]\s{0,2}(?:$|[\s"'`\\]|[A-Za-z_][\w .-]{0,40}[=:])/y;

/** Ends at a space, a quote, or a separator with another field behind it; a closing bracket or a full stop at the end is not part of it. */
function unquotedEnd(text: string, start: number, runs: TokenRuns): number {
  let end = runs.values.from(start, (at) => breakBehind(text, at));
  const least = Math.max(start, end - TRIMMED_MAX);
  while (end > least && ')]}>,;.:'.includes(text[end - 1]!)) end--;
  return end;
}

const TRIMMED_MAX = 8;

/** Whether a place ends a value depends on what is there alone, not on where the value began: so ends can be remembered. */
function breakBehind(text: string, start: number): number {
  let end = start;
  for (; end < text.length; end++) {
    if (isSpace(text, end) || isQuote(text, end) || text[end] === '<') break;
    if (text[end] === '\\' && (isQuote(text, end + 1) || 'nrt\\'.includes(text[end + 1] ?? ' '))) break;
    if (text[end] === '\\' && text.startsWith('u0000', end + 1)) break; // the end of an argument
    if (';&,|'.includes(text[end]!)) {
      NEXT_FIELD.lastIndex = end;
      if (NEXT_FIELD.test(text)) break;
    }
  }
  return end;
}

interface Style {
  readonly key: string;
  readonly join: Join;
  readonly spaced: boolean;
  readonly spacedBefore: boolean;
  readonly next: string;
  readonly behind: string;
}

/** What programs write behind `password =`: calls, fields, variables. */
const CODE =
  /^(?:[A-Za-z_$][\w$.]*[([]|(?:self|this|config|cfg|settings|process|os|env|environ|request|req|res|params|args|options|opts|ctx|context|data|body|form|user|props|state|secrets|vault|vars?|event|payload|credentials|creds|input|new|await|Field|Optional|Depends)(?:[.[?]|$)|[A-Z]\w*[<{]|\(|\[|\{|!|&|\*|@|#|\/\/)/;
/** `s3.accessKey`, `settings?.token`; an object as Java prints it; a regular expression. */
const PATH =
  /^[A-Za-z_$][A-Za-z_$]{0,30}\d?(?:\??\.[A-Za-z_$][A-Za-z_$]{0,40}\d?){1,6}!?$|^[\w.$]+@[0-9a-f]{5,8}$|^\/[^/]*[(\\[|]/;
const LETTERS = /^[A-Za-z]+$/;

function isUnquotedSecret(kind: SecretKind, value: string, style: Style): boolean {
  if (value.length < 3 || isPlaceholder(value)) return false;
  if (CODE.test(value))
    return kind === 'password' && ((style.join === 'equals' && !style.spaced && isHardValue(value)) || isNoCode(value));
  if (/^[a-z]\.[a-z]\w*$/i.test(value) && style.join === 'equals') return false; // c.password=d.value, minified
  if (/^[A-Za-z_.]+$/.test(value) && secretKeyKind(value) !== undefined) return false; // password=password
  if (/^https?:\/\//.test(value)) return false;
  if (PATH.test(value) && (kind !== 'password' || style.spaced)) return false;
  if (kind === 'service_key') return isMachineMade(value);
  if (kind !== 'password') {
    if (isPlace(value)) return false;
    if (kind === 'token')
      return value.length >= (style.key.length > 5 ? 10 : 16) && hasDigitOrCases(value) && /[A-Za-z]/.test(value);
    return value.length >= 8 && (hasDigitOrCases(value) || LONG_WORD.test(value)) && !/^\d+$/.test(value);
  }
  if (/^pass$/i.test(style.key) && (/^[\d.%]+$/.test(value) || style.join === 'colon'))
    return isHardValue(value) || isHardWord(value, value.length > 7);
  if (!LETTERS.test(value)) return !/^[A-Za-z]+['’-][a-z]+$/.test(value) || style.join === 'equals' || !style.spaced;
  if (style.join === 'flag') return true;
  if (style.join === 'equals') {
    if (!style.spaced && !style.spacedBefore) return true;
    return (value === value.toLowerCase() || looksScrambled(value)) && !/^[;.[(]/.test(style.next);
  }
  // `password: hunter` at the end says it; `Password: please enter …` and `password: string;` don't.
  return value.length >= 4 && !(style.spaced && /^\s\S/.test(style.behind)) && !/^[;([]/.test(style.next);
}

/** Signs that no language has in the middle of an expression. */
function isNoCode(value: string): boolean {
  return (
    value.length >= 8 &&
    looksRandom(value, 0, value.length, 1) &&
    /[#%^~?!]/.test(value.slice(1)) &&
    !/["'`]|\w\([\w, ]*\)?$/.test(value)
  );
}

/** Both letters and digits, and a character that is neither: nobody writes code like that. */
function isHardValue(value: string): boolean {
  return /[A-Za-z]/.test(value) && /\d/.test(value) && /[!@#$%^&*+=~?]/.test(value) && !/[([]/.test(value);
}
