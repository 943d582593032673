import { isIPv6 } from 'node:net';
import type { ErrorCode } from '../../contract/error-codes.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';

export interface RefusalLimits {
  /** Refusals from one address at once, and then one more each `perAddressMs`. */
  readonly perAddress: number;
  readonly perAddressMs: number;
  /** The same over all addresses together. */
  readonly overall: number;
  readonly overallMs: number;
}

/**
 * Ten wrong tries are more than a person at a terminal needs. Overall, the bound is what keeps a crowd of guessers off the database, no
 * more than that: 32 random bytes aren't guessed at any rate, and servers with a good token must get in meanwhile.
 */
export const ENROLMENT_LIMITS: RefusalLimits = { perAddress: 10, perAddressMs: 6_000, overall: 500, overallMs: 20 };

/** What somebody is told who has to wait. */
export interface RefusalWords {
  readonly code: ErrorCode;
  readonly message: string;
}

const ENROLMENT_WORDS: RefusalWords = {
  code: 'NSV_TOKEN_TRIES',
  message: 'too many enrolments were refused; try again later',
};

/** Addresses that are remembered; past it the one that was refused longest ago is forgotten. Some 2 MB. */
const ADDRESSES_MAX = 10_000;

/**
 * Counts refusals, not calls: five hundred servers behind one address join with good tokens at once, while somebody who tries
 * wrong ones is soon answered without the database being asked. Buckets that refill with time, per address and overall.
 */
export class RefusalLimit {
  readonly #clock: Clock;
  readonly #limits: RefusalLimits;
  readonly #words: RefusalWords;
  readonly #addresses = new Map<string, Bucket>();
  #overall: Bucket = { spent: 0, at: 0 };

  constructor(clock: Clock, limits: RefusalLimits = ENROLMENT_LIMITS, words: RefusalWords = ENROLMENT_WORDS) {
    this.#clock = clock;
    this.#limits = limits;
    this.#words = words;
  }

  /** @throws NervesysError `NSV_TOKEN_TRIES`, or what its words say, with `retryAfterMs` while there were too many refusals. */
  check(address: string): void {
    const now = this.#clock.monotonic();
    const { perAddress, perAddressMs, overall, overallMs } = this.#limits;
    const own = this.#addresses.get(network(address));
    const waitMs = Math.max(
      own === undefined ? 0 : untilRoom(own, now, perAddress, perAddressMs),
      untilRoom(this.#overall, now, overall, overallMs),
    );
    if (waitMs <= 0) return;
    throw new NervesysError(this.#words.code, this.#words.message, {
      retryable: true,
      facts: { retryAfterMs: Math.ceil(waitMs) },
    });
  }

  refused(address: string): void {
    const now = this.#clock.monotonic();
    const { perAddressMs, overallMs } = this.#limits;
    const name = network(address);
    const own = spend(this.#addresses.get(name), now, perAddressMs);
    this.#addresses.delete(name); // put back at the end: the first is always the one refused longest ago
    this.#addresses.set(name, own);
    if (this.#addresses.size > ADDRESSES_MAX) this.#addresses.delete(this.#addresses.keys().next().value!);
    this.#overall = spend(this.#overall, now, overallMs);
  }
}

interface Bucket {
  /** Refusals that haven't been forgiven by `at`. */
  readonly spent: number;
  readonly at: number;
}

function spend(bucket: Bucket | undefined, now: number, refillMs: number): Bucket {
  return { spent: (bucket === undefined ? 0 : left(bucket, now, refillMs)) + 1, at: now };
}

function left({ spent, at }: Bucket, now: number, refillMs: number): number {
  return Math.max(0, spent - (now - at) / refillMs);
}

/** How long until one more may be refused, ms. */
function untilRoom(bucket: Bucket, now: number, most: number, refillMs: number): number {
  return (left(bucket, now, refillMs) - most + 1) * refillMs;
}

/** One host has a whole /64 of IPv6 addresses to call from. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array.from({ length: 8 - first.length - last.length }, () => '0') : [];
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
