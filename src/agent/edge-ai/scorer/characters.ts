/** What a character is to the reader of words, as bits. */
export const SPACE = 1;
export const LETTER = 2;
export const UPPER = 4;
export const DIGIT = 8;
/** Joins the parts of a name rather than words: `_`, `/`. */
export const JOINT = 16;
/** Ends a clause. */
export const BREAK = 32;

const CLASS_OF = new Uint8Array(128);
for (let code = 0; code <= 32; code++) CLASS_OF[code] = SPACE;
for (let code = 48; code <= 57; code++) CLASS_OF[code] = DIGIT;
for (let code = 65; code <= 90; code++) CLASS_OF[code] = LETTER | UPPER;
for (let code = 97; code <= 122; code++) CLASS_OF[code] = LETTER;
for (const sign of '_/\\@$#&') CLASS_OF[sign.charCodeAt(0)] = JOINT;
for (const sign of '.,;:!?()[]{}|<>') CLASS_OF[sign.charCodeAt(0)] = BREAK;

/** Letters past ASCII have no case here: capitals only matter for names and levels, which are ASCII. */
export function classOf(code: number): number {
  if (code < 128) return CLASS_OF[code]!;
  if (code === 0xa0 || code === 0x2028 || code === 0x2029) return SPACE;
  if (code === 0x2019 || isMark(code)) return LETTER;
  // General punctuation; arrows.
  return code < 0xc0 || (code >= 0x2010 && code <= 0x206f) || (code >= 0x2190 && code <= 0x21ff) ? BREAK : LETTER;
}

/** Vowel signs of Hebrew and the marks that turn the direction: part of a word, but not of its spelling. */
export function isMark(code: number): boolean {
  return (code >= 0x0591 && code <= 0x05c7 && code !== 0x05be) || (code >= 0x200b && code <= 0x200f);
}

/** `can't` is one word. */
export function isApostrophe(code: number): boolean {
  return code === 39 || code === 0x2019;
}

export function isLowerLetter(code: number): boolean {
  return code >= 97 && code <= 122;
}
