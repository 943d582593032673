/**
 * `npm run build`: what a published package needs, src → dist. JavaScript of all parts but the page (`vite build` makes that), types of
 * the SDK, and the files beside the code that it reads while it runs. In this repository nothing needs it: Node runs our TypeScript.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleAgent } from './bundle-agent.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const SRC = path.join(ROOT, 'src');
const DIST = path.join(ROOT, 'dist');
const PAGE = 'dashboard';

// What a removed module left behind would be published; whatever else is in dist isn't ours.
for (const name of readdirSync(SRC).filter((entry) => entry !== PAGE)) {
  const stem = name.replace(/\.ts$/, '');
  const built = name === stem ? [name] : [`${stem}.js`, `${stem}.js.map`];
  for (const entry of built) rmSync(path.join(DIST, entry), { recursive: true, force: true });
}

compile('tsconfig.build.json');
compile('tsconfig.types.json');

for (const file of globSync('**/*.d.ts', { cwd: DIST })) {
  // The compiler rewrites the endings of imports in JavaScript, but leaves them in types, where not every TypeScript knows `.ts`.
  const text = readFileSync(path.join(DIST, file), 'utf8');
  writeFileSync(path.join(DIST, file), text.replace(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
}

// What the orchestrator reads beside its code: migrations, and the layouts of reports.
for (const file of globSync('**/*.{sql,typ}', { cwd: SRC })) cpSync(path.join(SRC, file), path.join(DIST, file));

// What the orchestrator hands out to new servers.
await bundleAgent(path.join(DIST, 'nervesys-agent.cjs'));

function compile(project: string): void {
  const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
