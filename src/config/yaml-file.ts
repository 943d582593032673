import type { Document, Node, YAMLError } from 'yaml';
import type { Position } from './complaints.ts';
import type { FileComplaints, Located, LocatedEntry } from './located.ts';

/** A settings file is a page or two; a larger one is a mistake, and is refused before it is parsed. */
export const CONFIG_FILE_BYTES_MAX = 256 * 1024;
/** Values in one file with its aliases written out: what stops an anchor bomb (`&a [*b, *b, …]`, nested). */
const VALUES_MAX = 20_000;
/** Deeper nesting than any settings file has. */
const DEPTH_MAX = 30;

/**
 * Reads YAML 1.2 (core schema) into located values; `undefined` for an empty file, or after a complaint.
 * The `yaml` package is loaded at the first call: it costs 12 MB, which an agent without files need not pay.
 */
export async function parseYaml(text: string, complaints: FileComplaints): Promise<Located | undefined> {
  const yaml = await import('yaml');
  const lines = new Lines(text);
  const document = yaml.parseDocument(text, {
    prettyErrors: false, // its pretty form quotes lines of the file, which may hold what somebody should not have put there
    version: '1.2',
    strict: true,
    uniqueKeys: true,
  });
  for (const error of withoutSequels([...document.errors, ...document.warnings], lines)) {
    const [problem, remedy] = SYNTAX_REMEDIES[error.code] ?? ['is not valid YAML', `mend this: ${error.message}`];
    complaints.add(lines.at(error.pos[0]), '', problem, remedy);
  }
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  if (document.contents === null) return undefined;
  try {
    return new Locator(yaml, document, lines).locate(document.contents, 0);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complaints.add(error.at, '', error.problem, error.remedy);
    return undefined;
  }
}

/**
 * Once the parser has lost its way, by a line that is indented too far or too little, each token behind it is an error to it. Those tell
 * nothing, and one line needs to be told of once.
 */
function withoutSequels(errors: readonly YAMLError[], lines: Lines): readonly YAMLError[] {
  const sorted = [...errors].sort((a, b) => a.pos[0] - b.pos[0]);
  const lost = sorted.findIndex(({ code }) => code === 'UNEXPECTED_TOKEN');
  const told = lost === -1 ? sorted : sorted.slice(0, lost + 1);
  return told.filter(
    ({ pos }, index) => index === 0 || lines.at(pos[0]).line !== lines.at(told[index - 1]!.pos[0]).line,
  );
}

const SYNTAX_REMEDIES: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  DUPLICATE_KEY: ['has this key twice', 'keep one of them'],
  // Its message quotes the file.
  UNEXPECTED_TOKEN: ['does not fit what stands before it', 'mend the indentation, here or of the lines above'],
  BLOCK_AS_IMPLICIT_KEY: [
    'has a key where a value belongs',
    'put text with a colon and a space in it into quotes, or mend the indentation',
  ],
  MULTIPLE_DOCS: ['holds several documents (`---`)', 'keep one document a file'],
  TAB_AS_INDENT: ['is indented with a tab', 'indent with spaces'],
  // The parser descends by recursion, and reports in this way that a very deep file ended its stack.
  RESOURCE_EXHAUSTION: [`nests deeper than ${DEPTH_MAX} levels`, 'write it flatter'],
  TAG_RESOLVE_FAILED: ['has a tag (`!…`) that is not known here', 'write the plain value'],
};

class Refusal extends Error {
  readonly at: Position | undefined;
  readonly problem: string;
  readonly remedy: string;

  constructor(at: Position | undefined, problem: string, remedy: string) {
    super(problem);
    this.at = at;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** Turns the parser's nodes into located values, with aliases written out and counted. */
class Locator {
  readonly #yaml: typeof import('yaml');
  readonly #document: Document;
  readonly #lines: Lines;
  #values = 0;

  constructor(yaml: typeof import('yaml'), document: Document, lines: Lines) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
  }

  locate(node: Node | null, depth: number, aliasAt?: Position): Located {
    const at = aliasAt ?? this.#position(node);
    if (++this.#values > VALUES_MAX)
      throw new Refusal(at, `holds more than ${VALUES_MAX} values with its aliases written out`, 'use fewer aliases');
    if (depth > DEPTH_MAX) throw new Refusal(at, `nests deeper than ${DEPTH_MAX} levels`, 'write it flatter');
    if (node === null) return { type: 'scalar', at, value: null };
    if (this.#yaml.isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) throw new Refusal(at, `names the unknown anchor *${node.source}`, 'define it above');
      return this.locate(target, depth + 1, at);
    }
    if (this.#yaml.isMap<unknown, Node | null>(node))
      return { type: 'map', at, entries: node.items.map((pair) => this.#entry(pair.key, pair.value, depth, aliasAt)) };
    if (this.#yaml.isSeq<Node | null>(node))
      return { type: 'list', at, items: node.items.map((item) => this.locate(item, depth + 1, aliasAt)) };
    const value = this.#yaml.isScalar(node) ? node.value : undefined;
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return { type: 'scalar', at, value };
    throw new Refusal(at, 'is of a kind that settings do not have', 'use text, a number, true or false');
  }

  #entry(key: unknown, value: Node | null, depth: number, aliasAt?: Position): LocatedEntry {
    const keyAt = aliasAt ?? this.#position(this.#yaml.isNode(key) ? key : null);
    if (!this.#yaml.isScalar(key) || typeof key.value === 'object')
      throw new Refusal(keyAt, 'has a key that is not plain text', 'use text as key');
    return {
      key: String(key.value),
      keyAt,
      value: this.locate(value ?? null, depth + 1, aliasAt ?? (value?.range ? undefined : keyAt)),
    };
  }

  #position(node: Node | null): Position {
    return this.#lines.at(node?.range?.[0] ?? 0);
  }
}

/** Where each line begins. The parser's own counter loses lines once it has found an error. */
class Lines {
  readonly #begins = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#begins.push(at + 1);
  }

  at(offset: number): Position {
    let [low, high] = [0, this.#begins.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#begins[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#begins[low]! + 1 };
  }
}
