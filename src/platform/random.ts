import { randomBytes } from 'node:crypto';

/** Randomness as a part that is handed in, so that tests can fix jitter. Returns a number in [0, 1). */
export type Random = () => number;

/** For jitter, which need not be secret: an agent that has nothing to do then needs no cryptography, which is 2 MB. */
export const systemRandom: Random = () => Math.random();

/** A URL-safe secret or id of `bytes` random bytes (base64url, 4 characters for 3 bytes). */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

/** A short lower-case id, for names where upper and lower case may be confused (file systems, SQL). */
export function randomHex(bytes = 8): string {
  return randomBytes(bytes).toString('hex');
}
