import { isIPv6 } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';

/** So many wrong passwords in a row cost nothing but the computation: people mistype. */
const FREE_FAILURES = 5;
const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 300_000;
/** Nothing wrong for so long: forgiven. */
const FORGIVEN_MS = 3_600_000;
/** Addresses and names remembered at a time, some 2 MB; past it the one that was quiet for longest is forgotten. */
const REMEMBERED_MAX = 10_000;

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/**
 * How fast passwords may be guessed: after five wrong ones from an address, or for a name, each further one doubles the time until
 * the next is looked at, to five minutes. An address from which a name has signed in before isn't held up by what others do
 * with that name: else anybody could lock a person out. Kept in memory, by each replica for itself.
 */
export class SignInLimits {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, Failures>();
  readonly #byName = new Map<string, Failures>();
  readonly #familiar = new Map<string, true>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws `NSV_SIGN_IN_BUSY` when an attempt comes too early. */
  check(address: string, name: string): void {
    const now = this.#clock.monotonic();
    const place = network(address);
    const waitMs = Math.max(
      waitingMs(this.#byAddress.get(place), now),
      this.#familiar.has(pair(place, name)) ? 0 : waitingMs(this.#byName.get(name), now),
    );
    if (waitMs > 0) throw tooEarly(waitMs);
  }

  /**
   * Takes note of an attempt as if it had failed, so that a thousand at once don't all come before the first failure is known. Throws
   * as `check`. Only for an attempt that is looked at: others must not push out what is remembered. Tell `succeeded` when it was right.
   */
  begin(address: string, name: string): void {
    this.check(address, name);
    const now = this.#clock.monotonic();
    const place = network(address);
    remember(this.#byAddress, place, failedAgain(this.#byAddress.get(place), now));
    remember(this.#byName, name, failedAgain(this.#byName.get(name), now));
  }

  succeeded(address: string, name: string): void {
    const place = network(address);
    this.#byAddress.delete(place);
    this.#byName.delete(name);
    remember(this.#familiar, pair(place, name), true);
  }
}

function tooEarly(waitMs: number): NervesysError {
  const seconds = Math.ceil(waitMs / 1_000);
  return new NervesysError('NSV_SIGN_IN_BUSY', `too many wrong passwords: the next is looked at in ${seconds} s`, {
    retryable: true,
    facts: { retryAfterSeconds: seconds },
  });
}

/** How long after the last failure the next attempt is looked at. */
function waitingMs(failures: Failures | undefined, now: number): number {
  if (failures === undefined || failures.count < FREE_FAILURES) return 0;
  const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(20, failures.count - FREE_FAILURES));
  return failures.lastAt + delayMs - now;
}

function failedAgain(before: Failures | undefined, now: number): Failures {
  const forgiven = before === undefined || now - before.lastAt > FORGIVEN_MS;
  return { count: forgiven ? 1 : before.count + 1, lastAt: now };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key); // to its end: a Map keeps the order of insertion
  map.set(key, value);
  if (map.size > REMEMBERED_MAX) map.delete(map.keys().next().value as string);
}

function pair(place: string, name: string): string {
  return JSON.stringify([place, name]);
}

/** Who has an IPv6 address usually has its whole /64. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const whole = address.includes('::') ? [...groups, ...Array(missing).fill('0'), ...tail.split(':')] : groups;
  return whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':');
}
