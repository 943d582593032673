import { badRequest } from './answers.ts';

export interface Queried {
  readonly name: string;
  readonly mimeType: string;
  readonly trashed: boolean;
  readonly parents: readonly string[];
  readonly appProperties: Readonly<Record<string, string>>;
}

type Test = (file: Queried) => boolean;

const STRING = `'((?:[^'\\\\]|\\\\['\\\\])*)'`;
const TERMS: readonly (readonly [RegExp, (match: readonly string[]) => Test])[] = [
  [
    new RegExp(`^name ?= ?${STRING}`),
    ([, name]) =>
      (file) =>
        file.name === unquote(name),
  ],
  [
    new RegExp(`^mimeType ?= ?${STRING}`),
    ([, type]) =>
      (file) =>
        file.mimeType === unquote(type),
  ],
  [
    new RegExp(`^mimeType ?!= ?${STRING}`),
    ([, type]) =>
      (file) =>
        file.mimeType !== unquote(type),
  ],
  [
    /^trashed ?= ?(true|false)/,
    ([, trashed]) =>
      (file) =>
        file.trashed === (trashed === 'true'),
  ],
  [
    new RegExp(`^${STRING} in parents`),
    ([, id]) =>
      (file) =>
        file.parents.includes(unquote(id)),
  ],
  [
    new RegExp(`^appProperties has \\{ ?key ?= ?${STRING} and value ?= ?${STRING} ?\\}`),
    ([, key, value]) =>
      (file) =>
        file.appProperties[unquote(key)] === unquote(value),
  ],
];

/** The part of the search language that we use: terms joined by `and`. Everything else is answered as a mistake. */
export function parseQuery(q: string): Test {
  const tests: Test[] = [];
  let rest = q.trim();
  for (;;) {
    const found = TERMS.flatMap(([pattern, make]) => {
      const match = pattern.exec(rest);
      return match === null ? [] : [{ length: match[0].length, test: make(match) }];
    })[0];
    if (found === undefined) throw badRequest('invalid', 'Invalid Value', 'q');
    tests.push(found.test);
    rest = rest.slice(found.length);
    if (rest === '') return (file) => tests.every((one) => one(file));
    if (!rest.startsWith(' and ')) throw badRequest('invalid', 'Invalid Value', 'q');
    rest = rest.slice(' and '.length);
  }
}

function unquote(text: string | undefined): string {
  return (text ?? '').replace(/\\(['\\])/g, '$1');
}

type Mask = Map<string, Mask | undefined>;

/** `id,files(id,name)`: what of an answer is wanted. An unknown field is a mistake. */
export function selectFields(value: Record<string, unknown>, fields: string, known: readonly string[]): unknown {
  return select(value, parseMask(fields), known);
}

function parseMask(text: string): Mask {
  const mask: Mask = new Map();
  let depth = 0;
  let item = '';
  for (const char of `${text},`) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char !== ',' || depth > 0) {
      item += char;
      continue;
    }
    const [, name, inner] = /^([A-Za-z0-9]+|\*)(?:\((.+)\))?$/.exec(item.trim()) ?? [];
    if (name === undefined) throw badRequest('invalidParameter', `Invalid field selection ${item}`, 'fields');
    mask.set(name, inner === undefined ? undefined : parseMask(inner));
    item = '';
  }
  return mask;
}

function select(value: unknown, mask: Mask, known: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => select(one, mask, known));
  const source = value as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const [name, inner] of mask) {
    if (name === '*') return source;
    if (!known.includes(name)) throw badRequest('invalidParameter', `Invalid field selection ${name}`, 'fields');
    const part = source[name];
    if (part !== undefined) result[name] = inner === undefined ? part : select(part, inner, known);
  }
  return result;
}
