import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { NervesysError } from '../../platform/errors.ts';

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * scrypt at 32 MB: as hard to guess as N = 2^17, p = 1 (OWASP's table), for a quarter of the memory. Measured: 150 ms, and 250 ms
 * for the other. Stored passwords carry their own numbers, so these may be raised.
 */
const COST: ScryptCost = { N: 2 ** 15, r: 8, p: 3 };
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Computations that wait for their turn; past it the answer is 429. With one at a time, the last of them waits 1.5 s. */
const WAITING_MAX = 8;

const CHARACTERS_MIN = 12;
const CHARACTERS_MAX = 200;

/**
 * Makes and checks stored passwords, one computation at a time: however many knock, one thread and 32 MB are spent on them.
 */
export class Passwords {
  readonly #cost: ScryptCost;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(cost: ScryptCost = COST) {
    this.#cost = cost;
  }

  /** What is stored of a password. Rejects with `NSV_PASSWORD_WEAK` or `NSV_SIGN_IN_BUSY`. */
  async store(password: string, name: string): Promise<string> {
    checkStrength(password, name);
    const salt = randomBytes(SALT_BYTES);
    const key = await this.#inTurn(() => derive(password, salt, this.#cost));
    const { N, r, p } = this.#cost;
    return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join(':');
  }

  /** Whether it is the password. Where nothing is stored (no such person) it takes as long, so that the time tells nothing. */
  async matches(password: string, stored: string | null): Promise<boolean> {
    return (await this.matching(password, async () => stored)) !== undefined;
  }

  /**
   * What is stored, where this is the password of it; else `undefined`. It is looked up in its turn: whoever is turned away, or waits, costs no query.
   * Takes its place before it returns.
   */
  async matching(password: string, lookUp: () => Promise<string | null>): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const stored = await lookUp();
      const parsed = stored === null ? undefined : parse(stored);
      const { salt, key, cost } = parsed ?? { ...NOBODY, cost: this.#cost };
      const isRight = timingSafeEqual(await derive(password, salt, cost), key) && parsed !== undefined;
      return isRight ? stored! : undefined;
    });
  }

  /** Throws `NSV_SIGN_IN_BUSY` where the next computation would be refused. */
  refuseWhileBusy(): void {
    if (this.#waiting >= WAITING_MAX) {
      throw new NervesysError('NSV_SIGN_IN_BUSY', 'many others are signing in at this moment', { retryable: true });
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.refuseWhileBusy();
    this.#waiting++;
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }
}

interface Stored {
  readonly salt: Buffer;
  readonly key: Buffer;
  readonly cost: ScryptCost;
}

const NOBODY = { salt: Buffer.alloc(SALT_BYTES), key: Buffer.alloc(KEY_BYTES) };

function parse(stored: string): Stored | undefined {
  const match = /^scrypt:(\d{1,8}):(\d{1,2}):(\d{1,2}):([\w-]{22}):([\w-]{43})$/.exec(stored);
  if (match === null) return undefined;
  const [N, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
  return {
    salt: Buffer.from(match[4] as string, 'base64url'),
    key: Buffer.from(match[5] as string, 'base64url'),
    cost: { N, r, p },
  };
}

function derive(password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC: one password, whichever keyboard composed its accents.
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: MEMORY_BYTES_MAX }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** Length is what counts; rules about digits and signs make people write passwords down. */
function checkStrength(password: string, name: string): void {
  const characters = [...password.normalize('NFKC')];
  const complaint =
    characters.length < CHARACTERS_MIN
      ? `is shorter than ${CHARACTERS_MIN} characters`
      : characters.length > CHARACTERS_MAX
        ? `is longer than ${CHARACTERS_MAX} characters`
        : new Set(characters).size < 5
          ? 'repeats the same few characters'
          : password.toLowerCase().replaceAll(name.toLowerCase(), '').length < CHARACTERS_MIN / 2
            ? 'is little more than the name'
            : undefined;
  if (complaint !== undefined) throw new NervesysError('NSV_PASSWORD_WEAK', `the password ${complaint}`);
}
