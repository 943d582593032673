import type { KnownTemplate } from './types.ts';

/** More words of a template say little more, and cost at each comparison. */
const WORDS_MAX = 40;
const TEXT_LENGTH_MAX = 400;
/** An agent holds no more templates. The bound also ends a walk over what is moved about meanwhile, so that it never comes to an end by itself. */
const KNOWN_MAX = 20_000;
/** So many are compared, half a millisecond, before others get their turn. */
const AT_ONCE = 100;

/**
 * The `count` templates that have most words in common with `text`, the nearest first; none that has nothing in common. By the share of
 * common words in all words of both (Jaccard), so that long templates are no better than short ones.
 */
export async function mostSimilar(
  text: string,
  known: Iterable<KnownTemplate>,
  count: number,
): Promise<readonly KnownTemplate[]> {
  const words = wordsOf(text);
  const best: { readonly template: KnownTemplate; readonly likeness: number }[] = [];
  let looked = 0;
  for (const template of known) {
    if (++looked > KNOWN_MAX) break;
    if (looked % AT_ONCE === 0) await new Promise(setImmediate);
    const likeness = likenessOf(words, wordsOf(template.text));
    if (likeness === 0 || (best.length === count && likeness <= best.at(-1)!.likeness)) continue;
    if (best.some((other) => other.template.text === template.text)) continue;
    const place = best.findIndex((other) => other.likeness < likeness);
    best.splice(place === -1 ? best.length : place, 0, { template, likeness });
    if (best.length > count) best.pop();
  }
  return best.map(({ template }) => template);
}

function likenessOf(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const word of one) if (other.has(word)) common++;
  return common === 0 ? 0 : common / (one.size + other.size - common);
}

/** Letters and digits of any script, in lower case. */
function wordsOf(text: string): ReadonlySet<string> {
  const words = new Set<string>();
  for (const [word] of text.slice(0, TEXT_LENGTH_MAX).matchAll(/[\p{L}\p{N}]+/gu)) {
    words.add(word.toLowerCase());
    if (words.size === WORDS_MAX) break;
  }
  return words;
}
