import { prefixedAt } from './prefixes.ts';
import { isPlaceholder } from './secret-keys.ts';
import { isAlnum, isDigit, isQuote, isSpace, looksRandom, type SecretSpan, shapeOf, type TokenRuns } from './text.ts';

/*
 * Credentials that stand in addresses: `scheme://user:password@host`, connection strings of databases and queues, shared access
 * signatures, webhooks.
 */

const AUTHORITY_LENGTH_MAX = 512;
const SCHEME_LENGTH_MAX = 32;
/** Their passwords are often written unescaped, `/` and all. */
const CONNECTION =
  /(?:postgres(?:ql)?|mysql2?|mariadb|mongodb|rediss?|valkeys?|amqps?|mssql|sqlserver|oracle|clickhouse|cockroachdb|couchbases?|cassandra|neo4j|bolt|kafka|nats|mqtts?|ldaps?|smtps?|memcached|db2|snowflake|redshift|cockroach)(?:\+[a-z0-9]+)*$/i;

/** The credential of the address whose `://` stands at `at`. */
export function findUrlPassword(text: string, at: number, slashes: string, runs: TokenRuns): SecretSpan | undefined {
  let schemeStart = at;
  while (schemeStart > 0 && at - schemeStart < SCHEME_LENGTH_MAX && isSchemeUnit(text, schemeStart - 1)) schemeStart--;
  if (schemeStart === at) return undefined;
  const isConnection = CONNECTION.test(text.slice(schemeStart, at));
  const start = at + slashes.length;
  if (runs.nextSign(text, start) > start + AUTHORITY_LENGTH_MAX) return undefined;
  const [colon, signAt] = userInfo(text, start, isConnection);
  if (signAt === -1 || !isHostStart(text, signAt + 1)) return undefined;
  if (text.startsWith('[redacted:', start)) return undefined;
  const kind = isConnection ? 'connection_string' : 'url_password';
  const user = prefixedAt(text, start, runs);
  if (colon === -1 && user !== undefined && user.end === signAt) return user;
  if (colon === -1)
    return looksRandom(text, start, signAt, 20) && shapeOf(text, start, signAt).digits > 1
      ? { start, end: signAt, kind }
      : undefined;
  const specific = prefixedAt(text, colon + 1, runs) ?? user;
  if (specific !== undefined && specific.end <= signAt)
    return { ...specific, end: specific.start > colon ? signAt : specific.end };
  const password = text.slice(colon + 1, signAt);
  const isUserSecret = looksRandom(text, start, colon, 20); // a token in the user's place: https://TOKEN:x-oauth-basic@host
  if (isUserSecret) return { start, end: signAt, kind };
  if (password === '' || isPlaceholder(decoded(password))) return undefined;
  return { start: colon + 1, end: signAt, kind };
}

/** Where the first `:` and the last `@` of the user information stand; -1 for none. */
function userInfo(text: string, start: number, isConnection: boolean): readonly [colon: number, signAt: number] {
  let colon = -1;
  let signAt = -1;
  const limit = Math.min(text.length, start + AUTHORITY_LENGTH_MAX);
  for (let at = start; at < limit; at++) {
    if (isSpace(text, at) || isQuote(text, at) || text[at] === '<' || text[at] === '>' || text[at] === '\\') break;
    if (text[at] === ':' && colon === -1) colon = at;
    if (text[at] === '@') signAt = at;
    if (text[at] === ',' && signAt !== -1) break; // further hosts
    if ('/?#'.includes(text[at]!) && (!isConnection || signAt !== -1 || colon === -1 || isPort(text, colon, at))) break;
  }
  return colon > signAt ? [-1, signAt] : [colon, signAt];
}

function isPort(text: string, colon: number, end: number): boolean {
  for (let at = colon + 1; at < end; at++) if (!isDigit(text, at)) return false;
  return true;
}

function isSchemeUnit(text: string, at: number): boolean {
  return isAlnum(text, at) || '+.-'.includes(text[at]!);
}

function isHostStart(text: string, at: number): boolean {
  return isAlnum(text, at) || '[_${/('.includes(text[at] ?? ' ') || text.charCodeAt(at) > 127;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign
  }
}

/** Whether the address at `at` may have user information. */
export function mayHaveUserInfo(text: string, _at: number, end: number, runs: TokenRuns): boolean {
  const signAt = runs.nextSign(text, end);
  if (signAt >= end + AUTHORITY_LENGTH_MAX) return false;
  for (let next = end; next < signAt; next++) if (isSpace(text, next) || text[next] === '"') return false;
  return true;
}

const ORACLE = /thin:[^\s/"'@:]{1,64}\//y;

/** `jdbc:oracle:thin:scott/tiger@host` */
export function findOraclePassword(text: string, at: number): SecretSpan | undefined {
  ORACLE.lastIndex = at;
  if (!ORACLE.test(text)) return undefined;
  const start = ORACLE.lastIndex;
  let end = start;
  while (end < start + 128 && end < text.length && text[end] !== '@' && !isSpace(text, end) && !isQuote(text, end))
    end++;
  return text[end] === '@' && end > start ? { start, end, kind: 'connection_string' } : undefined;
}

const SIGNATURE_LENGTH_MAX = 256;

/** Azure's shared access signature, `sig=…` in a query: Base64, escaped. */
export function findSignature(text: string, at: number): SecretSpan | undefined {
  if (isAlnum(text, at - 1) || text[at - 1] === '_' || text[at - 1] === '-') return undefined;
  const start = at + 'sig='.length;
  let end = start;
  while (end < start + SIGNATURE_LENGTH_MAX && (isAlnum(text, end) || '%+/_-'.includes(text[end] ?? ' '))) end++;
  while (end < start + SIGNATURE_LENGTH_MAX && text[end] === '=') end++;
  if (end - start < 28) return undefined;
  const { digits, upper, lower } = shapeOf(text, start, end);
  return upper > 0 && lower > 0 && digits + upper + lower > 20 ? { start, end, kind: 'azure_sas' } : undefined;
}

const HOOK = /hooks\.slack(?:-gov)?\.com(?:\\?\/)(?:services|workflows|triggers)(?:\\?\/)/y;

export function findSlackWebhook(text: string, at: number, _end: number, _runs: TokenRuns): SecretSpan | undefined {
  HOOK.lastIndex = at;
  if (!HOOK.test(text)) return undefined;
  const start = HOOK.lastIndex;
  let end = start;
  while (end < start + 256 && (isAlnum(text, end) || '/_-\\'.includes(text[end] ?? ' '))) end++;
  return end - start >= 16 && looksRandom(text, start, end, 16) ? { start, end, kind: 'slack_webhook' } : undefined;
}
