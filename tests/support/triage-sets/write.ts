/** `node tests/support/triage-sets/write.ts DIR`: writes every system's set below DIR, in the form of the public sets. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatStructured, generateLines } from './generate.ts';
import { SYSTEMS } from './index.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: node tests/support/triage-sets/write.ts DIR');
  process.exit(2);
}
for (const system of SYSTEMS) {
  const lines = generateLines(system);
  const folder = path.join(directory, system.name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${system.name}_2k.log`), lines.map(({ raw }) => `${raw}\n`).join(''));
  writeFileSync(path.join(folder, `${system.name}_2k.structured.csv`), formatStructured(lines));
}
