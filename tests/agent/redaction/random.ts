import type { Random } from '../../support/random.ts';

export { type Random, seededRandom as seeded } from '../../support/random.ts';

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
