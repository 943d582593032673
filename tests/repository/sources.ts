import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface SourceFile {
  /** Relative to the repository, `src/agent/agent.ts`. */
  readonly file: string;
  readonly text: string;
  /** The text with comments blanked out (same length, same lines). */
  readonly code: string;
}

export function sourceFiles(pattern = 'src/**/*.{ts,tsx}'): readonly SourceFile[] {
  return globSync(pattern, { cwd: ROOT })
    .sort()
    .map((file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      return { file, text, code: withoutComments(text) };
    });
}

export interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** All that a file imports or re-exports, types too, statically or on demand. A computed `import(…)` has `to: '?'`. */
export function importsOf({ file, code }: SourceFile): readonly Import[] {
  const found: Import[] = [];
  const patterns = [
    /(?:^|[;}\n])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"\n]+)\1/g,
    /(?:^|[;}\n])\s*import\s*(['"])([^'"\n]+)\1/g,
    /\b(?:import|require)\s*\(\s*(['"])([^'"\n]+)\1/g,
  ];
  const lineOf = (offset: number) => code.slice(0, offset).split('\n').length;
  for (const pattern of patterns)
    for (const match of code.matchAll(pattern))
      found.push({ from: file, to: match[2]!, line: lineOf(match.index + match[0].length) });
  for (const match of code.matchAll(/\bimport\s*\(\s*(?!['"])/g))
    found.push({ from: file, to: '?', line: lineOf(match.index) });
  return found;
}

/** Lines of code, comments left out, that match; as `file:line: text`. */
export function linesThatMatch(files: readonly SourceFile[], pattern: RegExp): readonly string[] {
  return files.flatMap(({ file, code }) =>
    code.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

/** Blanks comments out; strings, templates and regular expressions are told apart well enough for our own code. */
export function withoutComments(text: string): string {
  const token =
    /(\/\*[\s\S]*?\*\/|\/\/[^\n]*)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:!&|?;{}[]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
  return text.replace(token, (found, comment: string | undefined) =>
    comment === undefined ? found : comment.replace(/[^\n]/g, ' '),
  );
}
