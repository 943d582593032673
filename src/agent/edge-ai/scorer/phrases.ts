import { type Lexicon, PHRASE_CLASSES, TROUBLE_CLASSES } from './classes.ts';

/** Words that deny what follows. */
export const NEGATORS: ReadonlySet<string> = new Set(
  'no not without zero never none neither nor nothing 0 isnt wasnt didnt doesnt hasnt havent אין ללא בלי לא אפס אינו אינה'.split(
    ' ',
  ),
);
/** Words that a `~` may stand for. */
const GAP_MAX = 3;

type Element = ReadonlySet<string> | 'gap';

interface Phrase {
  readonly elements: readonly Element[];
  /** Index in `PHRASE_CLASSES`. */
  readonly phraseClass: number;
  readonly weight: number;
}

/** The words of a text as the phrases see them. */
export interface PhraseText {
  readonly count: number;
  readonly words: readonly string[];
  readonly isAfterBreak: readonly boolean[];
}

export interface PhraseMatch {
  phraseClass: number;
  weight: number;
  /** Index of the word behind the last. */
  end: number;
}

/**
 * Finds the phrases of lexicons that begin at a word, the longest first. Each word of a phrase is met at most `GAP_MAX` + 1 times for each gap
 * before it, so the time is bounded by the lexicon, whatever the text.
 */
export class PhraseIndex {
  readonly #byFirstWord = new Map<string, Phrase[]>();
  readonly #words = new Set<string>();
  readonly #match: PhraseMatch = { phraseClass: 0, weight: 0, end: 0 };

  constructor(lexicons: readonly Lexicon[]) {
    for (const lexicon of lexicons) {
      PHRASE_CLASSES.forEach((name, phraseClass) => {
        for (const line of lexicon[name].split('\n')) if (line.trim() !== '') this.#add(line.trim(), phraseClass);
      });
    }
    for (const phrases of this.#byFirstWord.values()) phrases.sort(mostTellingFirst);
  }

  /** Whether any phrase has this word anywhere. */
  knows(word: string): boolean {
    return this.#words.has(word);
  }

  /** The phrase that begins at word `at`; the answer is used again for the next. */
  match(text: PhraseText, at: number): PhraseMatch | undefined {
    const word = text.words[at]!;
    const phrases = this.#byFirstWord.get(word) ?? (isDigit(word) ? this.#byFirstWord.get('#') : undefined);
    if (phrases === undefined) return undefined;
    for (let index = 0; index < phrases.length; index++) {
      const phrase = phrases[index]!;
      const end = endOfMatch(phrase.elements, 1, text, at + 1);
      if (end < 0) continue;
      this.#match.phraseClass = phrase.phraseClass;
      this.#match.weight = phrase.weight;
      this.#match.end = end;
      return this.#match;
    }
    return undefined;
  }

  #add(line: string, phraseClass: number): void {
    const parts = line.split(' ');
    const last = parts.at(-1)!;
    const weight = last.startsWith('@') ? Number(parts.pop()!.slice(1)) : 1;
    const elements = parts.map((part): Element => (part === '~' ? 'gap' : new Set(part.split('|'))));
    const phrase: Phrase = { elements, phraseClass, weight };
    for (const element of elements) if (element !== 'gap') for (const word of element) this.#words.add(word);
    const first = elements[0];
    if (first === undefined || first === 'gap') throw new Error(`lexicon: "${line}" must begin with a word`);
    for (const word of first) {
      const others = this.#byFirstWord.get(word);
      if (others === undefined) this.#byFirstWord.set(word, [phrase]);
      else others.push(phrase);
    }
  }
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
  return elements.filter((element) => element !== 'gap').length;
}

/** Whether a word is meant; `#` means any number. */
function isMeant(wanted: ReadonlySet<string>, word: string): boolean {
  return wanted.has(word) || (wanted.has('#') && isDigit(word));
}

function isDigit(word: string): boolean {
  const code = word.charCodeAt(0);
  return code === 35 || (code >= 48 && code <= 57);
}

/** Index behind the match of `elements` from `element` on, at word `at`; -1 without. A gap reaches neither over the end of a clause nor over a “no”. */
function endOfMatch(elements: readonly Element[], element: number, text: PhraseText, at: number): number {
  let here = at;
  for (let index = element; index < elements.length; index++) {
    const wanted = elements[index]!;
    if (wanted === 'gap') {
      for (let skipped = 0; skipped <= GAP_MAX && here + skipped < text.count; skipped++) {
        const end = endOfMatch(elements, index + 1, text, here + skipped);
        if (end >= 0) return end;
        if (text.isAfterBreak[here + skipped] || NEGATORS.has(text.words[here + skipped]!)) return -1;
      }
      return -1;
    }
    if (here >= text.count || !isMeant(wanted, text.words[here]!)) return -1;
    here++;
  }
  return here;
}
