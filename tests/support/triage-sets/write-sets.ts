import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatStructured, generateLines } from './generate.ts';
import { SYSTEMS } from './index.ts';

/** Writes the set of every invented system below a folder, in the form of the public sets. */
export function writeSets(directory: string): void {
  for (const system of SYSTEMS) {
    const lines = generateLines(system);
    const folder = path.join(directory, system.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${system.name}_2k.log`), lines.map(({ raw }) => `${raw}\n`).join(''));
    writeFileSync(path.join(folder, `${system.name}_2k.structured.csv`), formatStructured(lines));
  }
}
