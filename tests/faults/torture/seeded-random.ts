/** Numbers in [0, 1) that a seed repeats. */
export type SeededRandom = () => number;

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

export function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

/** Letters and digits that compress to three quarters, as noisy as logs get. */
export function noise(random: SeededRandom, length: number): string {
  let text = '';
  while (text.length < length) text += Math.floor(random() * 2 ** 50).toString(36);
  return text.slice(0, length);
}
