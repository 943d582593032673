/** One step of a pattern's program; those without a target go on to the next one. */
export type Instruction =
  | { readonly type: 'unit'; readonly ranges: readonly number[] }
  | { readonly type: 'split'; first: number; second: number }
  | { readonly type: 'jump'; to: number }
  | { readonly type: 'assert'; readonly what: 'begin' | 'end' | 'word' | 'no-word' }
  | { readonly type: 'match' };

/** Why a pattern is refused, in words for whoever wrote it. */
export class LinearPatternError extends Error {}

/** A counted repetition is written out; these keep a program, and with it the cost of a character, small. */
const REPEAT_MAX = 256;
const PROGRAM_MAX = 2_000;
const SOURCE_LENGTH_MAX = 1_000;
const NESTING_MAX = 50;
const UNIT_MAX = 0xffff;

/** A pattern as it was read. */
export type PatternNode =
  | { readonly type: 'unit'; readonly ranges: readonly number[] }
  | { readonly type: 'assert'; readonly what: 'begin' | 'end' | 'word' | 'no-word' }
  | { readonly type: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly type: 'choice'; readonly parts: readonly PatternNode[] }
  | {
      readonly type: 'repeat';
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    };

const DIGITS = [48, 57];
const WORDS = [48, 57, 65, 90, 95, 95, 97, 122];
const SPACES = [9, 13, 32, 32, 0xa0, 0xa0, 0x2028, 0x2029];
const ESCAPED_CLASSES: Readonly<Record<string, readonly number[]>> = {
  d: DIGITS,
  D: inverse(DIGITS),
  w: WORDS,
  W: inverse(WORDS),
  s: SPACES,
  S: inverse(SPACES),
};
const ESCAPED_UNITS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11 };

/** The program of a pattern, and what it was made from. @throws LinearPatternError */
export function parseLinearPattern(source: string): { readonly program: Instruction[]; readonly node: PatternNode } {
  if (source.length > SOURCE_LENGTH_MAX)
    throw new LinearPatternError(`it is longer than ${SOURCE_LENGTH_MAX} characters`);
  const program: Instruction[] = [];
  const node = new Parser(source).parse();
  emit(node, program);
  program.push({ type: 'match' });
  return { program, node };
}

class Parser {
  readonly #source: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#ignoreCase = source.startsWith('(?i)');
    if (this.#ignoreCase) this.#at = 4;
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw this.#error('a ) without its (');
    return node;
  }

  #choice(): PatternNode {
    if (++this.#depth > NESTING_MAX) throw this.#error(`groups nested more than ${NESTING_MAX} deep`);
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? parts[0]! : { type: 'choice', parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!)) parts.push(this.#repeated());
    return { type: 'sequence', parts };
  }

  #repeated(): PatternNode {
    const part = this.#atom();
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    if (part.type === 'assert') throw this.#error('a repeated anchor');
    const node: PatternNode = { type: 'repeat', part, ...bounds, lazy: this.#take('?') };
    if (this.#bounds() !== undefined) throw this.#error('a repetition of a repetition (put the inner one in a group)');
    return node;
  }

  #bounds(): { readonly least: number; readonly most: number } | undefined {
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { least: 0, most: 1 };
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (counted === null) return undefined;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
    if (least > REPEAT_MAX || (Number.isFinite(most) && most > REPEAT_MAX))
      throw this.#error(`a repetition of more than ${REPEAT_MAX}`);
    if (most < least) throw this.#error('a repetition whose bounds are reversed');
    return { least, most };
  }

  #atom(): PatternNode {
    const character = this.#source[this.#at++]!;
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return { type: 'unit', ranges: this.#class() };
      case '.':
        return { type: 'unit', ranges: inverse([10, 10]) };
      case '^':
        return { type: 'assert', what: 'begin' };
      case '$':
        return { type: 'assert', what: 'end' };
      case '*':
      case '+':
      case '?':
        throw this.#error('a repetition of nothing');
      case '\\':
        return this.#escape();
      default:
        return this.#plain(character);
    }
  }

  /** A character as it is; one of two UTF-16 units, such as an emoji, is repeated as one. */
  #plain(character: string): PatternNode {
    const unit = (text: string): PatternNode => ({
      type: 'unit',
      ranges: this.#folded([text.charCodeAt(0), text.charCodeAt(0)]),
    });
    const pair = character + (this.#source[this.#at] ?? '');
    if (!isPair(pair)) return unit(character);
    this.#at++;
    return { type: 'sequence', parts: [unit(pair[0]!), unit(pair[1]!)] };
  }

  #group(): PatternNode {
    if (this.#take('?') && !this.#take(':'))
      throw this.#error('look-around, a named group or a flag; only (?:…), and (?i) in front, are known');
    const node = this.#choice();
    if (!this.#take(')')) throw this.#error('a ( without its )');
    return node;
  }

  #escape(): PatternNode {
    const character = this.#source[this.#at];
    if (character === 'b' || character === 'B') {
      this.#at++;
      return { type: 'assert', what: character === 'b' ? 'word' : 'no-word' };
    }
    return { type: 'unit', ranges: this.#escapedRanges() };
  }

  #escapedRanges(): readonly number[] {
    const character = this.#source[this.#at++];
    if (character === undefined) throw this.#error('a \\ at the end');
    const ranges = ESCAPED_CLASSES[character];
    if (ranges !== undefined) return ranges;
    const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(this.#source.slice(this.#at - 1, this.#at + 4));
    if (hex !== null) {
      this.#at += hex[0].length - 1;
      const unit = Number.parseInt((hex[1] ?? hex[2])!, 16);
      return this.#folded([unit, unit]);
    }
    const unit = ESCAPED_UNITS[character] ?? (/[A-Za-z0-9]/.test(character) ? undefined : character.charCodeAt(0));
    if (unit === undefined) throw this.#error(`\\${character}: a back-reference, or an escape that is not known`);
    return [unit, unit];
  }

  #class(): readonly number[] {
    const negated = this.#take('^');
    const ranges: number[] = [];
    for (let first = true; ; first = false) {
      const character = this.#source[this.#at];
      if (character === undefined) throw this.#error('a [ without its ]');
      if (character === ']' && !first) break;
      const from = this.#classItem();
      if (
        from.length === 2 &&
        from[0] === from[1] &&
        this.#source[this.#at] === '-' &&
        this.#source[this.#at + 1] !== ']'
      ) {
        this.#at++;
        const to = this.#classItem();
        if (to.length !== 2 || to[0] !== to[1] || to[0]! < from[0]!)
          throw this.#error('a range whose ends are reversed');
        ranges.push(from[0]!, to[0]!);
      } else ranges.push(...from);
    }
    this.#at++;
    const all = this.#folded(ranges);
    return negated ? inverse(all) : all;
  }

  #classItem(): readonly number[] {
    const character = this.#source[this.#at++];
    if (character === undefined) throw this.#error('a [ without its ]');
    if (character === '\\') return this.#escapedRanges();
    if (isPair(character + (this.#source[this.#at] ?? '')))
      throw this.#error('a character of two units, such as an emoji, in [ ]; write them as (?:…|…)');
    if (character === '[' && this.#source[this.#at] === ':') throw this.#error('[: classes; write them out');
    return [character.charCodeAt(0), character.charCodeAt(0)];
  }

  #folded(ranges: readonly number[]): readonly number[] {
    if (!this.#ignoreCase) return normalised(ranges);
    return normalised([...ranges, ...otherCases(ranges)]);
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #error(what: string): LinearPatternError {
    return new LinearPatternError(`it has ${what}, near character ${Math.min(this.#at, this.#source.length)}`);
  }
}

function isPair(text: string): boolean {
  return text.length === 2 && text.codePointAt(0)! > UNIT_MAX;
}

/** Ranges of what differs from something in `ranges` by case only. Units are the same where their capitals are, as for JavaScript's own `i`. */
function otherCases(ranges: readonly number[]): number[] {
  const others: number[] = [];
  let isAscii = true;
  for (let index = 0; index < ranges.length; index += 2) {
    isAscii &&= ranges[index + 1]! < 128;
    for (const [low, high, shift] of ASCII_CASES) {
      const from = Math.max(ranges[index]!, low);
      const to = Math.min(ranges[index + 1]!, high);
      if (from <= to) others.push(from + shift, to + shift);
    }
  }
  if (isAscii) return others; // by far most patterns
  for (const units of unitsByCapital()) {
    const isMet = units.some((unit) =>
      ranges.some((from, at) => at % 2 === 0 && unit >= from && unit <= ranges[at + 1]!),
    );
    if (isMet) for (const unit of units) others.push(unit, unit);
  }
  return others;
}

const ASCII_CASES = [
  [65, 90, 32],
  [97, 122, -32],
] as const;

let byCapital: readonly (readonly number[])[] | undefined;

/** Units beyond ASCII that have the same capital, where there are several. Made at the first pattern that needs it. */
function unitsByCapital(): readonly (readonly number[])[] {
  if (byCapital !== undefined) return byCapital;
  const units = new Map<string, number[]>();
  for (let unit = 128; unit <= UNIT_MAX; unit++) {
    const character = String.fromCharCode(unit);
    const capital = character.toUpperCase();
    if (capital.length !== 1 || capital.charCodeAt(0) < 128) continue;
    const same = units.get(capital);
    if (same === undefined) units.set(capital, [unit]);
    else same.push(unit);
  }
  byCapital = [...units.values()].filter(({ length }) => length > 1);
  return byCapital;
}

function emit(node: PatternNode, program: Instruction[]): void {
  if (program.length > PROGRAM_MAX) throw new LinearPatternError('its repetitions multiply to too much');
  switch (node.type) {
    case 'unit':
    case 'assert':
      program.push(node);
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(node.parts, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
      return;
    default:
      node satisfies never;
  }
}

function emitChoice(parts: readonly PatternNode[], program: Instruction[]): void {
  const ends: { to: number }[] = [];
  for (const part of parts.slice(0, -1)) {
    const split = { type: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    emit(part, program);
    const jump = { type: 'jump' as const, to: 0 };
    program.push(jump);
    ends.push(jump);
    split.second = program.length;
  }
  emit(parts.at(-1)!, program);
  for (const end of ends) end.to = program.length;
}

function emitRepeat(node: PatternNode & { readonly type: 'repeat' }, program: Instruction[]): void {
  const { part, least, most, lazy } = node;
  for (let count = 0; count < least; count++) emit(part, program);
  const optional = (): (() => void) => {
    const split = { type: 'split' as const, first: 0, second: 0 };
    const inside = program.push(split);
    return () => {
      [split.first, split.second] = lazy ? [program.length, inside] : [inside, program.length];
    };
  };
  if (!Number.isFinite(most)) {
    const begin = program.length;
    const close = optional();
    emit(part, program);
    program.push({ type: 'jump', to: begin });
    close();
    return;
  }
  const closers: (() => void)[] = [];
  for (let count = least; count < most; count++) {
    closers.push(optional());
    emit(part, program);
  }
  for (const close of closers) close();
}

function normalised(ranges: readonly number[]): readonly number[] {
  const pairs: [number, number][] = [];
  for (let index = 0; index < ranges.length; index += 2) pairs.push([ranges[index]!, ranges[index + 1]!]);
  pairs.sort(([a], [b]) => a - b);
  const merged: number[] = [];
  for (const [from, to] of pairs) {
    if (merged.length > 0 && from <= merged.at(-1)! + 1) merged[merged.length - 1] = Math.max(merged.at(-1)!, to);
    else merged.push(from, to);
  }
  return merged;
}

function inverse(ranges: readonly number[]): readonly number[] {
  const all = normalised(ranges);
  const rest: number[] = [];
  let next = 0;
  for (let index = 0; index < all.length; index += 2) {
    if (all[index]! > next) rest.push(next, all[index]! - 1);
    next = all[index + 1]! + 1;
  }
  if (next <= UNIT_MAX) rest.push(next, UNIT_MAX);
  return rest;
}
