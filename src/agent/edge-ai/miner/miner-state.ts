import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { TEMPLATE_ALIASES_MAX, TEMPLATE_ID_PATTERN, type TemplateId } from '../../../contract/triage.ts';
import { codesOf, splitTokens } from './skeleton.ts';
import { TemplateNode } from './template-node.ts';
import { TEMPLATES_MAX } from './template-shelf.ts';
import { TOKENS_MAX } from './token-row.ts';
import { SCANNED_LENGTH_MAX } from './tokenizer.ts';

/**
 * A miner's state: base64 of raw deflate over JSON, `[FORMAT, [skeleton, lines, generation, firstSeenAt, lastSeenAt, …aliases], …]`, the templates in
 * the order of their making.
 */
const FORMAT = 1;
/** What a state inflates to at most: ten times what the templates' texts may be is no state of ours. */
const INFLATED_SIZE_MAX = 40_000_000;
/** Each try leaves out what the last one was too large by. */
const TRIES_MAX = 8;
const SEPARATOR_LENGTH = 1;

type Row = readonly [string, number, number, number, number, ...TemplateId[]];

/** `nodes`: the least valuable first, as these are left out when all of them are too large. */
export function writeState(nodes: readonly TemplateNode[], sizeBytesMax: number): string {
  let kept = nodes;
  for (let tried = 0; tried < TRIES_MAX; tried++) {
    const stored = deflateRawSync(JSON.stringify([FORMAT, ...[...kept].sort(bySerial).map(rowOf)]), {
      level: 3,
    }).toString('base64');
    if (stored.length <= sizeBytesMax) return stored;
    const share = (sizeBytesMax / stored.length) * 0.95;
    kept = kept.slice(Math.ceil(kept.length * (1 - share)));
  }
  return '';
}

/** The templates in the order of their making; none where `stored` is damaged, whatever it holds. */
export function readState(stored: string): TemplateNode[] {
  const nodes: TemplateNode[] = [];
  for (const row of readRows(stored)) {
    if (nodes.length === TEMPLATES_MAX) break;
    if (!isRow(row)) return [];
    const [skeleton, lines, generation, firstSeenAt, lastSeenAt, ...aliases] = row;
    const tokens = splitTokens(skeleton);
    const node = new TemplateNode(nodes.length, tokens, codesOf(tokens), firstSeenAt);
    node.restore({ lines, generation, lastSeenAt, aliases: aliases.slice(-TEMPLATE_ALIASES_MAX) });
    nodes.push(node);
  }
  return nodes;
}

function readRows(stored: string): unknown[] {
  try {
    const text = inflateRawSync(Buffer.from(stored, 'base64'), { maxOutputLength: INFLATED_SIZE_MAX }).toString('utf8');
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value[0] === FORMAT ? value.slice(1) : [];
  } catch {
    // A state that is no state: the miner learns anew, which is all that was lost.
    return [];
  }
}

function rowOf(node: TemplateNode): Row {
  return [node.skeleton, node.lines, node.generation, node.firstSeenAt, node.lastSeenAt, ...node.aliases];
}

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row)) return false;
  const [skeleton, lines, generation, firstSeenAt, lastSeenAt, ...aliases] = row as unknown[];
  return (
    typeof skeleton === 'string' &&
    skeleton.length <= SCANNED_LENGTH_MAX + TOKENS_MAX * (2 + SEPARATOR_LENGTH) &&
    [lines, generation, firstSeenAt, lastSeenAt].every((value) => Number.isFinite(value)) &&
    aliases.every((alias) => typeof alias === 'string' && TEMPLATE_ID_PATTERN.test(alias))
  );
}

function bySerial(one: TemplateNode, other: TemplateNode): number {
  return one.serial - other.serial;
}
