import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FORMS } from './forms.ts';
import type { Random } from './random.ts';

export { type Random, seeded } from './random.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../fixtures/redaction');

/** A line with what was filled in, which has to go; for a line without any secret it has to stay. */
export interface CorpusLine {
  readonly text: string;
  readonly filled: readonly string[];
  /** The template without what was filled in: what has to stay readable. */
  readonly around: string;
  /** The heading it stands under in its file. */
  readonly section: string;
}

/** The lines of a corpus file, each filled `times` times. */
export function corpus(file: string, times: number, random: Random): CorpusLine[] {
  const lines: CorpusLine[] = [];
  let section = '';
  for (const line of readFileSync(path.join(FOLDER, file), 'utf8').split('\n')) {
    if (line.startsWith('# ')) section = line.slice(2);
    else if (line !== '') {
      // A context is JSON: its escapes are its own.
      const template = line.startsWith('{"') ? line : line.replaceAll('\\n', '\n');
      for (let time = 0; time < times; time++) lines.push(fill(template, section, random));
    }
  }
  return lines;
}

function fill(template: string, section: string, random: Random): CorpusLine {
  const filled: string[] = [];
  const text = template.replace(PLACEHOLDER, (whole, name: string) => {
    const make = FORMS[name];
    if (make === undefined) return whole;
    const made = make(random);
    filled.push(made);
    return made;
  });
  const around = template.replace(PLACEHOLDER, (whole, name: string) => (FORMS[name] === undefined ? whole : ' '));
  return { text, filled, around, section };
}

const PLACEHOLDER = /\{([a-z0-9_]+)\}/g;
