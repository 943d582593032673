import { hash } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import { type KeyDigest, type KeyEntry, KeyTable } from './key-table.ts';
import type { BufferStore } from './store.ts';
import type { AppendOptions } from './types.ts';

/** An `Idempotency-Key` is remembered this long. */
export const IDEMPOTENCY_MS = 600_000;
/**
 * Of the limit this part is for keys: 620,000 with short answers by default, a thousand a second for ten minutes. Beyond it new keys are
 * refused until old ones leave: to forget them early would count a request twice that was promised to count once.
 */
const HELD_PART_MAX = 0.22;
/** What a key takes in the file beside its answer: 20 bytes in base64, and its share of a row of a few keys. */
const KEY_BYTES = 33;
/** Rows that leave the file at once, each second; more than can come in that time in the long run. */
const DELETED_ROWS_MAX = 2_000;
const DIGEST_BYTES = 16;
const MARKED_DIGEST_BYTES = DIGEST_BYTES + 4;
/** A client asked to wait for room comes again within this, though a single key may have left by then. */
const RETRY_AFTER_SECONDS_MAX = 60;

/** A request with a key, as it is remembered. */
export interface RequestKey {
  readonly text: string;
  readonly digest: KeyDigest;
  readonly bodyMark: number;
  readonly answer: string;
}

/** Answers of one commit, each with the keys of the requests that it was given to, a digest and a body mark each, in base64. */
type AnswersRow = readonly (readonly [answer: string, keys: string | readonly string[]])[];

export function requestKeyOf({
  idempotencyKey: text,
  bodyMark = 0,
  answer = '',
}: AppendOptions): RequestKey | undefined {
  return text === undefined ? undefined : { text, digest: digestOf(text), bodyMark, answer };
}

/** The row of a commit's keys, those answered alike together: a row needs each answer once. */
export function formatAnswers(keys: readonly RequestKey[]): string {
  if (keys.length === 0) return '';
  const alike = Map.groupBy(keys, ({ answer }) => answer);
  return JSON.stringify(
    [...alike].map(([answer, group]) => {
      const bytes = Buffer.alloc(group.length * MARKED_DIGEST_BYTES);
      group.forEach(({ digest, bodyMark }, index) => {
        const at = index * MARKED_DIGEST_BYTES;
        digest.forEach((word, nth) => {
          bytes.writeUInt32LE(word, at + nth * 4);
        });
        bytes.writeUInt32LE(bodyMark, at + DIGEST_BYTES);
      });
      return [answer, bytes.toString('base64')];
    }),
  );
}

/**
 * What requests with an `Idempotency-Key` were answered in the last ten minutes. They are looked up in memory and kept in the file,
 * a row a commit, in order of time: an index by key would rewrite a page for each key, and half of itself whenever old ones
 * are deleted. A key is 128 bits of its SHA-256; beside it stand 32 bits of the body, to tell a repeat from a mistake.
 */
export class RememberedAnswers {
  readonly #store: BufferStore;
  readonly #clock: Clock;
  #bytesMax: number;
  readonly #keys = new KeyTable();
  /** Answers by number, and numbers by answer: most requests are answered alike. */
  readonly #answers = new Map<number, { readonly text: string; keys: number }>();
  readonly #numbers = new Map<string, number>();
  #nextNumber = 0;
  #bytes = 0;
  /** Rows up to this one may leave the file. */
  #forgottenRow = 0;
  #deletedRow = 0;

  /** Takes up what the file holds. */
  constructor(store: BufferStore, limitBytes: number, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#bytesMax = limitBytes * HELD_PART_MAX;
    const now = clock.now();
    for (const { id, at, body } of store.answers()) {
      const ageMs = Math.max(0, now - at); // a clock that was set back makes it as good as new
      this.remember(id, parseAnswers(body), clock.monotonic() - ageMs);
    }
  }

  /** Another limit of the buffer; what is remembered already stays its time. */
  setLimit(limitBytes: number): void {
    this.#bytesMax = limitBytes * HELD_PART_MAX;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#keys.size;
  }

  /**
   * What the first request with this key was answered; `undefined` for a new key.
   * @throws NervesysError `NSV_KEY_REUSED` when its body was another.
   */
  answerOf(key: RequestKey): string | undefined {
    const found = this.#keys.find(key.digest);
    if (found === undefined || this.#isOld(found)) return undefined;
    refuseOtherBody(key, found);
    return this.#answers.get(found.answer)!.text;
  }

  /**
   * Sees to it that there is room for keys that take so many bytes, by `heldBytes`.
   * @throws NervesysError `NSV_TOO_MANY_KEYS`
   */
  checkRoom(comingBytes: number): void {
    if (this.#bytes + comingBytes <= this.#bytesMax) return;
    this.forgetOld();
    if (this.#bytes + comingBytes <= this.#bytesMax) return;
    const oldest = this.#keys.oldest();
    const waitMs = oldest === undefined ? 0 : oldest.at + IDEMPOTENCY_MS - this.#clock.monotonic();
    throw new NervesysError(
      'NSV_TOO_MANY_KEYS',
      `${this.size} requests with an Idempotency-Key came within ten minutes, which is as many as are remembered`,
      {
        retryable: true,
        facts: { retryAfterSeconds: Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(1, Math.ceil(waitMs / 1000))) },
      },
    );
  }

  /** Remembers what was committed as `row` of the file. */
  remember(row: number, keys: readonly RequestKey[], at: number = this.#clock.monotonic()): void {
    for (const { digest, bodyMark, answer } of keys) {
      this.#keys.push(digest, { bodyMark, answer: this.#numberOf(answer), row, at });
      this.#bytes += heldBytes(answer);
    }
  }

  /** Forgets what is old. Returns whether `deleteForgotten` has something to do. */
  forgetOld(): boolean {
    for (let oldest = this.#keys.oldest(); oldest !== undefined && this.#isOld(oldest); ) {
      this.#keys.shift();
      this.#release(oldest.answer);
      const { row } = oldest;
      oldest = this.#keys.oldest();
      this.#forgottenRow = Math.max(this.#forgottenRow, oldest?.row === row ? row - 1 : row);
    }
    return this.#forgottenRow > this.#deletedRow;
  }

  /** Deletes from the file what is forgotten, a bounded part of it at once. */
  deleteForgotten(): void {
    this.#deletedRow = this.#store.deleteAnswers(this.#forgottenRow, DELETED_ROWS_MAX);
  }

  #numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      do this.#nextNumber = (this.#nextNumber + 1) >>> 0;
      while (this.#answers.has(this.#nextNumber));
      number = this.#nextNumber;
      this.#numbers.set(text, number);
      this.#answers.set(number, { text, keys: 0 });
    }
    this.#answers.get(number)!.keys++;
    return number;
  }

  #release(number: number): void {
    const answer = this.#answers.get(number)!;
    this.#bytes -= heldBytes(answer.text);
    if (--answer.keys > 0) return;
    this.#answers.delete(number);
    this.#numbers.delete(answer.text);
  }

  #isOld({ at }: KeyEntry): boolean {
    return this.#clock.monotonic() - at > IDEMPOTENCY_MS;
  }
}

/** What a key with this answer counts towards the bound. */
export function heldBytes(answer: string): number {
  return KEY_BYTES + answer.length;
}

/** @throws NervesysError `NSV_KEY_REUSED` unless both bodies are the same, as far as is known. */
export function refuseOtherBody(key: RequestKey, first: { readonly bodyMark: number }): void {
  if (first.bodyMark === 0 || key.bodyMark === 0 || first.bodyMark === key.bodyMark) return;
  throw new NervesysError(
    'NSV_KEY_REUSED',
    `Idempotency-Key "${key.text.slice(0, 80)}" came within ten minutes with another body; nothing of this one was taken`,
  );
}

function digestOf(key: string): KeyDigest {
  const bytes = hash('sha256', key, 'buffer');
  return Uint32Array.from([0, 4, 8, 12], (at) => bytes.readUInt32LE(at));
}

/** The keys of a row. One of an older version names them as they came, without their bodies. */
function parseAnswers(body: string): RequestKey[] {
  return (JSON.parse(body) as AnswersRow).flatMap(([answer, keys]) => {
    if (typeof keys !== 'string') return keys.map((text) => ({ text, digest: digestOf(text), bodyMark: 0, answer }));
    const bytes = Buffer.from(keys, 'base64');
    return Array.from({ length: bytes.length / MARKED_DIGEST_BYTES }, (_, index) => {
      const word = (nth: number) => bytes.readUInt32LE(index * MARKED_DIGEST_BYTES + nth * 4);
      return { text: '', digest: Uint32Array.from([0, 1, 2, 3], word), bodyMark: word(4), answer };
    });
  });
}
