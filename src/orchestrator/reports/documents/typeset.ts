import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NodeCompiler, type NodeError } from '@myriaddreamin/typst-ts-node-compiler';
import { NervesysError } from '../../../platform/errors.ts';
import { fontCoverage } from './font-coverage.ts';

/** What is set: one of our `.typ` sources with its data. */
export interface Manuscript {
  /** A source beside this file: `summary.typ`. It reads its data by `json(bytes(sys.inputs.page))`. */
  readonly source: string;
  /** Handed over as JSON, never as markup: nothing in it can be taken for a command. */
  readonly page: unknown;
  /** ISO; the PDF's date. Handed in, so that the same manuscript gives the same bytes. */
  readonly madeAt: string;
  /** What the typesetter doubts, for tests: a document with a doubt is better than none, so nothing fails for it. */
  readonly onWarning?: (text: string) => void;
}

const FAMILIES = {
  text: ['300Light', '400Regular', '500Medium', '700Bold'].map(
    (weight) => `@expo-google-fonts/heebo/${weight}/Heebo_${weight}.ttf`,
  ),
  code: ['@expo-google-fonts/jetbrains-mono/400Regular/JetBrainsMono_400Regular.ttf'],
};
/** Stands for a character that our fonts cannot draw; both of them have it. */
export const UNDRAWABLE = '\u25a1';
const BREAK = '\u200b';
/** The same within drawings, whose one font lacks that sign. */
const NOT_DRAWN = '?';
/** Without a glyph by nature: isolates, and joiners within words. */
const INVISIBLE = new Set([0x200c, 0x200d, 0x2066, 0x2067, 0x2068, 0x2069]);

interface Workshop {
  readonly compiler: NodeCompiler;
  /** Characters that the documents can draw. */
  readonly covered: ReadonlySet<number>;
  /** Characters that a drawing can: its texts have one family, and beyond that one the typesetter would take any font it finds. */
  readonly coveredInDrawings: ReadonlySet<number>;
}
let workshop: Workshop | undefined;

/**
 * Sets a manuscript as a tagged PDF/UA-1 with its fonts embedded. Synchronous, and takes up to a second of this thread: call it in a
 * process of its own. Throws `NSV_REPORT_FAILED`, with what the typesetter says.
 */
export function typeset({ source, page, madeAt, onWarning }: Manuscript): Uint8Array {
  const { compiler } = open();
  const json = JSON.stringify(page, (_, value: unknown) =>
    typeof value === 'string' ? breakable(drawable(value)) : value,
  );
  const document = {
    mainFileContent: readFileSync(new URL(source, import.meta.url), 'utf8'),
    inputs: { page: json },
  };
  try {
    const compiled = compiler.compile(document);
    const told = (of: NodeError | null) => (of === null ? '' : sayDiagnostics(compiler.fetchDiagnostics(of)));
    if (compiled.result === null) throw new Error(told(compiled.takeError()));
    const warnings = told(compiled.takeWarnings());
    if (warnings !== '') onWarning?.(warnings);
    const pdf = compiler.pdf(compiled.result, {
      pdfStandard: 'ua-1',
      creationTimestamp: Math.floor(Date.parse(madeAt) / 1_000),
    });
    return new Uint8Array(pdf);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new NervesysError('NSV_REPORT_FAILED', `set ${source} as a PDF: ${said.slice(0, 500)}`, {
      hint: 'this is a defect of the program: report it with this message',
      cause: error,
    });
  } finally {
    // What one document left in the cache is of no use to another, and a process may set many.
    compiler.evictCache(10);
  }
}

/** Their sentences alone: paths of this machine are of no use to anybody. */
function sayDiagnostics(diagnostics: readonly unknown[]): string {
  return diagnostics
    .map((one) => (typeof one === 'object' && one !== null && 'message' in one ? String(one.message) : String(one)))
    .join('; ');
}

/** Whether any text within has a character that is shown as `UNDRAWABLE`. */
export function hasUndrawable(page: unknown): boolean {
  let found = false;
  JSON.stringify(page, (_, value: unknown) => {
    found ||= typeof value === 'string' && drawable(value).includes(UNDRAWABLE);
    return value;
  });
  return found;
}

/** The compiler and its fonts, once a process: loading takes a tenth of a second. */
function open(): Workshop {
  if (workshop !== undefined) return workshop;
  const { resolve } = createRequire(import.meta.url);
  const read = (file: string) => readFileSync(resolve(file));
  const [text, code] = [FAMILIES.text.map(read), FAMILIES.code.map(read)];
  const compiler = NodeCompiler.create({
    workspace: import.meta.dirname,
    fontArgs: [{ fontBlobs: [...text, ...code] }],
  });
  const ofText = fontCoverage(text[0]!);
  workshop = {
    compiler,
    // What the text's font lacks is taken from the one of code (arrows, Greek, Cyrillic). The documents switch every other fallback off.
    covered: new Set([...ofText, ...fontCoverage(code[0]!), ...INVISIBLE]),
    coveredInDrawings: new Set([...ofText, ...INVISIBLE]),
  };
  return workshop;
}

/** A text, or an SVG, whose every character has a glyph. Control characters have none, halves of surrogate pairs neither. */
function drawable(text: string): string {
  const { covered, coveredInDrawings } = open();
  const isDrawing = text.startsWith('<svg ');
  return text.replace(/[^\n -~]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (isDrawing) return coveredInDrawings.has(code) ? character : NOT_DRAWN;
    return covered.has(code) ? character : UNDRAWABLE;
  });
}

/**
 * With places to break in what has none: a name without spaces would run over the next column, or off the page. They are without width,
 * and go where no mark belongs to the character before.
 */
function breakable(text: string): string {
  if (text.startsWith('<svg ')) return text;
  return text.replace(/[^\s\u2066-\u2069]{17,}/gu, (run) =>
    run.replace(/.{8}(?=[^\p{M}\u200c\u200d])/gu, `$&${BREAK}`),
  );
}
