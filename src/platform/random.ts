import { randomBytes, randomInt } from 'node:crypto';

/** Randomness as a part that is handed in, so that tests can fix jitter. Returns a number in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = () => randomInt(0x1_0000_0000) / 0x1_0000_0000;

/** A URL-safe secret or id of `bytes` random bytes (base64url, 4 characters for 3 bytes). */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

/** A short lower-case id, for names where upper and lower case may be confused (file systems, SQL). */
export function randomHex(bytes = 8): string {
  return randomBytes(bytes).toString('hex');
}
