import type { CorpusLine } from './corpus.ts';

/** What survives of a credential is counted from so many characters in a row. */
const PART = 6;
const READABLE = 0.7;
/** Goes with the key. */
const KEY_EDGE = /-----(?:BEGIN|END) [A-Z ]+-----/g;

/** Whether all that was filled in is gone, and what stands around it readable. */
export function isRight(redacted: string, { filled, around }: CorpusLine, readable = READABLE): boolean {
  const clean = redacted.replace(/\[redacted:\w+\]/g, ' ');
  const words = around.replace(KEY_EDGE, '').match(/[\p{L}\p{N}]{3,}/gu) ?? [];
  const kept = words.filter((word) => clean.includes(word)).length;
  return kept >= words.length * readable && filled.every((secret) => !survives(clean, secret, around));
}

/** Whether a part of it is left that its surroundings don't hold anyway, the edges of a PEM block aside. */
function survives(clean: string, secret: string, around: string): boolean {
  const length = Math.min(PART, secret.length);
  for (let at = 0; at + length <= secret.length; at++) {
    const part = secret.slice(at, at + length);
    if (clean.includes(part) && !around.includes(part) && !/^[-\s]*$|BEGIN|END|PRIV|KEY/.test(part)) return true;
  }
  return false;
}

export function shown(lines: readonly CorpusLine[]): string {
  return lines
    .slice(0, 40)
    .map(({ text }) => `  ${text.slice(0, 200)}`)
    .join('\n');
}
