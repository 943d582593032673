import { ALNUM, DIGITS, draw, type Random } from './random.ts';

export function lines(random: Random, count: number, break_: string): string {
  return Array.from({ length: count }, () => draw(random, `${ALNUM}+/`, 64)).join(break_);
}

/** Prefixes are put together from pieces, so that no scanner of secrets takes this file for one. */
export function pem(random: Random, kind: string, break_ = '\n'): string {
  const edge = (word: string) => `-----${word} ${kind}PRIVATE KEY-----`;
  return `${edge('BEGIN')}${break_}${lines(random, 6, break_)}${break_}${draw(random, `${ALNUM}+/`, 42)}==${break_}${edge('END')}`;
}

export const base64url = (random: Random, length: number) =>
  draw(random, `${ALNUM}-_`, length - 3) + draw(random, DIGITS, 1) + draw(random, ALNUM, 2);
export const base64 = (random: Random, bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256))).toString('base64');
export const hex = (length: number) => (random: Random) => draw(random, '0123456789abcdef', length);
export const alnum = (length: number) => (random: Random) => draw(random, ALNUM, length);
export const json64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
