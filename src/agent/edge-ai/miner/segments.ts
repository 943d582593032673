import { hasState, isWord } from './evidence.ts';
import { isLearnt, isSegment, SEGMENT, splitTokens } from './skeleton.ts';
import type { TemplateNode } from './template-node.ts';

/** Tokens that a value of several words may be written in. */
const SEGMENT_TOKENS_MAX = 16;
/** Different values, not all of as many tokens, that show that they are values. */
const SEGMENT_VALUES_MIN = 4;
/** Words of the statement around the value; at least one on each side, as otherwise anything would fit. */
const WORDS_AROUND_MIN = 3;

/** Tokens before and after the segment. */
interface Frame {
  readonly before: number;
  readonly after: number;
}

/** Whether a template with a segment holds a line: what stands around the segment is equal, and something is in it. */
export function holdsSegment(template: readonly number[], line: readonly number[]): boolean {
  const at = template.findIndex(isSegment);
  const after = template.length - at - 1;
  const length = line.length - at - after;
  if (length < 1 || length > SEGMENT_TOKENS_MAX) return false;
  for (let index = 0; index < at; index++) if (!isSame(template[index], line[index])) return false;
  for (let index = 1; index <= after; index++) if (!isSame(template.at(-index), line.at(-index))) return false;
  // The segment is whole pieces.
  return (line[at] as number) < 0 && (after === 0 || (line[line.length - after] as number) < 0);
}

/**
 * Several templates that are one statement with a value of several words, `service print queue started`, `service indexer started`: those that
 * are, and its tokens. `candidates` begin and end as the line does.
 */
export function findSegment(
  tokens: readonly string[],
  codes: readonly number[],
  candidates: readonly TemplateNode[],
): { readonly nodes: readonly TemplateNode[]; readonly tokens: readonly string[] } | undefined {
  const framed = candidates.flatMap((node) => {
    const frame = frameOf(node.codes, codes);
    return frame === undefined ? [] : [{ node, frame }];
  });
  if (framed.length < SEGMENT_VALUES_MIN - 1) return undefined;
  framed.sort((one, other) => width(other.frame) - width(one.frame) || one.node.serial - other.node.serial);
  for (const { frame } of framed) {
    const { before, after } = frame;
    const around = [tokens.slice(0, before), tokens.slice(tokens.length - after)].map(countWords) as [number, number];
    if (around[0] < 1 || around[1] < 1 || around[0] + around[1] < WORDS_AROUND_MIN) continue;
    const members = framed.filter((other) => other.frame.before >= before && other.frame.after >= after);
    const values = [tokens, ...members.map(({ node }) => splitTokens(node.skeleton))].map((those) =>
      those.slice(before, those.length - after),
    );
    const lengths = new Set(values.map(({ length }) => length));
    if (members.length < SEGMENT_VALUES_MIN - 1 || lengths.size < 2 || !values.every(isPlainText)) continue;
    const first = tokens[before] as string;
    return {
      nodes: members.map(({ node }) => node),
      tokens: [
        ...tokens.slice(0, before),
        first.startsWith(' ') ? ` ${SEGMENT}` : SEGMENT,
        ...tokens.slice(tokens.length - after),
      ],
    };
  }
  return undefined;
}

/** What two have in common at both ends, in whole pieces, with something left in both. */
function frameOf(one: readonly number[], other: readonly number[]): Frame | undefined {
  const shorter = Math.min(one.length, other.length);
  let before = 0;
  while (before < shorter - 1 && one[before] === other[before]) before++;
  while (before > 0 && ((one[before] as number) > 0 || (other[before] as number) > 0)) before--;
  let after = 0;
  while (after < shorter - before - 1 && one.at(-after - 1) === other.at(-after - 1)) after++;
  while (after > 0 && (one.at(-after) as number) > 0) after--;
  const longest = Math.max(one.length, other.length) - before - after;
  return before > 0 && after > 0 && longest <= SEGMENT_TOKENS_MAX ? { before, after } : undefined;
}

function width({ before, after }: Frame): number {
  return before + after;
}

/** Words and variables: no `key=value` and no word that tells a state, which make another statement. */
function isPlainText(tokens: readonly string[]): boolean {
  return tokens.every((token) => !token.endsWith('=') && !token.endsWith(':')) && !tokens.some(hasState);
}

function countWords(tokens: readonly string[]): number {
  return tokens.filter((token) => isWord(token.trimStart()) && token.length > 2).length;
}

function isSame(template: number | undefined, line: number | undefined): boolean {
  return (
    template === line ||
    (template !== undefined && line !== undefined && isLearnt(template) && template < 0 === line < 0)
  );
}
