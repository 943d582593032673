import { prefixedAt } from './prefixes.ts';
import { hasDigitOrCases, isPlaceholder, isSecretValue } from './secret-keys.ts';
import { isAlnum, isSpace, isWordStart, type SecretSpan, type TokenRuns } from './text.ts';
import { CODE, JUDGED_LENGTH_MAX, PATH, unquotedEnd } from './unquoted.ts';

/* What a header of HTTP proves who is asking with: `Bearer …`, `Basic …`, and the other schemes. */

const SCHEME =
  /(?:Bearer|Basic|Digest|Token|Bot|OAuth|GenieKey|Splunk|ApiKey|Api-Key|Negotiate|NTLM|Signature|Key|AWS4-HMAC-SHA256|SharedKey)(?:\s{1,4}|\+|%20)/iy;

/** `Bearer …`, `Basic …`: the scheme stays, what follows goes. `end` is that of the first word or of the quoted value. */
export function authorizationIn(text: string, start: number, end: number, runs: TokenRuns): SecretSpan | undefined {
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
