import type { ReportLanguage } from '../../../contract/reports.ts';
import { cleanText } from '../../../platform/safe-text.ts';

/**
 * Advance widths of Heebo Regular in hundredths of an em: of U+0020 to U+007E, and of U+05D0 to U+05EA. Without a browser echarts would
 * guess, and count each Hebrew letter as a full square. Kerning is left out: it makes a label a hair narrower, never wider.
 */
const LATIN_WIDTHS = [
  25, 26, 32, 62, 56, 73, 62, 17, 34, 35, 43, 54, 20, 28, 26, 41, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 24, 21, 54,
  54, 54, 47, 90, 65, 62, 65, 66, 57, 55, 68, 71, 27, 55, 63, 54, 87, 71, 69, 63, 69, 62, 59, 60, 65, 64, 89, 63, 60,
  60, 27, 41, 27, 54, 45, 30, 54, 56, 52, 56, 53, 35, 56, 55, 25, 25, 51, 24, 88, 55, 57, 56, 57, 34, 52, 33, 55, 48,
  75, 50, 47, 50, 34, 24, 34, 63,
];
const HEBREW_WIDTHS = [
  64, 53, 39, 52, 59, 29, 35, 61, 62, 30, 50, 54, 51, 64, 63, 29, 36, 64, 58, 59, 63, 54, 55, 62, 49, 79, 62,
];
/** Of others: rather too wide than too narrow. */
const OTHER_WIDTH = 67;

/** Isolates only steer the direction, and take no room. */
const [RIGHT_TO_LEFT, LEFT_TO_RIGHT, END_OF_ISOLATE] = ['\u2067', '\u2066', '\u2069'];
const ISOLATES = /[\u2066-\u2069]/g;
const NAME_LENGTH_MAX = 120;
const FIRST_STRONG = /[\p{L}]/u;
const RIGHT_TO_LEFT_LETTER = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** How wide a text stands, in px. */
export function textWidth(text: string, fontPx: number): number {
  let hundredths = 0;
  for (const character of text.replace(ISOLATES, '')) hundredths += widthOf(character.codePointAt(0)!);
  return (hundredths / 100) * fontPx;
}

/**
 * A name as it stands on a chart: without characters that control or steer, in the direction of its own first letter, cut with an
 * ellipsis where it is wider than there is room. An SVG's text is laid out from left to right unless something within it says otherwise.
 */
export function nameLabel(name: string, fontPx: number, widthPx: number): string {
  return directed(shortened(plain(name), fontPx, widthPx));
}

/** Of our own words in a language. */
export function wordLabel(words: string, lang: ReportLanguage): string {
  return lang === 'he' ? `${RIGHT_TO_LEFT}${words}${END_OF_ISOLATE}` : words;
}

/** Where a name stands within a sentence: in its own direction, and steering nothing outside of it. */
export function nameInSentence(name: string): string {
  return `\u2068${plain(name)}${END_OF_ISOLATE}`;
}

/** A number with its sign and unit within a sentence. */
export function numberInSentence(number: string): string {
  return `${LEFT_TO_RIGHT}${number}${END_OF_ISOLATE}`;
}

function plain(name: string): string {
  return cleanText(name, NAME_LENGTH_MAX);
}

function directed(text: string): string {
  const first = FIRST_STRONG.exec(text)?.[0];
  return first !== undefined && RIGHT_TO_LEFT_LETTER.test(first) ? `${RIGHT_TO_LEFT}${text}${END_OF_ISOLATE}` : text;
}

function shortened(text: string, fontPx: number, widthPx: number): string {
  if (textWidth(text, fontPx) <= widthPx) return text;
  const room = widthPx - textWidth('…', fontPx);
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += textWidth(character, fontPx);
    if (width > room) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

function widthOf(code: number): number {
  return LATIN_WIDTHS[code - 0x20] ?? HEBREW_WIDTHS[code - 0x5d0] ?? OTHER_WIDTH;
}
