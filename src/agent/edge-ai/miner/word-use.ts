import { isWordCode } from './skeleton.ts';

/** Words are counted in so many places; those that share one only seem more frequent, which errs on the side of keeping templates apart. */
const PLACES = 1 << 14;

/** So that the words of a first few templates tell them. */
const FEW = 4;

/** In how many templates each word stands: one that stands in most of them, as the name of a host, tells none of them. */
export class WordUse {
  readonly #counts = new Uint16Array(PLACES);
  #templates = 0;

  get templates(): number {
    return this.#templates;
  }

  add(codes: readonly number[]): void {
    this.#templates++;
    this.#count(codes, 1);
  }

  remove(codes: readonly number[]): void {
    this.#templates--;
    this.#count(codes, -1);
  }

  /** Whether no more than two of three templates have it. */
  tells(code: number): boolean {
    return (this.#counts[placeOf(code)] as number) * 3 <= this.#templates * 2 + FEW;
  }

  /** For each token whether it is a word that tells a statement. */
  telling(codes: readonly number[]): Uint8Array {
    return Uint8Array.from(codes, (code) => (isWordCode(code) && this.tells(code) ? 1 : 0));
  }

  #count(codes: readonly number[], by: number): void {
    for (let index = 0; index < codes.length; index++) {
      const code = codes[index] as number;
      // Once for each template, wherever its sign stands.
      if (isWordCode(code) && codes.indexOf(code) === index) (this.#counts[placeOf(code)] as number) += by;
    }
  }
}

function placeOf(code: number): number {
  return (Math.imul(Math.abs(code), 0x9e3779b1) >>> 8) & (PLACES - 1);
}
