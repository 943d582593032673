import { base64url, hex, json64, lines, pem } from './encodings.ts';
import { ALNUM, DIGITS, draw, LOWER, pick, type Random } from './random.ts';

/*
 * Forms that the lists by kind have besides: keys as services write them elsewhere, passwords of many kinds, personal data with and without the right
 * check digit. Prefixes are put together from pieces, so that no scanner of secrets takes this file for one.
 */

const WORDS = 'summer tiger correct horse battery winter coffee orange rocket dragon monkey purple staple secure'.split(
  ' ',
);
const word = (r: Random) => pick(r, ...WORDS);
const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);
const digits = (length: number) => (r: Random) => draw(r, DIGITS, length);

const PASSWORDS: Forms = {
  password_usual: (r) => `${capital(word(r))}${draw(r, DIGITS, 4)}${draw(r, '!@#$%^*', 1)}`,
  password_words: (r) => `${word(r)}${word(r)}${draw(r, '123456789', 2)}`,
  password_signs: (r) =>
    `${draw(r, ALNUM, 6)}${draw(r, '!#$%^*', 1)}${draw(r, ALNUM, 5)}${draw(r, '!^*-_=', 1)}${draw(r, ALNUM, 4)}`,
  password_dashes: (r) => `${word(r)}-${word(r)}-${word(r)}-${draw(r, '123456789', 2)}`,
  password_short: (r) => `${word(r).slice(0, 4)}${draw(r, DIGITS, 2)}`,
  password_encoded: (r) => `${draw(r, ALNUM, 6)}%40${draw(r, ALNUM, 5)}%21`,
  password_at: (r) => `${draw(r, ALNUM, 5)}@${draw(r, ALNUM, 5)}`,
  password_plain: (r) => word(r) + word(r),
  password_dollar: (r) => `$${draw(r, LOWER, 4)}$${draw(r, ALNUM, 6)}`,
};

const broken = (kind: string, change: (text: string) => string) => (r: Random) => change(pem(r, kind));

const KEYS: Forms = {
  azure_ai: (r) => `${draw(r, ALNUM, 52)}JQQJ99${draw(r, ALNUM, 26)}`,
  azure_pat: (r) => draw(r, `${LOWER}234567`, 52),
  azure_registry: (r) => `${draw(r, ALNUM, 44)}+ACR${draw(r, ALNUM, 4)}`,
  openai_long: (r) => `s${'k-'}${draw(r, ALNUM, 48)}`,
  openai_session: (r) => `se${'ss-'}${draw(r, ALNUM, 40)}`,
  xoxe: (r) => `xo${'xe-'}1-${draw(r, ALNUM, 140)}`,
  xoxc: (r) => `xo${'xc-'}${draw(r, DIGITS, 12)}-${draw(r, DIGITS, 12)}-${draw(r, DIGITS, 13)}-${hex(64)(r)}`,
  xoxd: (r) => `xo${'xd-'}${draw(r, ALNUM, 80)}%2B${draw(r, ALNUM, 20)}%3D`,
  stripe_test: (r) => `s${'k_'}test_51${draw(r, ALNUM, 97)}`,
  stripe_ephemeral: (r) => `e${'k_'}live_${draw(r, ALNUM, 40)}`,
  telegram_end: (r) => base64url(r, 33),
  jwt_long: (r) =>
    `${json64({ alg: 'RS256', kid: base64url(r, 20), typ: 'JWT' })}.${json64({ iss: 'https://login.example.com/', sub: hex(8)(r) })}.${base64url(r, 342)}`,
  jwt_unsigned: (r) => `${json64({ alg: 'none' })}.${json64({ sub: hex(8)(r) })}.`,
  jwe: (r) =>
    `${json64({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.${[342, 16, 120, 22].map((length) => base64url(r, length)).join('.')}`,
  pem_rsa_escaped: (r) => pem(r, 'RSA ', '\\n'),
  pem_ec_escaped: (r) => pem(r, 'EC ', '\\n'),
  pem_encrypted_escaped: (r) => pem(r, 'ENCRYPTED ', '\\n'),
  pem_escaped_twice: (r) => pem(r, 'RSA ', '\\\\n'),
  pem_crlf: (r) => pem(r, 'RSA ', '\\r\\n'),
  pem_joined: (r) => pem(r, '', ''),
  pem_cut: broken('RSA ', (text) => text.slice(0, 300)),
  pem_indented: (r) => pem(r, 'RSA ', '\n    '),
  pem_cited: (r) => pem(r, '', '\n> '),
  base64row: (r) => lines(r, 1, ''),
};

const OTHERS: Forms = {
  hex32_capital: (r) => hex(32)(r).toUpperCase(),
  digits4: digits(4),
  digits10: digits(10),
  digits12: digits(12),
  digits13: (r) => `17${draw(r, DIGITS, 11)}`,
  ulid: (r) => `01${draw(r, `${DIGITS}ABCDEFGHJKMNPQRSTVWXYZ`, 24)}`,
  instant: (r) =>
    `2025-1${draw(r, '012', 1)}-1${draw(r, DIGITS, 1)}T1${draw(r, DIGITS, 1)}:42:17.${draw(r, DIGITS, 3)}Z`,
  ip: (r) => `10.1${draw(r, DIGITS, 1)}.2${draw(r, '01234', 1)}.${draw(r, '123456789', 2)}`,
};

const PERSONAL: Forms = {
  email: (r) =>
    `${word(r)}.${pick(r, 'levi', 'cohen', 'doe')}${draw(r, '123456789', 2)}@${pick(r, 'gmail.com', 'acme.co.il', 'mail.corp.org')}`,
  email_plus: (r) => `${word(r)}+${word(r)}@${word(r)}-mail.com`,
  phone_il: (r) => `05${draw(r, DIGITS, 1)}-${draw(r, DIGITS, 7)}`,
  phone_il_bare: (r) => `05${draw(r, DIGITS, 8)}`,
  phone_il_spaced: (r) => `05${draw(r, DIGITS, 1)} ${draw(r, DIGITS, 3)} ${draw(r, DIGITS, 4)}`,
  phone_il_fixed: (r) => `0${draw(r, '23489', 1)}-${draw(r, DIGITS, 7)}`,
  phone_il_plus: (r) => `+972-5${draw(r, '012345678', 1)}-${draw(r, DIGITS, 3)}-${draw(r, DIGITS, 4)}`,
  phone_il_e164: (r) => `+9725${draw(r, DIGITS, 8)}`,
  phone_e164: (r) => `+14155${draw(r, DIGITS, 6)}`,
  phone_us: (r) => `(4${draw(r, DIGITS, 2)}) 555-${draw(r, DIGITS, 4)}`,
  phone_us_plus: (r) => `+1 4${draw(r, DIGITS, 2)}-555-${draw(r, DIGITS, 4)}`,
  phone_us_dashed: (r) => `4${draw(r, DIGITS, 2)}-555-${draw(r, DIGITS, 4)}`,
  phone_uk: (r) => `+44 20 7${draw(r, DIGITS, 3)} ${draw(r, DIGITS, 4)}`,
  phone_de: (r) => `+49 30 ${draw(r, DIGITS, 8)}`,
  phone_fr: (r) => `+33 6 ${[0, 1, 2, 3].map(() => draw(r, DIGITS, 2)).join(' ')}`,
  phone_00: (r) => `00972-54-${draw(r, DIGITS, 7)}`,
  iban_il: (r) => iban('IL', draw(r, DIGITS, 19)),
  iban_de: (r) => iban('DE', draw(r, DIGITS, 18)),
  iban_gb: (r) => iban('GB', `NWBK${draw(r, DIGITS, 14)}`),
  iban_fr: (r) => iban('FR', draw(r, DIGITS, 23)),
  iban_spaced: (r) => grouped(iban('DE', draw(r, DIGITS, 18)), ' '),
  iban_il_spaced: (r) => grouped(iban('IL', draw(r, DIGITS, 19)), ' '),
  iban_dashed: (r) => grouped(iban('IL', draw(r, DIGITS, 19)), '-'),
  iban_small: (r) => iban('NL', `INGB${draw(r, DIGITS, 10)}`).toLowerCase(),
  iban_wrong: (r) => iban('DE', draw(r, DIGITS, 18)).replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)),
  israeli_id: israeliId,
  israeli_id_dashed: (r) => israeliId(r).replace(/(?=\d$)/, '-'),
  israeli_id_wrong: (r) => israeliId(r).replace(/\d$/, (digit) => String((Number(digit) + 3) % 10)),
};

export const KIND_FORMS: Forms = { ...PASSWORDS, ...KEYS, ...OTHERS, ...PERSONAL };

type Forms = Readonly<Record<string, (random: Random) => string>>;

function israeliId(r: Random): string {
  const first = draw(r, '123456789', 1) + draw(r, DIGITS, 7);
  let sum = 0;
  for (const [index, digit] of [...first].entries()) {
    const weighted = Number(digit) * ((index % 2) + 1);
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return `${first}${(10 - (sum % 10)) % 10}`;
}

/** With its check digits, by ISO 7064. */
function iban(country: string, account: string): string {
  let rest = 0;
  for (const unit of `${account}${country}00`) {
    const value = Number.parseInt(unit, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return `${country}${String(98 - rest).padStart(2, '0')}${account}`;
}

function grouped(text: string, between: string): string {
  return text.match(/.{1,4}/g)!.join(between);
}
