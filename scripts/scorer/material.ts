import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLevel, type Level } from '../../src/contract/record.ts';

export const MATERIAL_FOLDER = resolve(import.meta.dirname, 'material');

/** What people want of a line; reasonable people differ on a `borderline` one. */
export const LABELS = ['alert', 'ordinary', 'borderline'] as const;
export type Label = (typeof LABELS)[number];

/** A line of the training material: `label<TAB>level<TAB>message` in a `.tsv` file; `-` for no level; `#` begins a comment. */
export interface Example {
  readonly file: string;
  readonly label: Label;
  readonly level: Level | undefined;
  readonly message: string;
}

/** All examples, in the order of files and lines. Throws on a line it can't read. */
export function readMaterial(folder: string = MATERIAL_FOLDER): Example[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.tsv'));
  return files.sort().flatMap((file) => readExamples(file, readFileSync(resolve(folder, file), 'utf8')));
}

export function readExamples(file: string, text: string): Example[] {
  const examples: Example[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [labelText, levelText, message, ...rest] = line.split('\t');
    const label = LABELS.find((one) => one === labelText);
    const level = levelText === '-' ? undefined : levelText;
    if (label === undefined || message === undefined || rest.length > 0 || (level !== undefined && !isLevel(level)))
      throw new Error(`${file}:${index + 1}: not "label<TAB>level<TAB>message": ${line}`);
    examples.push({ file, label, level, message });
  });
  return examples;
}
