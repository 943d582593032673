import type { Clock } from '../../platform/clock.ts';
import type { Database } from '../database/database.ts';
import { type Found, findKeys } from '../database/queries/find-principal.ts';

/** Far more than requests arrive while a statement runs. */
const KEYS_MAX = 500;
/** Statements at a time. */
const STATEMENTS_MAX = 2;

interface Asked {
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Looks keys up in Postgres, those that are asked for together in one statement: in a large fleet each heartbeat comes with a key that nobody
 * has shown for a minute, and a statement for each would cost more than the beat.
 */
export class KeyLookup {
  readonly #database: Database;
  readonly #clock: Clock;
  #asked = new Map<string, Asked[]>();
  #isDue = false;
  #running = 0;

  constructor(options: { readonly database: Database; readonly clock: Clock }) {
    this.#database = options.database;
    this.#clock = options.clock;
  }

  /** Whose key has this hash, as it stands after the call. */
  find(sha256: string): Promise<Found> {
    return new Promise((resolve, reject) => {
      const asked = this.#asked.get(sha256);
      if (asked === undefined) this.#asked.set(sha256, [{ resolve, reject }]);
      else asked.push({ resolve, reject });
      this.#lookSoon();
    });
  }

  #lookSoon(): void {
    if (this.#isDue || this.#running >= STATEMENTS_MAX || this.#asked.size === 0) return;
    this.#isDue = true;
    setImmediate(() => this.#look());
  }

  #look(): void {
    this.#isDue = false;
    const some = [...this.#asked].slice(0, KEYS_MAX);
    for (const [sha256] of some) this.#asked.delete(sha256);
    this.#running++;
    void this.#lookSome(some).finally(() => {
      this.#running--;
      this.#lookSoon();
    });
    this.#lookSoon();
  }

  /** Never rejects: each that asked learns the outcome. */
  async #lookSome(asked: readonly (readonly [sha256: string, asked: readonly Asked[]])[]): Promise<void> {
    try {
      const sha256s = asked.map(([sha256]) => sha256);
      const found = await findKeys(this.#database, sha256s, new Date(this.#clock.now()));
      for (const [sha256, waiting] of asked)
        for (const { resolve } of waiting) resolve(found.get(sha256) ?? { type: 'unknown' });
    } catch (error) {
      for (const [, waiting] of asked) for (const { reject } of waiting) reject(error);
    }
  }
}
