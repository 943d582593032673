/**
 * Finds a few dozen short words in a text in one pass that looks at every other pair of characters: what a line without any
 * secret costs, a fifth of a microsecond. Of each word one place is chosen whose two overlapping pairs are rare in logs; whichever
 * parity the word stands at, one of the two is looked at. A table of 128 × 128 tells at once that a pair belongs to no word.
 *
 * Words have three characters and more. Characters past 127 may look like others to the table, never to the comparison behind it; bytes are read as
 * Latin-1, so a word beyond ASCII has a second trigger, of its UTF-8 bytes.
 */
export class TriggerScanner<T extends Trigger> {
  readonly #table = new Uint8Array(PAIRS);
  /** Which bucket; apart from the table, which is small so that it stays near the processor. */
  readonly #bucketOf = new Uint16Array(PAIRS);
  readonly #buckets: Candidate<T>[][] = [[]];

  constructor(triggers: readonly T[]) {
    for (const trigger of triggers) {
      const at = rarestPlace(trigger);
      for (const offset of [at, at + 1]) {
        for (const first of forms(trigger, offset))
          for (const second of forms(trigger, offset + 1)) this.#enter(first, second, { trigger, offset });
      }
    }
  }

  /** Calls `visit` for each word found, about from left to right; it returns where to go on (at least `from`), or `STOP`. */
  scan(text: string, visit: (start: number, trigger: T) => number): void {
    const table = this.#table;
    const last = text.length - 1;
    for (let at = nextPair(table, text, 0, last); at < last; at = nextPair(table, text, at + 2, last)) {
      const bucket = this.#bucketOf[((text.charCodeAt(at) & 127) << 7) | (text.charCodeAt(at + 1) & 127)]!;
      const candidates = this.#buckets[bucket]!;
      for (let index = 0; index < candidates.length; index++) {
        const { trigger, offset } = candidates[index]!;
        const start = at - offset;
        if (start < 0 || !standsAt(text, start, trigger)) continue;
        const end = start + trigger.text.length;
        if (
          trigger.isName &&
          isPlain(trigger, text.charCodeAt(start - 1), text.charCodeAt(end), text.charCodeAt(end + 1))
        )
          continue;
        const next = visit(start, trigger);
        if (next === STOP) return;
        if (next > at + 2) {
          at = next - 2;
          break;
        }
      }
    }
  }

  /**
   * Where the first word at `from` or behind it begins that `accept` says yes to; `to` when there is none. `accept` sees some of the
   * bytes around the word, as Latin-1, which keeps ASCII as it is.
   */
  findInBytes(bytes: Uint8Array, from: number, to: number, accept: Accept<T>): number {
    const table = this.#table;
    const last = to - 1;
    for (
      let at = nextPairInBytes(table, bytes, from, last);
      at < last;
      at = nextPairInBytes(table, bytes, at + 2, last)
    ) {
      const bucket = this.#bucketOf[((bytes[at]! & 127) << 7) | (bytes[at + 1]! & 127)]!;
      const start = this.#confirm(bytes, at, from, to, this.#buckets[bucket]!, accept);
      if (start !== -1) return start;
    }
    return to;
  }

  #confirm(
    bytes: Uint8Array,
    at: number,
    from: number,
    to: number,
    candidates: readonly Candidate<T>[],
    accept: Accept<T>,
  ): number {
    for (let index = 0; index < candidates.length; index++) {
      const { trigger, offset } = candidates[index]!;
      const start = at - offset;
      if (start < from || !standsInBytes(bytes, start, to, trigger)) continue;
      const end = start + trigger.text.length;
      if (trigger.isName && isPlain(trigger, bytes[start - 1] ?? 0, bytes[end] ?? 0, bytes[end + 1] ?? 0)) continue;
      const before = Math.max(from, start - AROUND_BEFORE);
      const around = Buffer.from(bytes.buffer, bytes.byteOffset + before, Math.min(to, start + AROUND_BEHIND) - before);
      if (accept(around.toString('latin1'), start - before, trigger)) return start;
    }
    return -1;
  }

  #enter(first: number, second: number, candidate: Candidate<T>): void {
    const pair = ((first & 127) << 7) | (second & 127);
    if (this.#table[pair] === 0) {
      this.#table[pair] = 1;
      this.#bucketOf[pair] = this.#buckets.push([]) - 1;
    }
    const bucket = this.#buckets[this.#bucketOf[pair]!]!;
    if (!bucket.some(({ trigger, offset }) => trigger === candidate.trigger && offset === candidate.offset))
      bucket.push(candidate);
  }
}

export interface Trigger {
  /** In lower case where `ignoreCase`. */
  readonly text: string;
  readonly ignoreCase: boolean;
  /** A part of a name, of interest only where a value follows: not as a word of a sentence. */
  readonly isName?: boolean;
  /** Whose plural tells how many there are. */
  readonly isCounted?: boolean;
}

type Accept<T> = (text: string, start: number, trigger: T) => boolean;

/** What `accept` sees of the bytes before and behind a word: more than any detector looks at to make its guess. */
const AROUND_BEFORE = 96;
const AROUND_BEHIND = 640;

export const STOP = Number.POSITIVE_INFINITY;

interface Candidate<T> {
  readonly trigger: T;
  /** Where in the word the pair stands. */
  readonly offset: number;
}

/** The loops that see every text: kept apart and small, which makes them three times as fast as within their callers. */
function nextPairInBytes(table: Uint8Array, bytes: Uint8Array, from: number, last: number): number {
  for (let at = from; at < last; at += 2)
    if (table[((bytes[at]! & 127) << 7) | (bytes[at + 1]! & 127)] !== 0) return at;
  return last;
}

function nextPair(table: Uint8Array, text: string, from: number, last: number): number {
  for (let at = from; at < last; at += 2)
    if (table[((text.charCodeAt(at) & 127) << 7) | (text.charCodeAt(at + 1) & 127)] !== 0) return at;
  return last;
}

const PAIRS = 128 * 128;
/** What logs consist of, so that pairs which are frequent here are avoided. */
const TYPICAL =
  'the a task file test result agent plan step context token cache retry user request found updated function module error fixed ' +
  'checked running next previous output input schema value calling read_file on src/index.ts finished in 120ms "timestamp":"2025-01-15T08:00:00.000Z",' +
  '"level":"info","message":"completion received","duration_ms":12,"call_id":"call_","model":"claude","latency_ms":"trace":"at pkg/util/retry.go:12" ' +
  'connection to host failed after attempts session started worker processed items in seconds status response http get post ok ' +
  'starting shutdown service handling as is has was this tokens ask risk disk skip sessions ' +
  '"level":"info","agent_id":"code-048","action":"tool_call","message":"calling http_get on pkg/util/retry.go","context":{"tool":"http_get","call_id":"call_4",' +
  '"args":3695,"sess":"918b950bcf","step":1,"seq":0}} "action":"tool_result","message":"git_commit finished in 8021ms","ok":true,"level":"debug" ' +
  '"agent_id":"ops-002","action":"thought","message":"tool_call failed: ECONNRESET after 5 attempts","retry_in_ms":30797 "tool":"write_file","tool":"web_search" ' +
  '"context":{"model":"gpt","input_tokens":12,"output_tokens":8} sqlite.ts config loop.ts README.md query sql equals searching running shell command ls ' +
  '"timestamp":"2025","timestamp":"2025","timestamp":"2025","timestamp":"2025" request response retry created already error agent ' +
  'local model model model global general final total all already called calls call ';
/** Case matters here: where a word's case does, `SG` is rarer than `sg`. */
export function rarestPlace({ text, ignoreCase }: Trigger): number {
  const typical = ignoreCase ? TYPICAL.toLowerCase() : TYPICAL;
  const occurrences = (pair: string): number => typical.split(pair).length - 1;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at + 2 < text.length; at++) {
    const count = occurrences(text.slice(at, at + 2)) + occurrences(text.slice(at + 1, at + 3));
    if (count < least) [best, least] = [at, count];
  }
  return best;
}

function forms({ text, ignoreCase }: Trigger, at: number): readonly number[] {
  const character = text[at]!;
  const all = ignoreCase ? [character.toLowerCase(), character.toUpperCase()] : [character];
  return all.map((each) => each.charCodeAt(0));
}

function standsAt(text: string, start: number, { text: word, ignoreCase }: Trigger): boolean {
  if (!ignoreCase) return text.startsWith(word, start);
  if (start + word.length > text.length) return false;
  for (let index = 0; index < word.length; index++)
    if (lowered(text.charCodeAt(start + index)) !== word.charCodeAt(index)) return false;
  return true;
}

function standsInBytes(bytes: Uint8Array, start: number, to: number, { text: word, ignoreCase }: Trigger): boolean {
  if (start + word.length > to) return false;
  for (let index = 0; index < word.length; index++) {
    const byte = bytes[start + index]!;
    if ((ignoreCase ? lowered(byte) : byte) !== word.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * A word of a sentence, or a plural that counts: a space or a quote before it, a space and a letter behind it, or the end of the text. The most
 * frequent cases by far, told without looking further.
 */
function isPlain({ isCounted }: Trigger, before: number, next: number, afterNext: number): boolean {
  if (before !== SPACE && before !== QUOTE) return false;
  if (isCounted && next === S) return true;
  return next === SPACE ? lowered(afterNext) >= A : next === QUOTE && before === SPACE && afterNext === COMMA;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const A = 0x61;
const S = 0x73;
const COMMA = 0x2c;

function lowered(unit: number): number {
  return unit >= 65 && unit <= 90 ? unit + 32 : unit;
}
