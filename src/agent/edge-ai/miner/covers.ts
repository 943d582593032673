import { WILDCARD } from '../../../contract/triage.ts';
import { SEGMENT_TOKENS_MAX } from './segments.ts';

/**
 * Whether a template's text is a general form of another's, or the same: what was said of `general` on one server holds for `specific` on
 * another, whose miner saw less of it. Word by word; one wildcard may stand for several words.
 */
export function covers(general: string, specific: string): boolean {
  if (general === specific) return true;
  if (!general.includes(WILDCARD)) return false;
  const [words, others] = [general.split(' '), specific.split(' ')];
  const more = others.length - words.length;
  if (more === 0) return coversAll(words, others);
  if (more < 0 || more >= SEGMENT_TOKENS_MAX) return false;
  return words.some((word, index) => {
    if (!word.startsWith(WILDCARD)) return false;
    const segment = others.slice(index, index + more + 1).join(' ');
    return coversAll(words, [...others.slice(0, index), segment, ...others.slice(index + more + 1)]);
  });
}

function coversAll(words: readonly string[], others: readonly string[]): boolean {
  return words.every((word, index) => coversWord(word, others[index] as string));
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
