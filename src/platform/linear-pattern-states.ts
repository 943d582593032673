import type { Instruction } from './linear-pattern-parser.ts';

/**
 * Where a text stands in a pattern: which places of the program are alive, what the character before it was, and, as far as they were needed
 * yet, the states that follow, by the class of the next character.
 */
interface State {
  readonly places: readonly number[];
  readonly before: 'begin' | 'word' | 'other';
  readonly next: (State | undefined)[];
}

/** States that follow one another are found once and then looked up; a text that needs more new ones than this is for the machine itself. */
const FOUND_MAX = 500;
/** So many places and following states all states of a pattern may name together, some 300 kB; then they are found anew. */
const ENTRIES_MAX = 32_768;
const LOW_UNITS = 256;

/**
 * Tells whether a program matches anywhere in a text, in one look-up a character instead of a step for each alternative that is alive (a
 * lazy automaton of sets of places). Where it matches, it doesn't know.
 */
export class PatternStates {
  readonly #program: readonly Instruction[];
  readonly #looksAtWords: boolean;
  /** Where classes of characters begin that no instruction tells apart; the last class is the text's end. */
  readonly #begins: readonly number[];
  readonly #lowClasses: Uint16Array;
  readonly #marks: Uint32Array;
  #generation = 0;
  #known = new Map<string, State>();
  #entries = 0;
  #start: State;
  /** All that follows where a match ends. */
  readonly #matched: State = { places: [], before: 'other', next: [] };

  constructor(program: readonly Instruction[]) {
    this.#program = program;
    this.#looksAtWords = program.some((one) => one.type === 'assert' && isOfWords(one.what));
    this.#begins = classBegins(program, this.#looksAtWords);
    this.#lowClasses = Uint16Array.from({ length: LOW_UNITS }, (_, unit) => this.#search(unit));
    this.#marks = new Uint32Array(program.length);
    this.#start = { places: [], before: 'begin', next: [] };
  }

  /** `undefined`: that would take too many states. */
  isIn(text: string): boolean | undefined {
    let state = this.#start;
    let found = 0;
    for (let at = 0; at <= text.length; at++) {
      const unit = at === text.length ? -1 : text.charCodeAt(at);
      const unitClass =
        unit === -1 ? this.#begins.length : unit < LOW_UNITS ? this.#lowClasses[unit]! : this.#search(unit);
      let next = state.next[unitClass];
      if (next === undefined) {
        if (++found > FOUND_MAX) return undefined;
        next = this.#find(state, unit === -1 ? -1 : this.#begins[unitClass]!);
        state.next[unitClass] = next;
      }
      if (next === this.#matched) return true;
      state = next;
    }
    return false;
  }

  /** What follows a state with this character (-1: the end), or any of its class; a match may begin at each place. */
  #find({ places, before }: State, unit: number): State {
    const follows: number[] = [];
    this.#generation++;
    const pending = [0, ...places];
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (this.#marks[place] === this.#generation) continue;
      this.#marks[place] = this.#generation;
      const instruction = this.#program[place]!;
      if (instruction.type === 'match') return this.#matched;
      if (instruction.type === 'split') pending.push(instruction.first, instruction.second);
      else if (instruction.type === 'jump') pending.push(instruction.to);
      else if (instruction.type === 'assert') {
        if (holds(instruction.what, before, unit)) pending.push(place + 1);
      } else if (unit !== -1 && isWithin(instruction.ranges, unit)) follows.push(place + 1);
    }
    return this.#stateOf(follows, this.#looksAtWords && isWordUnit(unit) ? 'word' : 'other');
  }

  #stateOf(follows: number[], before: State['before']): State {
    const places = follows.sort((a, b) => a - b);
    const key = `${before} ${places.join(' ')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#entries += 2 * places.length + this.#begins.length + 1; // the places are in its key, too
    if (this.#entries > ENTRIES_MAX) {
      this.#known = new Map();
      this.#entries = 0;
      this.#start = { places: [], before: 'begin', next: [] };
    }
    const state: State = { places, before, next: [] };
    this.#known.set(key, state);
    return state;
  }

  /** The class of a character. */
  #search(unit: number): number {
    let low = 0;
    let high = this.#begins.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#begins[middle]! <= unit) low = middle;
      else high = middle;
    }
    return low;
  }
}

type Assertion = (Instruction & { readonly type: 'assert' })['what'];

function isOfWords(what: Assertion): boolean {
  return what === 'word' || what === 'no-word';
}

function holds(what: Assertion, before: State['before'], unit: number): boolean {
  if (what === 'begin') return before === 'begin';
  if (what === 'end') return unit === -1;
  return ((before === 'word') !== isWordUnit(unit)) === (what === 'word');
}

/** A letter, a digit or `_` of ASCII. */
export function isWordUnit(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122) || unit === 95;
}

/** Ranges are pairs `from, to`, sorted. */
export function isWithin(ranges: readonly number[], unit: number): boolean {
  for (let index = 0; index < ranges.length; index += 2) {
    if (unit < ranges[index]!) return false;
    if (unit <= ranges[index + 1]!) return true;
  }
  return false;
}

function classBegins(program: readonly Instruction[], looksAtWords: boolean): readonly number[] {
  const begins = new Set([0, ...(looksAtWords ? [48, 58, 65, 91, 95, 96, 97, 123] : [])]);
  for (const instruction of program) {
    if (instruction.type !== 'unit') continue;
    const { ranges } = instruction;
    for (let index = 0; index < ranges.length; index += 2) begins.add(ranges[index]!).add(ranges[index + 1]! + 1);
  }
  return [...begins].sort((a, b) => a - b);
}
