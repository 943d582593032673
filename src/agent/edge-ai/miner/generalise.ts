import type { Comparison } from './compare.ts';
import { countConstants, isVariablePlace, varyApart } from './evidence.ts';
import { isLearnt, learnt } from './skeleton.ts';
import type { Near } from './template-index.ts';
import type { TemplateNode } from './template-node.ts';

/** Words that a statement must have beside a variable that is written in different ways. */
const CONSTANTS_BESIDE_PIECE_MIN = 2;
/** Where a statement begins with the variable, so many lines must have shown that it is one. */
const LINES_BEFORE_FIRST_PIECE_MIN = 8;

/** Templates that are one, and its tokens. */
export interface Union {
  readonly nodes: readonly TemplateNode[];
  readonly tokens: readonly string[];
}

/** Whether a new template and those that nearly hold its text are one statement; which, and what it reads like. */
export function generalise(tokens: readonly string[], near: readonly Near[], telling?: Uint8Array): Union | undefined {
  return byTokens(tokens, near, telling) ?? byPiece(near);
}

type ByTokens = Near & { readonly by: Extract<Comparison, { type: 'tokens' }> };

/** They differ only where enough different words were seen. */
function byTokens(tokens: readonly string[], near: readonly Near[], telling?: Uint8Array): Union | undefined {
  const candidates = near.filter((other): other is ByTokens => other.by.type === 'tokens');
  candidates.sort((one, other) => one.by.at.length - other.by.at.length || one.node.serial - other.node.serial);
  const tried = new Set<string>();
  for (const { by } of candidates) {
    const at = by.at;
    const name = at.join();
    if (tried.has(name)) continue;
    tried.add(name);
    const group = candidates.filter((other) => other.by.at.every((index) => at.includes(index)));
    const texts = [tokens, ...group.map((other) => other.node.tokens)];
    const isEnough = at.every((index) =>
      isVariablePlace(tokens, index, at, new Set(texts.map((those) => those[index] as string)), telling),
    );
    if (!isEnough && !varyApart(tokens, at, texts, telling)) continue;
    const isOpen = (index: number) =>
      at.includes(index) || group.some((other) => isLearnt(other.node.codes[index] as number));
    return {
      nodes: group.map((other) => other.node),
      tokens: tokens.map((token, index) => (isOpen(index) ? learnt(token) : token)),
    };
  }
  return undefined;
}

/** One has a variable where the other has several tokens with one among them: `to <*>, stratum` and `to LOCAL(<*>), stratum`. */
function byPiece(near: readonly Near[]): Union | undefined {
  for (const { node, by } of near) {
    if (by.type !== 'piece') continue;
    const tokens = node.tokens;
    const places = Array.from({ length: by.length }, (_, index) => by.at + index);
    if (countConstants(tokens, places) < CONSTANTS_BESIDE_PIECE_MIN) continue;
    if (by.at === 0 && node.lines < LINES_BEFORE_FIRST_PIECE_MIN) continue;
    return {
      nodes: [node],
      tokens: [...tokens.slice(0, by.at), learnt(tokens[by.at] as string), ...tokens.slice(by.at + by.length)],
    };
  }
  return undefined;
}
