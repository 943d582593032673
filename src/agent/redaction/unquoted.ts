import type { SecretKind } from '../../contract/redaction.ts';
import type { Join } from './names.ts';
import { hasDigitOrCases, isMachineMade, isPlace, isPlaceholder, LONG_WORD, secretKeyKind } from './secret-keys.ts';
import { isHardWord } from './sentences.ts';
import { isQuote, isSpace, looksRandom, looksScrambled, type TokenRuns } from './text.ts';

/* Values without quotes: where they end, and whether they are credentials or code. */

/** A value is judged by its beginning. */
export const JUDGED_LENGTH_MAX = 256;

const NEXT_FIELD = /[;&,|]\s{0,2}(?:$|[\s"'`\\]|[A-Za-z_][\w .-]{0,40}[=:])/y;

/** Ends at a space, a quote, or a separator with another field behind it; a closing bracket or a full stop at the end is not part of it. */
export function unquotedEnd(text: string, start: number, runs: TokenRuns): number {
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

export interface Style {
  readonly key: string;
  readonly join: Join;
  readonly spaced: boolean;
  readonly spacedBefore: boolean;
  readonly next: string;
  readonly behind: string;
}

/** What programs write behind `password =`: calls, fields, variables. */
export const CODE =
  /^(?:[A-Za-z_$][\w$.]*[([]|(?:self|this|config|cfg|settings|process|os|env|environ|request|req|res|params|args|options|opts|ctx|context|data|body|form|user|props|state|secrets|vault|vars?|event|payload|credentials|creds|input|new|await|Field|Optional|Depends)(?:[.[?]|$)|[A-Z]\w*[<{]|\(|\[|\{|!|&|\*|@|#|\/\/)/;
/** `s3.accessKey`, `settings?.token`; an object as Java prints it; a regular expression. */
export const PATH =
  /^[A-Za-z_$][A-Za-z_$]{0,30}\d?(?:\??\.[A-Za-z_$][A-Za-z_$]{0,40}\d?){1,6}!?$|^[\w.$]+@[0-9a-f]{5,8}$|^\/[^/]*[(\\[|]/;
const LETTERS = /^[A-Za-z]+$/;

export function isUnquotedSecret(kind: SecretKind, value: string, style: Style): boolean {
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
