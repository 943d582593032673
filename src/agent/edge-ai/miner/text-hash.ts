/** FNV-1a over UTF-16 units: quick, and good enough where a collision does no harm. */
export const HASH_SEED = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

export function hashText(text: string, from: number, to: number): number {
  let hash = HASH_SEED;
  for (let index = from; index < to; index++) hash = Math.imul(hash ^ text.charCodeAt(index), HASH_PRIME);
  return hash;
}
