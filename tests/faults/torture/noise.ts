import type { Random } from '../../support/random.ts';

/** Letters and digits that compress to three quarters, as noisy as logs get. */
export function noise(random: Random, length: number): string {
  let text = '';
  while (text.length < length) text += Math.floor(random() * 2 ** 50).toString(36);
  return text.slice(0, length);
}
