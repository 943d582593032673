import type { SecretKind } from '../../contract/redaction.ts';
import { authorizationIn } from './authorization.ts';
import { BETWEEN_MAX, joinBehind, nameAround } from './names.ts';
import { prefixedAt } from './prefixes.ts';
import { isSecretValue, isWorkingDirectory, secretKeyKind } from './secret-keys.ts';
import { isHardWord } from './sentences.ts';
import { isAlnum, isDigit, isQuote, isSpace, type SecretSpan, type TokenRuns } from './text.ts';
import { isUnquotedSecret, JUDGED_LENGTH_MAX, unquotedEnd } from './unquoted.ts';

/*
 * `name=value`, `name: value`, `"name":"value"`, `--name value`, `<name>value</name>`, in plain text, JSON, YAML, URLs, connection
 * strings, and JSON within JSON (`\"name\":\"value\"`). Everything that is read around a name is bounded.
 */

const QUOTED_LENGTH_MAX = 4_096;

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
