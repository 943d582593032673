import type { SecretKind } from '../../contract/redaction.ts';
import { prefixedAt } from './prefixes.ts';
import { isPlaceholder } from './secret-keys.ts';
import { isQuote, isSpace, looksRandom, looksScrambled, type SecretSpan, shapeOf, TokenRuns } from './text.ts';

/*
 * Credentials that a sentence tells: `The password is …`, `log in as admin with password …`, `the api key for staging is …`,
 * `הסיסמה החדשה היא …`. A few words behind the name are read; the first that is neither a link nor the thing the credential is for has to look
 * like one. Words of a language don't: a password that is a plain word is let go, rather than half of what people write about passwords.
 */

const WORDS_MAX = 8;
const WORD_LENGTH_MAX = 160;
/** Lead from a name to its value; those of `SAYING` promise that one follows. */
const LINKS = new Set(
  (
    'is was are be been being to now set changed reset updated rotated the your his her their my our new old temporary temp initial default current ' +
    'as with value equals this following from has have had will below still generated created chosen only combination combo - -- → => used sent in plain text ' +
    'הוא היא הינה הינו זה זו'
  ).split(' '),
);
const SAYING = new Set('is was to as equals are from => → = הוא היא הינה הינו'.split(' '));
const FOR = new Set(['for', 'of', 'on', 'by']);
/** Things between `for` and their name. */
const OWNERS = new Set('the user account host server database db service role admin'.split(' '));
/** `with password …`: what follows is more likely one. */
/** `ל-…`, `ה-API`: a word of another alphabet with one before it. */
const HEBREW_PREFIX = /^[\u05d0-\u05ea]{1,4}-(?=[^\u05d0-\u05ea])/;
const HEBREW_NAME = /סיסמ|מפתח|טוקן|אסימון|סוד/;
const LEADING = /(?:with|using|use|and|by)(?: the| this)? [a-z ]{4,16}$/i;
const BEFORE_MAX = 36;
const GAP = /[ \t\u00a0]{1,8}/y;

/** What follows the name that ends at `end`, if it looks like a credential; only behind a verb where the name says little. Two in `changed password from … to …`. */
export function findSaid(text: string, end: number, kind: SecretKind, isNamed = true): readonly SecretSpan[] {
  const found: SecretSpan[] = [];
  const runs = new TokenRuns();
  let at = end;
  let isSaid = LEADING.test(text.slice(Math.max(0, end - BEFORE_MAX), end));
  const isJoined = text[at] === ':' || text[at] === '=';
  if (isJoined) at++;
  isSaid ||= isJoined;
  for (let count = 0; count < WORDS_MAX; count++) {
    GAP.lastIndex = at;
    const isGap = GAP.test(text);
    if (!isGap && !(isJoined && count === 0)) break;
    const start = isGap ? GAP.lastIndex : at;
    const word = wordAt(text, start);
    if (word.end === start) break;
    const said = text.slice(start, word.end);
    const bare = said.replace(/[:=,]+$/, '');
    const link = bare.toLowerCase();
    if (FOR.has(link)) {
      at = ownerBehind(text, word.end);
      isSaid ||= /[:=]/.test(text[at - 1] ?? '');
      continue;
    }
    if (HEBREW_NAME.test(bare)) break; // which is looked at by itself
    const prefix = HEBREW_PREFIX.exec(said)?.[0].length ?? 0;
    if (prefix > 0) {
      const value = valueIn(text, start + prefix, word.end, kind, true, runs);
      if (value !== undefined) return [value];
    }
    if (prefix > 0 || said === ':' || said === '=' || LINKS.has(link) || isHebrew(bare)) {
      isSaid ||= SAYING.has(link) || /[:=]$/.test(said);
      at = word.end;
      continue;
    }
    const span = isNamed || isSaid ? valueIn(text, start, word.end, kind, isSaid, runs) : undefined;
    if (span === undefined) break;
    found.push(span);
    at = span.end + (isQuote(text, span.end) ? 1 : 0);
    isSaid = false;
    if (!text.startsWith(' to ', at)) break;
  }
  return found;
}

/** `use … as password`, `… is my password`: the value stands before. */
export function findSaidBefore(text: string, start: number): SecretSpan | undefined {
  let end = start;
  while (end > 0 && isSpace(text, end - 1) && start - end < 4) end--;
  let from = end;
  const least = Math.max(0, end - WORD_LENGTH_MAX);
  if (isQuote(text, end - 1)) {
    const open = text.slice(least, end - 1).lastIndexOf(text[end - 1]!);
    if (open !== -1) from = least + open;
  }
  while (from === end || (from > least && !isSpace(text, from - 1) && !isQuote(text, from))) {
    if (from === least) break;
    from--;
  }
  return valueIn(text, from, end, 'password', false, new TokenRuns());
}

/** A word that no quote belongs to, or what stands between quotes. */
function wordAt(text: string, start: number): { readonly end: number } {
  const limit = Math.min(text.length, start + WORD_LENGTH_MAX);
  let quoteAt = start;
  while (quoteAt < limit && text[quoteAt] === '\\') quoteAt++;
  if (isQuote(text, quoteAt)) {
    const close = text.slice(quoteAt + 1, limit).indexOf(text[quoteAt]!);
    if (close !== -1) return { end: quoteAt + 1 + close + 1 };
  }
  let end = start;
  while (end < limit && !isSpace(text, end)) end++;
  return { end };
}

/** Behind `for`: one word, or two where the first tells what kind of thing. */
function ownerBehind(text: string, from: number): number {
  let at = from;
  for (let count = 0; count < 3; count++) {
    GAP.lastIndex = at;
    if (!GAP.test(text)) return at;
    const { end } = wordAt(text, GAP.lastIndex);
    const isOwner = OWNERS.has(text.slice(GAP.lastIndex, end).toLowerCase());
    at = end;
    if (!isOwner) return at;
  }
  return at;
}

function valueIn(
  text: string,
  from: number,
  to: number,
  kind: SecretKind,
  isSaid: boolean,
  runs: TokenRuns,
): SecretSpan | undefined {
  if (to - from < 4) return undefined;
  let start = from;
  let end = to;
  while (start < end && (text[start] === '\\' || text[start] === '(' || text[start] === '<' || text[start] === '*'))
    start++;
  const isQuoted = isQuote(text, start);
  if (isQuoted) {
    start++;
    const close = text.slice(start, end).indexOf(text[start - 1]!);
    if (close !== -1) end = start + close;
    while (end > start && text[end - 1] === '\\') end--;
  } else {
    const stop = text.slice(start, end).search(/["'`<>\\]/);
    if (stop > 0) end = start + stop;
    while (end > start && '.,;:)]}>'.includes(text[end - 1]!)) end--;
  }
  const specific = prefixedAt(text, start, runs);
  if (specific !== undefined) return { ...specific, end: Math.max(specific.end, end) };
  const value = text.slice(start, end);
  if (value.length < 4 || PLAIN.test(value) || isPlaceholder(value)) return undefined;
  const fits =
    kind === 'password'
      ? isHardWord(value, isSaid || isQuoted) && !(isQuoted && /\s\S+\s/.test(value) && !/\d/.test(value))
      : isRandomWord(value, isSaid);
  return fits ? { start, end, kind } : undefined;
}

/** A word of a language, told at once: most are. */
const PLAIN = /^[A-Z]?[a-z]{1,31}$/;

/** What has digits among letters and is still no credential: algorithms, versions, sizes, times, dates, addresses, paths, ordinals. */
const ORDINARY =
  /^(?:(?:sha|md|bcrypt|scrypt|argon|aes|rsa|ed|x|oauth|oidc|saml|base|utf|pbkdf|http|ipv|tls|ssl|v|rfc|http|step|line|attempt|user|id|p|db|host|node|server|app|worker|rev)[-_/]?\d{1,5}(?:[._-]\w{1,8}){0,4}|\d+(?:\.\d+)?(?:ms|s|m|h|d|min|kb|mb|gb|kib|mib|gib|b|%|x|st|nd|rd|th)?|\d{1,6}-?[a-z]{1,11}|\d{4}-\d\d-\d\d.*|\d\d:\d\d.*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|[\w-]+(?:\.[\w-]+)*:\d{1,5}|(?:[a-z0-9-]+\.)+[a-z]{2,6}|[./~]?[\w@.-]*\/.*|[\w-]+\.[a-z]{1,4}(?::\d+)*|[\w.]+\(.*|[A-Za-z_]\w*=.*|#?\d[\d.,:]*|[A-Z]{2,5}-\d+)$/i;

/** A password in a sentence: letters with digits or signs, or cases that change as in no word. */
export function isHardWord(value: string, isSaid: boolean): boolean {
  if (value.length < (isSaid ? 4 : 6) || (ORDINARY.test(value) && !/[!#$%^&*+~?]/.test(value))) return false;
  const { digits, upper, lower, other } = shapeOf(value, 0, value.length);
  if (digits > 0 && upper + lower > 0) return true;
  if (/[!@#$%^&*+=~?]/.test(value.slice(1, -1)) && upper + lower >= 3 && !/^[@$%&#*]|[/(]/.test(value)) return true;
  if (isSaid && other > 0 && digits >= 6 && upper + lower === 0) return /[^\d.,:/-]/.test(value);
  if (isSaid && value.length >= 8 && /^[A-Za-z_-]+$/.test(value) && /[a-z][A-Z]|[A-Z]{2}[a-z]/.test(value)) return true;
  return looksScrambled(value);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A key or a token in a sentence: long, and made by a machine. */
export function isRandomWord(value: string, isSaid: boolean): boolean {
  if (/^(?:sha\d+|md5)[:-]|^[a-z_]\w{0,30}=[^=]/i.test(value) || /^https?:|[()]/.test(value)) return false;
  if (/^[./~]*\w*\/\w+\//.test(value)) return /^[A-Za-z0-9+/]{32,}=*$/.test(value) && looksScrambled(value);
  if (UUID.test(value)) return isSaid;
  return value.length >= 12 && (looksRandom(value, 0, value.length, isSaid ? 12 : 16) || looksScrambled(value));
}

function isHebrew(word: string): boolean {
  return /^[\u0590-\u05ff"'׳״,.-]+(?:API)?$/i.test(word) || /^API$/i.test(word);
}
