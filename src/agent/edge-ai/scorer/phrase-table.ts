import { type Lexicon, PHRASE_CLASSES, TROUBLE_CLASSES } from './classes.ts';

/** Stands among the elements of a phrase for a `~`. */
export const GAP = 0xffff;
/** Number of the word `#`, which means any number. Unknown words are 0. */
export const ANY_NUMBER = 1;

/**
 * Lexicons as numbers, in a few arrays: as objects they took 2 MB. Words, elements (`a|b`) and phrases have numbers; a row of any table
 * ends where the next begins.
 *
 *   element e   words `elementWords[elementStart[e] … elementStart[e + 1]]`, ascending
 *   phrase p    elements `phraseElements[phraseStart[p] … phraseStart[p + 1]]`, or `GAP`
 *   word w      phrases that begin with it: `firstPhrases[firstStart[w] … firstStart[w + 1]]`, the most telling first
 */
export interface PhraseTable {
  readonly wordNumbers: ReadonlyMap<string, number>;
  readonly elementStart: Uint16Array;
  readonly elementWords: Uint16Array;
  readonly phraseStart: Uint16Array;
  readonly phraseElements: Uint16Array;
  /** Index in `PHRASE_CLASSES`. */
  readonly phraseClass: Uint8Array;
  /** Hundredths. */
  readonly phraseWeight: Uint8Array;
  readonly firstStart: Uint16Array;
  readonly firstPhrases: Uint16Array;
}

interface Phrase {
  readonly elements: readonly number[];
  readonly phraseClass: number;
  readonly weight: number;
}

/** Throws on a phrase that begins with a gap: it could begin anywhere. */
export function buildPhraseTable(lexicons: readonly Lexicon[]): PhraseTable {
  const wordNumbers = new Map<string, number>([['#', ANY_NUMBER]]);
  const elementNumbers = new Map<string, number>();
  const elements: (readonly number[])[] = [];
  const phrases: Phrase[] = [];

  const wordNumber = (word: string): number => {
    const known = wordNumbers.get(word);
    if (known !== undefined) return known;
    // A copy: a piece of the lexicon's text would hold on to all of it.
    wordNumbers.set(Buffer.from(word).toString(), wordNumbers.size + 1);
    return wordNumbers.size;
  };
  const elementNumber = (text: string): number => {
    if (text === '~') return GAP;
    const known = elementNumbers.get(text);
    if (known !== undefined) return known;
    const words = new Set(text.split('|').map(wordNumber));
    elementNumbers.set(text, elements.length);
    elements.push([...words].sort((one, other) => one - other));
    return elements.length - 1;
  };

  for (const lexicon of lexicons) {
    PHRASE_CLASSES.forEach((name, phraseClass) => {
      for (const line of lexicon[name].split('\n').map((text) => text.trim())) {
        if (line === '') continue;
        const parts = line.split(' ');
        const weight = parts.at(-1)!.startsWith('@') ? Number(parts.pop()!.slice(1)) : 1;
        const numbers = parts.map(elementNumber);
        if (numbers[0] === GAP || numbers.length === 0) throw new Error(`lexicon: "${line}" must begin with a word`);
        phrases.push({ elements: numbers, phraseClass, weight });
      }
    });
  }
  phrases.sort(mostTellingFirst);

  const byFirst: number[][] = Array.from({ length: wordNumbers.size + 1 }, () => []);
  phrases.forEach((phrase, index) => {
    for (const word of elements[phrase.elements[0]!]!) byFirst[word]!.push(index);
  });
  const [elementStart, elementWords] = rows(elements);
  const [phraseStart, phraseElements] = rows(phrases.map((phrase) => phrase.elements));
  const [firstStart, firstPhrases] = rows(byFirst);
  return {
    wordNumbers,
    elementStart,
    elementWords,
    phraseStart,
    phraseElements,
    phraseClass: Uint8Array.from(phrases, (phrase) => phrase.phraseClass),
    phraseWeight: Uint8Array.from(phrases, (phrase) => Math.round(phrase.weight * 100)),
    firstStart,
    firstPhrases,
  };
}

/** More words first, then what takes trouble back, then the graver class, then fewer gaps. */
function mostTellingFirst(one: Phrase, other: Phrase): number {
  const words = wordCount(other) - wordCount(one);
  if (words !== 0) return words;
  const isTrouble = Number(one.phraseClass < TROUBLE_CLASSES) - Number(other.phraseClass < TROUBLE_CLASSES);
  if (isTrouble !== 0) return isTrouble;
  return (
    one.phraseClass - other.phraseClass || one.elements.length - other.elements.length || other.weight - one.weight
  );
}

function wordCount({ elements }: Phrase): number {
  return elements.filter((element) => element !== GAP).length;
}

/** Rows one behind the other, and where each begins. Throws where numbers of 16 bits don't reach. */
function rows(table: readonly (readonly number[])[]): [Uint16Array, Uint16Array] {
  const starts = [0];
  for (const row of table) starts.push(starts.at(-1)! + row.length);
  if (starts.at(-1)! >= GAP) throw new Error('lexicon: too large for its table');
  return [Uint16Array.from(starts), Uint16Array.from(table.flat())];
}
