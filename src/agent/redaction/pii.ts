import type { PiiKind } from '../../contract/redaction.ts';
import { isAlnum, isDigit } from './text.ts';

export interface PiiSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: PiiKind;
}

/*
 * Personal data, looked for only where the configuration asks for it. Every expression is bounded and begins at a digit, a plus sign or a
 * capital letter, so the time is linear; where a number has a check digit it must be right.
 */

/** Personal data of these kinds, in any order; spans of different kinds may overlap. */
export function findPii(text: string, kinds: ReadonlySet<PiiKind>): readonly PiiSpan[] {
  const spans: PiiSpan[] = [];
  if (kinds.has('email')) findEmails(text, spans);
  if (kinds.has('iban')) findAll(text, IBAN, 'iban', isIban, spans);
  if (kinds.has('credit_card')) findAll(text, CARD, 'credit_card', isCard, spans);
  if (kinds.has('israeli_id')) findAll(text, ISRAELI_ID, 'israeli_id', isIsraeliId, spans);
  if (kinds.has('phone')) findAll(text, PHONE, 'phone', isPhone, spans);
  return spans;
}

const IBAN = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])/g;
/** Each country's own length: with it even a hash, written small, hardly ever passes for one. */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 ' +
    'GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 ' +
    'OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((each) => [each.slice(0, 2), Number(each.slice(2))]),
);
const CARD = /(?<![A-Za-z0-9_.-])\d{4}(?:[ -]?\d{2,4}){3,5}(?![A-Za-z0-9_])/g;
const ISRAELI_ID = /(?<![A-Za-z0-9_.-])\d{8}-?\d(?![A-Za-z0-9_-])(?!\.\d)/g;
/** International with a plus sign; Israeli and North American as they are written nationally. */
const PHONE =
  /(?<![A-Za-z0-9_+.-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}|00(?:972[ -]?|[1-9]\d{0,2}[ -])\d{1,4}(?:[ -]?\d{2,4}){1,4}|0(?:5\d|7\d|[23489])[ -]?\d{3}[ -]?\d{4}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![A-Za-z0-9_-])/g;

function findAll(
  text: string,
  expression: RegExp,
  kind: PiiKind,
  accept: (found: string) => boolean,
  spans: PiiSpan[],
): void {
  for (const match of text.matchAll(expression))
    if (accept(match[0])) spans.push({ start: match.index, end: match.index + match[0].length, kind });
}

const LOCAL_LENGTH_MAX = 64;
const DOMAIN_LENGTH_MAX = 253;

/** Grown to both sides of each `@`, instead of begun at every letter. */
function findEmails(text: string, spans: PiiSpan[]): void {
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (at - start < LOCAL_LENGTH_MAX && isLocalUnit(text, start - 1)) start--;
    let end = at + 1;
    while (end - at <= DOMAIN_LENGTH_MAX && isDomainUnit(text, end)) end++;
    while (end > at && !isAlnum(text, end - 1) && text.charCodeAt(end - 1) < 128) end--;
    const domain = text.slice(at + 1, end);
    if (start < at && !isLoginName(text, start, at) && /^[^.]+(?:\.[^.]+)*\.\p{L}{2,24}$/u.test(domain))
      spans.push({ start, end, kind: 'email' });
  }
}

/** `git@github.com:…`, `https://bob@host/…`: whose account on which host, and no address for mail. */
function isLoginName(text: string, start: number, at: number): boolean {
  return text.slice(start, at) === 'git' || text.slice(Math.max(0, start - 3), start) === '://';
}

function isLocalUnit(text: string, at: number): boolean {
  return at >= 0 && (isAlnum(text, at) || "._%+-'".includes(text[at]!));
}

function isDomainUnit(text: string, at: number): boolean {
  return at < text.length && (isAlnum(text, at) || '.-'.includes(text[at]!));
}

function isIban(found: string): boolean {
  const compact = found.replace(/[ -]/g, '');
  if (compact.length !== IBAN_LENGTHS.get(compact.slice(0, 2).toUpperCase())) return false;
  let rest = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

function isCard(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  return digits.length >= 13 && digits.length <= 19 && /^[3-6]/.test(digits) && !isOneDigit(digits) && luhn(digits);
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Nine digits whose check digit is right (each second digit doubled, as in Luhn's, counted from the left). */
function isIsraeliId(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  return digits.length === 9 && !isOneDigit(digits) && luhn(digits);
}

function isPhone(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  return digits.length >= 9 && digits.length <= 15 && !isOneDigit(digits);
}

function isOneDigit(digits: string): boolean {
  return digits === digits[0]!.repeat(digits.length);
}

/** Whether any of them can be there at all: an at sign, or many digits near each other. */
export function mayHoldPii(text: string): boolean {
  if (text.includes('@')) return true;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    if (isDigit(text, at)) {
      if (++digits >= 8) return true;
    } else if (!' -().+'.includes(text[at]!) && !(digits < 8 && isAlnum(text, at))) digits = 0;
  }
  return false;
}
