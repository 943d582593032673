import { align } from './alignment.ts';
import { isBeginning } from './evidence.ts';
import { type Filler, isVariableGap } from './gap.ts';
import type { Union } from './generalise.ts';
import { isLearnt, isSpan, isWordCode, learnt, span } from './skeleton.ts';
import type { TemplateNode } from './template-node.ts';
import type { WordUse } from './word-use.ts';

/** Share of the words of the longer of two texts that both have, before they may be one statement. */
const SHARE_MIN = 0.4;
/** A statement is told by so many words at least, and by one for each place that varies. */
const WORDS_MIN = 2;
/** So many different alignments are tried. */
const SHAPES_MAX = 12;

interface Member {
  readonly node: TemplateNode;
  /** See `align`. */
  readonly pairs: Int16Array;
  /** That both have, and that tell a statement. */
  readonly words: number;
}

/** What stays of a new text: its tokens that are kept, and whether something may stand before each. */
interface Shape {
  readonly kept: Uint8Array;
  /** One more than there are tokens: the last is the end. */
  readonly gapBefore: Uint8Array;
  readonly words: number;
}

/**
 * A new text and templates that begin or end alike are one statement where their differences are so many that they must be values: whatever
 * the number of words in which each was written.
 */
export function findCrowd(
  tokens: readonly string[],
  codes: readonly number[],
  candidates: readonly TemplateNode[],
  use: WordUse,
): Union | undefined {
  const telling = use.telling(codes);
  const known = new Set(codes.filter((_, index) => telling[index] === 1));
  if (known.size < WORDS_MIN) return undefined;
  const words = sumOf(telling);
  const members: Member[] = [];
  for (const node of candidates) {
    // The cheap question first.
    const shared = countKnown(node.codes, known);
    if (shared < WORDS_MIN) continue;
    const longer = Math.max(words, countTelling(node.codes, use));
    if (shared < SHARE_MIN * longer) continue;
    const pairs = align(codes, node.codes);
    let common = 0;
    for (let index = 0; index < codes.length; index++)
      if (telling[index] === 1 && (pairs[index] as number) >= 0) common++;
    if (common < SHARE_MIN * longer) continue;
    members.push({ node, pairs, words: common });
  }
  members.sort((one, other) => other.words - one.words || one.node.serial - other.node.serial);
  const tried = new Set<string>();
  for (const shape of shapesOf(codes, telling, members)) {
    const name = shape.kept.join('') + shape.gapBefore.join('');
    if (shape.words < WORDS_MIN || tried.has(name)) continue;
    tried.add(name);
    const group = members.filter((member) => fits(member, shape));
    if (group.length > 0 && isEnough(codes, tokens, shape, group, use)) return unite(tokens, codes, shape, group);
  }
  return undefined;
}

/** What each has in common with the text, and then what the most alike have in common, more and more of them. */
function* shapesOf(codes: readonly number[], telling: Uint8Array, members: readonly Member[]): Generator<Shape> {
  for (const member of members.slice(0, SHAPES_MAX)) yield shapeOf(codes, telling, [member]);
  for (let count = 2; count <= members.length; count += Math.ceil(count / 2))
    yield shapeOf(codes, telling, members.slice(0, count));
  if (members.length > 1) yield shapeOf(codes, telling, members);
}

function shapeOf(codes: readonly number[], telling: Uint8Array, members: readonly Member[]): Shape {
  const size = codes.length;
  const kept = new Uint8Array(size).fill(1);
  const gapBefore = new Uint8Array(size + 1);
  for (const { pairs, node } of members) {
    let last = -1;
    for (let index = 0; index < size; index++) {
      const pair = pairs[index] as number;
      if (pair < 0) kept[index] = 0;
      else {
        if (pair !== last + 1) gapBefore[index] = 1;
        last = pair;
      }
    }
    if (last !== node.codes.length - 1) gapBefore[size] = 1;
  }
  settleGaps(kept, gapBefore);
  // Signs between two gaps hold nothing.
  let start = 0;
  while (start < size) {
    if (kept[start] === 0) {
      start++;
      continue;
    }
    let end = start + 1;
    let hasWord = isWordCode(codes[start] as number);
    while (end < size && kept[end] === 1 && gapBefore[end] === 0) {
      hasWord = hasWord || isWordCode(codes[end] as number);
      end++;
    }
    if (!hasWord && gapBefore[start] === 1 && gapBefore[end] === 1) kept.fill(0, start, end);
    start = end;
  }
  settleGaps(kept, gapBefore);
  let words = 0;
  for (let index = 0; index < size; index++) if (kept[index] === 1 && telling[index] === 1) words++;
  return { kept, gapBefore, words };
}

/** A gap stands before each token that follows one that isn't kept; none before those that aren't kept. */
function settleGaps(kept: Uint8Array, gapBefore: Uint8Array): void {
  let isGap = false;
  for (let index = 0; index <= kept.length; index++) {
    isGap = isGap || gapBefore[index] === 1;
    if (index < kept.length && kept[index] === 0) {
      isGap = true;
      gapBefore[index] = 0;
    } else {
      gapBefore[index] = isGap ? 1 : 0;
      isGap = false;
    }
  }
}

function fits({ pairs, node }: Member, { kept, gapBefore }: Shape): boolean {
  let last = -1;
  for (let index = 0; index < kept.length; index++) {
    if (kept[index] === 0) continue;
    const pair = pairs[index] as number;
    if (pair < 0 || (gapBefore[index] === 0 && pair !== last + 1)) return false;
    last = pair;
  }
  return gapBefore[kept.length] === 1 || last === node.codes.length - 1;
}

/** The gaps of a shape: the index of the kept token after it, and what fills it in the text and in each of the group. */
function* gapsOf(
  codes: readonly number[],
  { kept, gapBefore }: Shape,
  group: readonly Member[],
): Generator<[number, Filler[]]> {
  let last = -1;
  for (let index = 0; index <= kept.length; index++) {
    if (index < kept.length && kept[index] === 0) continue;
    if (gapBefore[index] === 1) {
      const fillers = [{ codes: codes.slice(last + 1, index), lines: 1 }];
      for (const { pairs, node } of group) {
        const from = last < 0 ? 0 : (pairs[last] as number) + 1;
        const to = index < kept.length ? (pairs[index] as number) : node.codes.length;
        fillers.push({ codes: node.codes.slice(from, to), lines: node.lines });
      }
      yield [index, fillers];
    }
    last = index;
  }
}

/** Whether each gap was filled with so many different texts that it is a variable. */
function isEnough(
  codes: readonly number[],
  tokens: readonly string[],
  shape: Shape,
  group: readonly Member[],
  use: WordUse,
): boolean {
  const { words } = shape;
  const telling = use.telling(codes);
  let sum = countTelling(codes, use);
  for (const { node } of group) sum += countTelling(node.codes, use);
  const share = words / (sum / (group.length + 1));
  let gaps = 0;
  for (const gap of shape.gapBefore) gaps += gap;
  if (gaps > words) return false;
  const isRest = gaps === 1 && shape.gapBefore[codes.length] === 1 && use.templates < 2 * group.length;
  for (const [index, fillers] of gapsOf(codes, shape, group)) {
    const before = beforeGap(shape, index);
    const gap = {
      fillers,
      before: tokens[before]?.trimStart(),
      after: tokens[index]?.trimStart(),
      isFirst: before < 0 || isBeginning(tokens, before + 1, telling),
      isRest,
    };
    if (!isVariableGap(gap, words, share)) return false;
  }
  return true;
}

function beforeGap({ kept }: Shape, index: number): number {
  let before = index - 1;
  while (before >= 0 && kept[before] === 0) before--;
  return before;
}

function unite(tokens: readonly string[], codes: readonly number[], shape: Shape, group: readonly Member[]): Union {
  const gaps = new Map([...gapsOf(codes, shape, group)]);
  const united: string[] = [];
  for (let index = 0; index <= tokens.length; index++) {
    const fillers = gaps.get(index);
    if (fillers !== undefined) united.push(wildcard(fillers));
    if (shape.kept[index] !== 1) continue;
    const isOpened = group.some(({ pairs, node }) => isLearnt(node.codes[pairs[index] as number] as number));
    united.push(isOpened ? learnt(tokens[index] as string) : (tokens[index] as string));
  }
  return { nodes: group.map(({ node }) => node), tokens: united };
}

function wildcard(fillers: readonly Filler[]): string {
  const isSpaced = fillers.some(({ codes }) => (codes[0] ?? 0) < 0);
  const token = isSpaced ? ' ' : '';
  const isOne = fillers.every(({ codes }) => codes.length === 1 && !isSpan(codes[0] as number));
  return isOne ? learnt(token) : span(token);
}

function countKnown(codes: readonly number[], known: ReadonlySet<number>): number {
  let count = 0;
  for (const code of codes) if (known.has(code)) count++;
  return count;
}

function countTelling(codes: readonly number[], use: WordUse): number {
  let count = 0;
  for (const code of codes) if (isWordCode(code) && use.tells(code)) count++;
  return count;
}

function sumOf(flags: Uint8Array): number {
  let sum = 0;
  for (const flag of flags) sum += flag;
  return sum;
}
