import { classOf, DIGIT, JOINT, LETTER, UPPER } from './characters.ts';

/**
 * Whether what stands between two spaces is a name of something rather than words: `foo.bar`, `/var/log`, `fooBar`, `a_b`, `eth0`.
 * Brackets and other signs at its ends don't count, and a value behind `=` is judged by itself.
 */
export function looksLikeName(text: string, start: number, stop: number): boolean {
  let from = start;
  let to = stop;
  while (from < to && isOrnament(text.charCodeAt(from))) from++;
  while (to > from && isOrnament(text.charCodeAt(to - 1))) to--;
  let hasLetter = false;
  let wasLower = false;
  let wasInWord = false;
  let slashes = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    if (kind & LETTER) {
      if (wasLower && kind & UPPER) return true;
      hasLetter = true;
      wasLower = !(kind & UPPER);
      wasInWord = true;
      continue;
    }
    wasLower = false;
    if (kind & DIGIT) {
      if (hasLetter) return true;
      wasInWord = true;
      continue;
    }
    if (kind === JOINT) {
      // `power/control` and `I/O` are prose, `/var` and `a/b/c` are names; another joint at an end is an ornament (`#4`, `failure\`).
      if (code === SLASH ? at === from || ++slashes > 1 : at > from && at + 1 < to) return true;
    } else if (code === EQUALS) {
      hasLetter = false;
    } else if (wasInWord && hasLetter && isJoined(text, code, at, to)) {
      return true;
    }
    wasInWord = false;
  }
  return false;
}

const SLASH = 47;
const EQUALS = 61;
const DOT = 46;
const COLON = 58;

function isOrnament(code: number): boolean {
  return !(classOf(code) & (LETTER | DIGIT | JOINT));
}

/** `java.io`, `host:80`, `std::move`; not `failed:` nor `(error)`. */
function isJoined(text: string, code: number, at: number, to: number): boolean {
  if ((code !== DOT && code !== COLON) || at + 1 >= to) return false;
  const next = text.charCodeAt(at + 1);
  return (classOf(next) & (LETTER | DIGIT)) !== 0 || next === COLON;
}
