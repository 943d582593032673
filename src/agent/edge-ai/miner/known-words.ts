import { hashText } from './text-hash.ts';

/** Words that belong to the number before them, in any case. */
const UNITS =
  'ns us ms s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days week weeks ' +
  'millis millisecond milliseconds microseconds nanoseconds ' +
  'b byte bytes k kb kib m mb mib g gb gib t tb tib kbytes mbytes hz khz mhz ghz percent ' +
  'am pm utc gmt est edt cst cdt mst mdt pst pdt cet cest bst';
/** Currencies that an amount is told in. */
const CURRENCIES =
  'USD EUR GBP JPY CHF CNY INR ILS CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BRL MXN ARS CLP COP KRW TWD HKD SGD THB IDR MYR PHP VND TRY RUB UAH ZAR EGP AED SAR BTC ETH';
const MIXED_CASE_UNITS = 'kB KiB MiB GiB TiB kHz MHz GHz Hz KBytes MBytes';
/** Names of months and days, that belong to the number beside them. */
const DATE_WORDS =
  'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun ' +
  'January February March April June July August September October November December ' +
  'Monday Tuesday Wednesday Thursday Friday Saturday Sunday';

/** Keys whose value is the message itself, not a value in one. */
const MESSAGE_KEYS = 'msg message MSG Message log event';
/** What a request line in quotes begins with: it is kept, as the method is one of few words that tell requests apart. */
const METHODS = 'GET POST PUT DELETE HEAD OPTIONS PATCH CONNECT TRACE';

/** What stands for no value. */
const NOTHING = 'null NULL nil None undefined unknown none unset empty NaN anonymous unnamed';

/** Words are told by their hashes, so that no string is cut from a line to ask. */
const UNIT_HASHES: ReadonlySet<number> = new Set([
  ...hashes(UNITS),
  ...hashes(UNITS.toUpperCase()),
  ...hashes(MIXED_CASE_UNITS),
  ...hashes(CURRENCIES),
]);
const DATE_HASHES: ReadonlySet<number> = new Set(hashes(DATE_WORDS));
const MESSAGE_KEY_HASHES: ReadonlySet<number> = new Set(hashes(MESSAGE_KEYS));
const METHOD_HASHES: ReadonlySet<number> = new Set(hashes(METHODS));
const NOTHING_HASHES: ReadonlySet<number> = new Set(hashes(NOTHING));
export const KNOWN_WORD_LENGTH_MAX = 12;

export function isUnit(hash: number): boolean {
  return UNIT_HASHES.has(hash);
}

export function isDateWord(hash: number): boolean {
  return DATE_HASHES.has(hash);
}

export function isMessageKey(hash: number): boolean {
  return MESSAGE_KEY_HASHES.has(hash);
}

export function isNothing(hash: number): boolean {
  return NOTHING_HASHES.has(hash);
}

export function isMethod(hash: number): boolean {
  return METHOD_HASHES.has(hash);
}

function hashes(words: string): number[] {
  return words.split(' ').map((word) => hashText(word, 0, word.length));
}
