import { WILDCARD } from '../../../contract/triage.ts';

/**
 * Whether a template's text is a general form of another's, or the same: what was said of `general` on one server holds for `specific` on
 * another, whose miner saw less of it. Word by word: corrections are found
 * by their number of words, so the rare wildcard that stands for several words covers only what has as many.
 */
export function covers(general: string, specific: string): boolean {
  if (general === specific) return true;
  if (!general.includes(WILDCARD)) return false;
  const [words, others] = [general.split(' '), specific.split(' ')];
  return words.length === others.length && words.every((word, index) => coversWord(word, others[index] as string));
}

/** The constant parts of `word` stand in `other`, in this order, the first at its beginning and the last at its end. */
function coversWord(word: string, other: string): boolean {
  const parts = word.split(WILDCARD);
  const [first, last] = [parts[0] as string, parts.at(-1) as string];
  if (parts.length === 1) return word === other;
  if (other.length < first.length + last.length || !other.startsWith(first) || !other.endsWith(last)) return false;
  let at = first.length;
  const end = other.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = other.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
