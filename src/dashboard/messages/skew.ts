import type { Words } from './words.ts';

/** Less is what networks and clocks do anyway. */
const SKEW_MS_SHOWN = 5_000;

/** "2 hr ahead": how wrong a server's clock is; empty where that is of no matter, or not known. */
export function saySkew(words: Words, skewMs: number | null | undefined): string {
  if (skewMs == null || Math.abs(skewMs) < SKEW_MS_SHOWN) return '';
  return words.say(skewMs > 0 ? 'skewAhead' : 'skewBehind', { time: words.duration(Math.abs(skewMs) / 1_000) });
}
