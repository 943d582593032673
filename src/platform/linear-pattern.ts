import { type RequiredTexts, requiredTexts } from './linear-pattern-literals.ts';
import { type Instruction, LinearPatternError, parseLinearPattern } from './linear-pattern-parser.ts';
import { isWithin, isWordUnit, PatternStates } from './linear-pattern-states.ts';

/** Where something was found: `end` is exclusive, both in UTF-16 units. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

export { LinearPatternError };

/**
 * A regular expression whose matching takes time linear in the text, whatever the pattern and whatever the text. V8's own engine
 * backtracks: `(a+)+$` on 30 letters takes seconds, and a pattern comes from a configuration file, the text from anywhere.
 *
 * Whether it is found at all is mostly told by `PatternStates`, one look-up a character. Where it is found, and what takes too many states, is
 * for a machine that follows all alternatives side by side (Pike's), so a text costs at most its length times the size of the program; a
 * budget of `STEPS_PER_UNIT` steps a character bounds that once more. The syntax is that of RE2 without its rarities: literals, `.`, classes, `\d \w \s
 * \b` and their opposites, groups, `|`, `* + ? {m,n}` and their lazy forms, `^ $` (of the whole text), `(?i)` in front. Look-around and
 * back-references, which can't be linear, are refused.
 */
export class LinearPattern {
  /** Where a text lacks all of these there is nothing to find; absent: it has to be looked at. */
  readonly required: RequiredTexts | undefined;
  readonly #program: readonly Instruction[];
  /** Absent: it may match between two characters, as `\b` does, so no place is passed over. */
  readonly #first: ((unit: number) => boolean) | undefined;
  readonly #scratch: readonly [ThreadList, ThreadList];
  #states: PatternStates | undefined;
  #stepsLeft = 0;

  /** @throws LinearPatternError saying what is refused, and where. */
  constructor(source: string) {
    const { program, node } = parseLinearPattern(source);
    this.#program = program;
    this.required = requiredTexts(node);
    this.#scratch = [new ThreadList(this.#program.length), new ThreadList(this.#program.length)];
    this.#first = firstUnits(this.#program);
    const empty = this.#findFrom('', 0);
    if (empty !== undefined) throw new LinearPatternError('it matches the empty text, so it would match everywhere');
  }

  /** Whether it is found in the text. Where the budget is used up it counts as not found. */
  isIn(text: string): boolean {
    const known = this.#isKnownIn(text);
    if (known !== undefined) return known;
    this.#stepsLeft = Math.min(STEPS_LEAST + text.length * STEPS_PER_UNIT, STEPS_ASKED_MAX);
    return this.#findFrom(text, 0) !== undefined;
  }

  /** Non-overlapping matches, leftmost first. `exhausted`: the budget was used up there; nothing behind it was looked at. */
  findAll(text: string): { readonly found: readonly Found[]; readonly exhausted: number | undefined } {
    const found: Found[] = [];
    if (this.#isKnownIn(text) === false) return { found, exhausted: undefined };
    this.#stepsLeft = STEPS_LEAST + text.length * STEPS_PER_UNIT;
    for (let from = 0; from < text.length; ) {
      const one = this.#findFrom(text, from);
      if (this.#stepsLeft < 0) return { found, exhausted: from };
      if (one === undefined) break;
      if (one.end > one.start) found.push(one);
      from = Math.max(one.end, one.start + 1);
    }
    return { found, exhausted: undefined };
  }

  /** Whether it is found, as far as that can be told without the machine: most texts have nothing, and few patterns need it to know. */
  #isKnownIn(text: string): boolean | undefined {
    if (this.required !== undefined) {
      const searched = this.required.lowerCase ? text.toLowerCase() : text;
      if (!this.required.texts.some((one) => searched.includes(one))) return false;
    }
    this.#states ??= new PatternStates(this.#program);
    return this.#states.isIn(text);
  }

  /** The leftmost match at `from` or behind it; among those that begin there, the one a backtracking engine would take. */
  #findFrom(text: string, from: number): Found | undefined {
    let [current, next] = this.#scratch;
    current.clear();
    let start = -1;
    let end = -1;
    for (let at = from; at <= text.length; at++) {
      if (current.size === 0) {
        if (start !== -1) break;
        if (this.#first !== undefined) {
          while (at < text.length && !this.#first(text.charCodeAt(at))) at++;
          if (at === text.length && at > from) break;
        }
      }
      if (start === -1) this.#add(current, 0, at, text, at);
      const unit = at < text.length ? text.charCodeAt(at) : -1;
      next.clear();
      for (let index = 0; index < current.size; index++) {
        const instruction = this.#program[current.at(index)]!;
        if (instruction.type === 'match') {
          start = current.startOf(index);
          end = at;
          break; // what follows has lower priority
        }
        if (instruction.type === 'unit' && unit !== -1 && isWithin(instruction.ranges, unit))
          this.#add(next, current.at(index) + 1, current.startOf(index), text, at + 1);
      }
      this.#stepsLeft -= current.size + 1;
      if (this.#stepsLeft < 0 && text !== '') return undefined;
      [current, next] = [next, current];
    }
    return start === -1 ? undefined : { start, end };
  }

  /** Follows everything that takes no character, in order of priority. */
  #add(list: ThreadList, program: number, start: number, text: string, at: number): void {
    const pending = [program];
    for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
      if (list.has(top)) continue;
      list.mark(top);
      this.#stepsLeft--;
      const instruction = this.#program[top]!;
      if (instruction.type === 'split') pending.push(instruction.second, instruction.first);
      else if (instruction.type === 'jump') pending.push(instruction.to);
      else if (instruction.type === 'assert') {
        if (holds(instruction.what, text, at)) pending.push(top + 1);
      } else list.push(top, start);
    }
  }
}

/** Enough for any sensible pattern (a handful of alternatives alive at a time); what goes past it is an attack, or a mistake. */
const STEPS_PER_UNIT = 64;
/** Where it only matters whether it is found, and that takes too many states: many rules may ask that of a record. Some 30 ms. */
const STEPS_ASKED_MAX = 1_000_000;
const STEPS_LEAST = 10_000;

/** Threads in order of priority, each program place once. */
class ThreadList {
  readonly #places: Int32Array;
  readonly #starts: Int32Array;
  readonly #marks: Int32Array;
  #generation = 1;
  size = 0;

  constructor(places: number) {
    this.#places = new Int32Array(places);
    this.#starts = new Int32Array(places);
    this.#marks = new Int32Array(places);
  }

  clear(): void {
    this.size = 0;
    this.#generation++;
    if (this.#generation > 0x7fffff00) {
      this.#marks.fill(0);
      this.#generation = 1;
    }
  }

  has(place: number): boolean {
    return this.#marks[place] === this.#generation;
  }

  mark(place: number): void {
    this.#marks[place] = this.#generation;
  }

  push(place: number, start: number): void {
    this.#places[this.size] = place;
    this.#starts[this.size++] = start;
  }

  at(index: number): number {
    return this.#places[index]!;
  }

  startOf(index: number): number {
    return this.#starts[index]!;
  }
}

function holds(what: 'begin' | 'end' | 'word' | 'no-word', text: string, at: number): boolean {
  if (what === 'begin') return at === 0;
  if (what === 'end') return at === text.length;
  const before = at > 0 && isWordUnit(text.charCodeAt(at - 1));
  const behind = at < text.length && isWordUnit(text.charCodeAt(at));
  return (before !== behind) === (what === 'word');
}

/** Which characters a match can begin with, so that all others are passed over at once; `undefined`: it may have none. */
function firstUnits(program: readonly Instruction[]): ((unit: number) => boolean) | undefined {
  const ranges: (readonly number[])[] = [];
  const seen = new Set<number>();
  const pending = [0];
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    if (seen.has(top)) continue;
    seen.add(top);
    const instruction = program[top]!;
    if (instruction.type === 'split') pending.push(instruction.first, instruction.second);
    else if (instruction.type === 'jump') pending.push(instruction.to);
    else if (instruction.type === 'assert') pending.push(top + 1);
    else if (instruction.type === 'unit') ranges.push(instruction.ranges);
    else if (instruction.type === 'match') return undefined;
  }
  const low = Uint8Array.from({ length: 256 }, (_, unit) => (ranges.some((each) => isWithin(each, unit)) ? 1 : 0));
  return (unit) => (unit < 256 ? low[unit] === 1 : ranges.some((each) => isWithin(each, unit)));
}
