/* Chance that a seed repeats, so that what failed once can be looked at. */
import { randomInt } from 'node:crypto';

/** The next number in [0, 1). */
export type Random = () => number;

/** mulberry32: the same numbers for the same seed, everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The same as whole numbers below a bound. */
export function seededBelow(seed: number): (below: number) => number {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

/** `NERVESYS_SEED`, or one by chance. */
export function givenSeed(): number {
  return Number(process.env['NERVESYS_SEED'] ?? randomInt(2 ** 31));
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}
