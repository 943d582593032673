import type { Lexicon } from './classes.ts';
import { ANY_NUMBER, buildPhraseTable, GAP, type PhraseTable } from './phrase-table.ts';
import type { TokenKind } from './tokens.ts';

/** Words that deny what follows. */
export const NEGATORS: ReadonlySet<string> = new Set(
  'no not without zero never none neither nor nothing 0 isnt wasnt didnt doesnt hasnt havent אין ללא בלי לא אפס אינו אינה'.split(
    ' ',
  ),
);
/** Words that a `~` may stand for; a name of many pieces, as `api.example.org`, is one. */
const GAP_MAX = 3;
/** And with all pieces. */
const GAP_PIECES_MAX = 12;

/** The words of a text as the phrases see them. */
export interface PhraseText {
  readonly count: number;
  readonly words: readonly string[];
  readonly isAfterBreak: readonly boolean[];
  readonly kinds: readonly TokenKind[];
}

export interface PhraseMatch {
  phraseClass: number;
  weight: number;
  /** Index of the word behind the last. */
  end: number;
}

/**
 * Finds the phrases of lexicons that begin at a word, the longest first. Each element of a phrase is met at most `GAP_PIECES_MAX` + 1 times for each gap
 * before it, so the time is bounded by the lexicon, whatever the text.
 */
export class PhraseIndex {
  readonly #table: PhraseTable;
  readonly #match: PhraseMatch = { phraseClass: 0, weight: 0, end: 0 };
  /** Of the text that is read, by word; 0 for words that no phrase has. */
  readonly #numbers: number[] = [];
  #text: PhraseText = { count: 0, words: [], isAfterBreak: [], kinds: [] };

  constructor(lexicons: readonly Lexicon[]) {
    this.#table = buildPhraseTable(lexicons);
  }

  /** Whether any phrase has this word anywhere. */
  knows(word: string): boolean {
    return this.#table.wordNumbers.has(word);
  }

  /** Takes a text, for `matchAt`. */
  read(text: PhraseText): void {
    this.#text = text;
    for (let at = 0; at < text.count; at++) {
      const word = text.words[at]!;
      this.#numbers[at] = this.#table.wordNumbers.get(word) ?? (isNumber(word) ? ANY_NUMBER : 0);
    }
  }

  /** The phrase that begins at word `at` of the text; the answer is used again for the next. */
  matchAt(at: number): PhraseMatch | undefined {
    const first = this.#numbers[at]!;
    if (first === 0) return undefined;
    return (
      this.#matchBeginning(first, at) ?? (this.#isOtherNumber(at) ? this.#matchBeginning(ANY_NUMBER, at) : undefined)
    );
  }

  #matchBeginning(first: number, at: number): PhraseMatch | undefined {
    const { firstStart, firstPhrases, phraseStart, phraseClass, phraseWeight } = this.#table;
    const last = firstStart[first + 1]!;
    for (let index = firstStart[first]!; index < last; index++) {
      const phrase = firstPhrases[index]!;
      const end = this.#endOfMatch(phraseStart[phrase]! + 1, phraseStart[phrase + 1]!, at + 1);
      if (end < 0) continue;
      this.#match.phraseClass = phraseClass[phrase]!;
      this.#match.weight = phraseWeight[phrase]! / 100;
      this.#match.end = end;
      return this.#match;
    }
    return undefined;
  }

  /** Index behind the match of the elements `from` to `to` at word `at`; -1 without. A gap reaches neither over the end of a clause nor over a “no”. */
  #endOfMatch(from: number, to: number, at: number): number {
    const { phraseElements } = this.#table;
    const { count, words, isAfterBreak, kinds } = this.#text;
    let here = at;
    for (let index = from; index < to; index++) {
      const element = phraseElements[index]!;
      if (element === GAP) {
        let skippedWords = 0;
        for (let skipped = 0; skipped <= GAP_PIECES_MAX && here + skipped < count; skipped++) {
          const end = this.#endOfMatch(index + 1, to, here + skipped);
          if (end >= 0) return end;
          const isPiece = skipped > 0 && isNextPiece(kinds[here + skipped - 1]!, kinds[here + skipped]!);
          // A figure in brackets interrupts a clause, it doesn't end it: “temperature (71C) exceeds”.
          const isEndOfClause = isAfterBreak[here + skipped] && !isPiece && kinds[here + skipped] !== 'number';
          if (isEndOfClause || NEGATORS.has(words[here + skipped]!)) return -1;
          if (!isPiece && ++skippedWords > GAP_MAX) return -1;
        }
        return -1;
      }
      if (here >= count || !this.#isMeant(element, here)) return -1;
      here++;
    }
    return here;
  }

  #isMeant(element: number, at: number): boolean {
    const number = this.#numbers[at]!;
    if (number === 0) return false;
    return this.#has(element, number) || (this.#isOtherNumber(at) && this.#has(element, ANY_NUMBER));
  }

  /** Whether an element has a word: its words are in ascending order. */
  #has(element: number, word: number): boolean {
    const { elementStart, elementWords } = this.#table;
    let low = elementStart[element]!;
    let high = elementStart[element + 1]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (elementWords[middle]! < word) low = middle + 1;
      else high = middle;
    }
    return low < elementStart[element + 1]! && elementWords[low] === word;
  }

  /** A number that phrases know as itself (`11`) is any number as well. */
  #isOtherNumber(at: number): boolean {
    return this.#numbers[at] !== ANY_NUMBER && isNumber(this.#text.words[at]!);
  }
}

/** Whether a word continues the name before it: `job-7.example`. */
function isNextPiece(before: TokenKind, kind: TokenKind): boolean {
  return (kind === 'name' && (before === 'name' || before === 'number')) || (kind === 'number' && before === 'name');
}

function isNumber(word: string): boolean {
  const code = word.charCodeAt(0);
  return code === 35 || (code >= 48 && code <= 57);
}
