/** Tokens beyond are left out: what a statement says stands at its beginning. */
export const TOKENS_MAX = 96;
/** Tokens of the longest list item that is known again. */
const PERIOD_MAX = 6;

export const KIND = { word: 0, variable: 1, delimiter: 2, dateWord: 3 } as const;

/**
 * The tokens of one text at a time, in arrays of its own, so that a text that was seen before costs no allocation. A token is a piece of the
 * text, or a variable that stands for one.
 */
export class TokenRow {
  /** Of the masked text; together 64 bits. */
  keyHigh = 0;
  keyLow = 0;
  text = '';
  count = 0;
  readonly kinds: Uint8Array = new Uint8Array(TOKENS_MAX);
  /** 1 where white space stands before the token. */
  readonly spaced: Uint8Array = new Uint8Array(TOKENS_MAX);
  /** In the text; both 0 for a value that is empty. */
  readonly starts: Int32Array = new Int32Array(TOKENS_MAX);
  readonly ends: Int32Array = new Int32Array(TOKENS_MAX);
  readonly hashes: Int32Array = new Int32Array(TOKENS_MAX);

  /** The tokens as text, each with the space before it, if any. */
  tokens(): string[] {
    const tokens: string[] = [];
    for (let index = 0; index < this.count; index++) {
      const isVariable = this.kinds[index] === KIND.variable;
      const text = isVariable ? '<*>' : this.text.slice(this.starts[index], this.ends[index]);
      tokens.push(this.spaced[index] === 1 && index > 0 ? ` ${text}` : text);
    }
    return tokens;
  }

  /** What there is no room for is left out. */
  push(kind: number, start: number, end: number, hash: number, spaced: number): void {
    const index = this.count;
    if (index >= TOKENS_MAX) return;
    this.kinds[index] = kind;
    this.starts[index] = start;
    this.ends[index] = end;
    this.hashes[index] = hash;
    this.spaced[index] = spaced;
    this.count = index + 1;
  }

  isDelimiter(index: number, code: number): boolean {
    return (
      index >= 0 && this.kinds[index] === KIND.delimiter && this.text.charCodeAt(this.starts[index] as number) === code
    );
  }

  /** `a <*>, a <*>, a <*>` is a list of any length: one is kept. */
  collapseLists(): void {
    for (let period = 2; period <= PERIOD_MAX; period++) if (this.#hasPeriod(period)) this.#collapse(period);
  }

  /** Whether two variables stand so far apart, and the tokens before them are alike: the cheap question first. */
  #hasPeriod(period: number): boolean {
    for (let index = period; index < this.count; index++) {
      if (this.kinds[index] !== KIND.variable || this.kinds[index - period] !== KIND.variable) continue;
      const isFirst = index === period;
      if (isFirst || this.#equals(index - 1, index - 1 - period)) return true;
    }
    return false;
  }

  #collapse(period: number): void {
    let [run, kept] = [0, 0];
    let hasVariable = false;
    for (let index = 0; index < this.count; index++) {
      this.#move(index, kept);
      if (kept >= period && this.#equals(kept, kept - period)) {
        run++;
        hasVariable = hasVariable || this.kinds[kept] === KIND.variable;
      } else [run, hasVariable] = [0, false];
      kept++;
      if (run === period) {
        if (hasVariable) kept -= period;
        [run, hasVariable] = [0, false];
      }
    }
    // The last item has no `,` after it.
    const separator = kept - period;
    if (run === period - 1 && hasVariable && this.kinds[separator] === KIND.delimiter) kept = separator;
    this.count = kept;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.kinds[to] = this.kinds[from] as number;
    this.spaced[to] = this.spaced[from] as number;
    this.starts[to] = this.starts[from] as number;
    this.ends[to] = this.ends[from] as number;
    this.hashes[to] = this.hashes[from] as number;
  }

  #equals(one: number, other: number): boolean {
    return (
      this.kinds[one] === this.kinds[other] &&
      this.spaced[one] === this.spaced[other] &&
      (this.kinds[one] === KIND.variable || this.hashes[one] === this.hashes[other])
    );
  }

  /** Sets the key from the tokens. */
  makeKey(): void {
    let [high, low] = [0x243f6a88, 0x13198a2e];
    for (let index = 0; index < this.count; index++) {
      const isVariable = this.kinds[index] === KIND.variable;
      const hash =
        (isVariable ? 0x5bd1e995 : (this.hashes[index] as number)) + (index === 0 ? 0 : (this.spaced[index] as number));
      high = Math.imul(high ^ hash, 0x85ebca6b);
      high ^= high >>> 15;
      low = Math.imul(low + hash, 0xc2b2ae35);
      low ^= low >>> 13;
    }
    this.keyHigh = high;
    this.keyLow = low;
  }
}
