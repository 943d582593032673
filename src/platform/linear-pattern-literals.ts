import type { PatternNode } from './linear-pattern-parser.ts';

/** One of `texts` stands in everything that a pattern matches; with `lowerCase`, in what it matches put in lower case. */
export interface RequiredTexts {
  readonly texts: readonly string[];
  readonly lowerCase: boolean;
}

const TEXTS_MAX = 16;
const LENGTH_LEAST = 3;

/**
 * What a text must hold to be matched, as far as that can be told from the pattern: looking for a text is ten times as fast as running a
 * pattern. `undefined`: nothing worth looking for.
 */
export function requiredTexts(node: PatternNode): RequiredTexts | undefined {
  const texts = textsOf(node);
  if (texts === undefined || shortest(texts) < LENGTH_LEAST) return undefined;
  const folds = texts.some((text) => text.includes(FOLDED));
  const plain = texts.map((text) => text.replaceAll(FOLDED, ''));
  // Outside ASCII lower case depends on the neighbours, so there only patterns that tell cases apart are searched for.
  if (folds && !plain.every((text) => /^[\0-\x7f]*$/.test(text))) return undefined;
  return { texts: folds ? plain.map((text) => text.toLowerCase()) : plain, lowerCase: folds };
}

/** Stands before a letter of either case. */
const FOLDED = '\uffff';

function textsOf(node: PatternNode): readonly string[] | undefined {
  switch (node.type) {
    case 'unit': {
      const text = textOfUnit(node.ranges);
      return text === undefined ? undefined : [text];
    }
    case 'assert':
      return undefined;
    case 'repeat':
      return node.least > 0 ? textsOf(node.part) : undefined;
    case 'choice': {
      const all = node.parts.map(textsOf);
      if (all.includes(undefined)) return undefined;
      const texts = [...new Set(all.flatMap((texts) => texts!))];
      return texts.length > TEXTS_MAX ? undefined : texts;
    }
    case 'sequence':
      return textsOfSequence(node.parts);
    default:
      return node satisfies never;
  }
}

/** The part that is best to look for: a run of single characters, or what one of the parts must hold. */
function textsOfSequence(parts: readonly PatternNode[]): readonly string[] | undefined {
  let best: readonly string[] | undefined;
  let run = '';
  const offer = (texts: readonly string[] | undefined) => {
    if (texts !== undefined && (best === undefined || shortest(texts) > shortest(best))) best = texts;
  };
  for (const part of parts) {
    if (part.type === 'assert') continue; // takes no character
    const text = part.type === 'unit' ? textOfUnit(part.ranges) : undefined;
    if (text !== undefined) run += text;
    else {
      if (run !== '') offer([run]);
      run = '';
      offer(textsOf(part));
    }
  }
  if (run !== '') offer([run]);
  return best;
}

/** A single character, or a letter of either case. */
function textOfUnit(ranges: readonly number[]): string | undefined {
  const [from, to, from2, to2] = ranges;
  if (from === undefined || from !== to || from === FOLDED.charCodeAt(0)) return undefined;
  if (ranges.length === 2) return String.fromCharCode(from);
  const isPair = ranges.length === 4 && from2 === to2 && from2 === from + 32 && from >= 65 && from <= 90;
  return isPair ? FOLDED + String.fromCharCode(from) : undefined;
}

function shortest(texts: readonly string[]): number {
  return Math.min(...texts.map((text) => text.replaceAll(FOLDED, '').length));
}
