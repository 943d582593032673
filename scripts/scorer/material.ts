import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLevel, type Level } from '../../src/contract/record.ts';

export const MATERIAL_FOLDER = resolve(import.meta.dirname, 'material');

/** A line of the training material: `label<TAB>level<TAB>message` in a `.tsv` file; `-` for no level; `#` begins a comment. */
export interface Example {
  readonly file: string;
  readonly isAlert: boolean;
  readonly level: Level | undefined;
  readonly message: string;
}

/** All examples that are labelled `alert` or `ordinary`, in the order of files and lines; `borderline` ones are left out. Throws on a line it can't read. */
export function readMaterial(folder: string = MATERIAL_FOLDER): Example[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.tsv'));
  return files.sort().flatMap((file) => readExamples(file, readFileSync(resolve(folder, file), 'utf8')));
}

export function readExamples(file: string, text: string): Example[] {
  const examples: Example[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [label, levelText, message, ...rest] = line.split('\t');
    const isKnown = label === 'alert' || label === 'ordinary' || label === 'borderline';
    const level = levelText === '-' ? undefined : levelText;
    if (!isKnown || message === undefined || rest.length > 0 || (level !== undefined && !isLevel(level)))
      throw new Error(`${file}:${index + 1}: not "label<TAB>level<TAB>message": ${line}`);
    if (label !== 'borderline') examples.push({ file, isAlert: label === 'alert', level, message });
  });
  return examples;
}
