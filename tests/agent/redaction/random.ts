export type Random = () => number;

/** mulberry32: the same corpus for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const LOWER = 'abcdefghijklmnopqrstuvwxyz';
export const UPPER = LOWER.toUpperCase();
export const DIGITS = '0123456789';
export const ALNUM = UPPER + LOWER + DIGITS;

export function draw(random: Random, from: string, length: number): string {
  return Array.from({ length }, () => from[Math.floor(random() * from.length)]).join('');
}

export function pick(random: Random, ...choices: readonly string[]): string {
  return choices[Math.floor(random() * choices.length)]!;
}
