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
    return looksRandom(text, start, signAt, 20) && isMixed(text, start, signAt)
      ? { start, end: signAt, kind }
      : undefined;
  const specific = prefixedAt(text, colon + 1, runs) ?? user;
  if (specific !== undefined && specific.end <= signAt) return { ...specific, end: signAt };
  const password = text.slice(colon + 1, signAt);
  const isUserSecret = looksRandom(text, start, colon, 20); // a token in the user's place: https://TOKEN:x-oauth-basic@host
  if (isUserSecret) return { start, end: signAt, kind };
  if (password === '' || isPlaceholder(decoded(password))) return undefined;
  if (/^user(?:name)?:pass(?:word)?$/i.test(text.slice(start, signAt))) return undefined; // the form of one
  return { start: colon + 1, end: signAt, kind };
}

/** All three kinds of characters, or more than one digit. */
function isMixed(text: string, start: number, end: number): boolean {
  const { digits, upper, lower } = shapeOf(text, start, end);
  return digits > 1 || (digits > 0 && upper > 1 && lower > 1);
}

/** `scheme%3A%2F%2Fuser%3Apassword%40host`, an address within another. */
const ENCODED_USER_INFO = /%3A%2F%2F([\w.~-]|%(?!3A|40|2F)[0-9A-F]{2}){0,128}%3A/iy;
const ENCODED_PASSWORD = /(?:[\w.~!*'()+-]|%(?!40|2F|26|22)[0-9A-F]{2}){1,256}(?=%40)/iy;

export function findEncodedUrlPassword(text: string, at: number): SecretSpan | undefined {
  ENCODED_USER_INFO.lastIndex = at;
  if (!ENCODED_USER_INFO.test(text)) return undefined;
  ENCODED_PASSWORD.lastIndex = ENCODED_USER_INFO.lastIndex;
  const start = ENCODED_PASSWORD.lastIndex;
  return ENCODED_PASSWORD.test(text) ? { start, end: ENCODED_PASSWORD.lastIndex, kind: 'url_password' } : undefined;
}

/** `user:password@tcp(host)`, as Go names a database; `user/password@host`, as Oracle does. */
export function findDsnPassword(text: string, signAt: number): SecretSpan | undefined {
  let start = signAt;
  while (
    start > 0 &&
    signAt - start < 128 &&
    !isSpace(text, start - 1) &&
    !isQuote(text, start - 1) &&
    text[start - 1] !== '='
  )
    start--;
  const colon = text.slice(start, signAt).search(/[:/]/);
  if (colon < 1 || text.startsWith('//', start + colon + 1)) return undefined;
  const password = text.slice(start + colon + 1, signAt);
  if (password === '' || isPlaceholder(password)) return undefined;
  return { start: start + colon + 1, end: signAt, kind: 'connection_string' };
}

const ORACLE_USER = /[ \t]{1,4}(?:-\w+[ \t]{1,4}){0,4}["']?[\w$#]{1,64}\/(?=[^\s@"']{1,128}@)/y;

/** `sqlplus user/password@host` */
export function findSqlplusPassword(text: string, _start: number, end: number): SecretSpan | undefined {
  ORACLE_USER.lastIndex = end;
  if (!ORACLE_USER.test(text)) return undefined;
  const start = ORACLE_USER.lastIndex;
  return { start, end: text.indexOf('@', start), kind: 'connection_string' };
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
    if ('/?#'.includes(text[at]!) && (signAt !== -1 || colon === -1 || isPort(text, colon, at))) break;
  }
  if (colon > signAt) return [-1, signAt];
  if (!isConnection && colon !== -1 && !isPasswordWithSlash(text, start, colon, signAt)) return [-1, -1];
  return [colon, signAt];
}

/** An address's path may have an at sign, too: with a slash before it, only what can be no port is a password. */
function isPasswordWithSlash(text: string, start: number, colon: number, signAt: number): boolean {
  const password = text.slice(colon + 1, signAt);
  const slash = password.search(/[/?#]/);
  if (slash === -1) return true;
  return text[start] !== '[' && isUnlikePort(password.slice(0, slash)) && !/^port|[{}$]/i.test(password);
}

/** Letters of both cases, or letters and digits. */
function isUnlikePort(text: string): boolean {
  return /[A-Za-z]/.test(text) && (/\d/.test(text) || (/[a-z]/.test(text) && /[A-Z]/.test(text)));
}

function isPort(text: string, colon: number, end: number): boolean {
  for (let at = colon + 1; at < end; at++) if (!isDigit(text, at)) return false;
  return end > colon + 1;
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

const CODE = /[?&]code=((?:[A-Za-z0-9_/.-]|%2[BF]){32,256}(?:=|%3D){0,2})(?![A-Za-z0-9])/i;
const CODE_WITHIN = 400;

/** `https://….azurewebsites.net/api/…?code=…`: what a function of Azure is called with. */
export function findFunctionCode(text: string, _at: number, end: number): SecretSpan | undefined {
  const address = /^[^\s"'<>]*/.exec(text.slice(end, end + CODE_WITHIN))![0];
  const match = CODE.exec(address);
  if (match === null) return undefined;
  const start = end + match.index + '?code='.length;
  return { start, end: start + match[1]!.length, kind: 'token' };
}

const APP_ID = /[?&]appid=([0-9a-f]{32})(?![0-9A-Za-z])/iy;

/** `?appid=…`, as a weather service has its keys. */
export function findAppId(text: string, at: number, end: number): SecretSpan | undefined {
  APP_ID.lastIndex = at - 1;
  return APP_ID.test(text) ? { start: end, end: end + 32, kind: 'api_key' } : undefined;
}

/** Azure's shared access signature, `sig=…` in a query: Base64, escaped. */
export function findSignature(text: string, at: number): SecretSpan | undefined {
  if (isAlnum(text, at - 1) || text[at - 1] === '_' || text[at - 1] === '-') return undefined;
  return signatureAt(text, at + 'sig='.length);
}

/** `X-Amz-Signature=…`, `X-Goog-Signature=…`, `Signature=…`: who has the address may do what it says, until it expires. */
export function findNamedSignature(text: string, _at: number, end: number): SecretSpan | undefined {
  return signatureAt(text, text[end] === '"' ? end + 1 : end);
}

const HEX_SIGNATURE = /[0-9a-f]{40,1024}(?![0-9A-Za-z])/iy;
/** An answer to a challenge: MD5 or SHA-256. */
const DIGEST = /\\{0,8}"([0-9a-f]{32,64})(?=\\{0,8}")/y;

/** `Digest … response="…"` */
export function findDigestResponse(text: string, _at: number, end: number): SecretSpan | undefined {
  DIGEST.lastIndex = end;
  const answer = DIGEST.exec(text)?.[1];
  if (answer === undefined) return undefined;
  return { start: DIGEST.lastIndex - answer.length, end: DIGEST.lastIndex, kind: 'authorization' };
}

const DISCORD_HOOK = /discord(?:app)?\.com\\?\/api(?:\\?\/v\d{1,2})?\\?\/webhooks\\?\/\d{10,24}\\?\//iy;
const DISCORD_TOKEN = /(?<![\w-])[MNO][A-Za-z0-9_-]{22,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}/;

/** The token of a bot near the word, or of a webhook. */
export function findDiscord(text: string, at: number, end: number, runs: TokenRuns): SecretSpan | undefined {
  DISCORD_HOOK.lastIndex = at;
  if (DISCORD_HOOK.test(text)) {
    const start = DISCORD_HOOK.lastIndex;
    const last = runs.end(text, start);
    return last - start >= 30 ? { start, end: last, kind: 'discord_token' } : undefined;
  }
  const match = DISCORD_TOKEN.exec(text.slice(end, end + 160));
  if (match === null) return undefined;
  return { start: end + match.index, end: end + match.index + match[0].length, kind: 'discord_token' };
}

const TWILIO = /(?<![A-Za-z0-9])[0-9a-f]{32}(?![A-Za-z0-9])/;

/** The token of an account, which is 32 hex digits and told by what stands before. */
export function findTwilio(text: string, _at: number, end: number): SecretSpan | undefined {
  const match = TWILIO.exec(text.slice(end, end + 128));
  return match === null ? undefined : { start: end + match.index, end: end + match.index + 32, kind: 'twilio_key' };
}

function signatureAt(text: string, start: number): SecretSpan | undefined {
  HEX_SIGNATURE.lastIndex = start;
  if (HEX_SIGNATURE.test(text)) return { start, end: HEX_SIGNATURE.lastIndex, kind: 'url_signature' };
  let end = start;
  while (end < start + SIGNATURE_LENGTH_MAX && (isAlnum(text, end) || '%+/_-'.includes(text[end] ?? ' '))) end++;
  while (end < start + SIGNATURE_LENGTH_MAX && text[end] === '=') end++;
  if (end - start < 28) return undefined;
  const { digits, upper, lower } = shapeOf(text, start, end);
  return upper > 0 && lower > 0 && digits + upper + lower > 20 ? { start, end, kind: 'azure_sas' } : undefined;
}

const HOOK_PATH = /\/services\/T[A-Z0-9]{8,14}\/B[A-Z0-9]{8,14}\/[A-Za-z0-9]{20,32}(?![A-Za-z0-9])/y;

/** The path of a webhook whose host stands elsewhere, as in a request line. */
export function findSlackPath(text: string, at: number): SecretSpan | undefined {
  HOOK_PATH.lastIndex = at;
  return HOOK_PATH.test(text)
    ? { start: at + '/services/'.length, end: HOOK_PATH.lastIndex, kind: 'slack_webhook' }
    : undefined;
}

const HOOK = /hooks\.slack(?:-gov)?\.com(?:\\?\/)(?:services|workflows|triggers)(?:\\?\/)/y;

export function findSlackWebhook(text: string, at: number): SecretSpan | undefined {
  HOOK.lastIndex = at;
  if (!HOOK.test(text)) return undefined;
  const start = HOOK.lastIndex;
  let end = start;
  while (end < start + 256 && (isAlnum(text, end) || '/_-\\'.includes(text[end] ?? ' '))) end++;
  return end - start >= 16 && looksRandom(text, start, end, 16) ? { start, end, kind: 'slack_webhook' } : undefined;
}
