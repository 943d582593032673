import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatStructured, generateLines } from './generate.ts';
import { SYSTEMS } from './index.ts';
import type { System } from './system.ts';

/** Writes the set of each invented system below a folder, in the form of the public sets. */
export function writeSets(directory: string, systems: readonly System[] = SYSTEMS): void {
  for (const system of systems) {
    const lines = generateLines(system);
    const folder = path.join(directory, system.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${system.name}_2k.log`), lines.map(({ raw }) => `${raw}\n`).join(''));
    writeFileSync(path.join(folder, `${system.name}_2k.structured.csv`), formatStructured(lines));
  }
}
