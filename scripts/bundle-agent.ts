/**
 * `npm run bundle:agent`: everything `nervesys agent` needs in one CommonJS file, for servers that have Node and nothing else.
 * Stripping types at run time and linking some hundred ES modules cost an idle agent 45 MB of memory, which one file saves.
 *
 *   node scripts/bundle-agent.ts [--out dist/nervesys-agent.cjs]
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Plugin, rolldown } from 'rolldown'; // comes with vite, which builds the page with it

const ROOT = resolve(import.meta.dirname, '..');
const PROGRAM = resolve(ROOT, 'src/commands/program.ts');
/** What a server needs; everything else asks an orchestrator or is one. By the module that `program.ts` loads on demand. */
export const BUNDLED_COMMANDS = ['agent', 'exec', 'buffer', 'buffer-dump', 'doctor', 'config'] as const;
const BANNER = '#!/usr/bin/env node';

export interface AgentBundle {
  readonly bytes: number;
  /** Source files in it, relative to the package. */
  readonly modules: readonly string[];
}

/** Writes the bundle to `outFile`. Deterministic: the same sources give the same bytes. */
export async function bundleAgent(outFile: string): Promise<AgentBundle> {
  const build = await rolldown({
    input: resolve(ROOT, 'src/main.ts'),
    cwd: ROOT,
    platform: 'node',
    transform: { target: 'node24' },
    // V8 compiles a function in parentheses at once; most of these modules are never run by an idle agent.
    optimization: { pifeForModuleWrappers: false },
    plugins: [onlyBundledCommands(), builtinsOnDemand()],
  });
  try {
    const { output } = await build.write({
      file: outFile,
      format: 'cjs',
      codeSplitting: false,
      // Names stay readable in a stack trace; white space and comments are what costs.
      minify: { mangle: false, compress: false, codegen: true },
    });
    const [chunk, ...more] = output;
    if (more.length > 0) throw new Error(`the bundle is more than one file: ${more.map((one) => one.fileName)}`);
    const text = `${BANNER}\n${asciiOnly(readFileSync(outFile, 'utf8').replace(/^#!.*\n/, ''))}`;
    writeFileSync(outFile, text);
    chmodSync(outFile, 0o755);
    const modules = Object.keys(chunk.modules).filter((id) => !id.startsWith('\0'));
    return { bytes: text.length, modules: modules.map((id) => relative(ROOT, id)).sort() };
  } finally {
    await build.close();
  }
}

/** Leaves out the modules of commands that a server doesn't need, and tells the program which ones it has. */
function onlyBundledCommands(): Plugin {
  const bundled: ReadonlySet<string> = new Set(BUNDLED_COMMANDS);
  return {
    name: 'only-bundled-commands',
    resolveId(source, importer, { kind }) {
      if (importer !== PROGRAM) return undefined;
      const name = /^\.\/(.+)\.ts$/.exec(source)?.[1];
      return kind === 'dynamic-import' && name !== undefined && !bundled.has(name) ? '\0left-out' : undefined;
    },
    load(id) {
      if (id === '\0left-out') return 'export {};';
      if (id === resolve(ROOT, 'src/commands/shipped.ts'))
        return `export const SHIPPED_COMMANDS = ${JSON.stringify(BUNDLED_COMMANDS)}; export const IS_WHOLE_PACKAGE = false;`;
      return undefined;
    },
  };
}

/**
 * Loads Node's own modules at their first use rather than at the start: an idle agent then never loads TLS, zlib or
 * child_process. A module that is a function (`events`) or must keep its `this` (`process`) is loaded as usual.
 */
function builtinsOnDemand(): Plugin {
  const require = createRequire(import.meta.url);
  return {
    name: 'builtins-on-demand',
    resolveId: (source, importer) =>
      source.startsWith('node:') && !importer?.startsWith('\0') ? `\0on-demand:${source}.cjs` : undefined,
    load(id) {
      if (!id.startsWith('\0on-demand:')) return undefined;
      const name = id.slice('\0on-demand:'.length, -'.cjs'.length);
      const builtin = require(name) as object;
      if (typeof builtin !== 'object' || name === 'node:process') return `module.exports = require('${name}');`;
      const getters = Object.keys(builtin).map((key) => `get ${key}() { return load().${key}; }`);
      return `let loaded; const load = () => (loaded ??= require('${name}')); module.exports = { ${getters.join(', ')} };`;
    },
  };
}

/** V8 holds a text with a single character beyond Latin-1 in two bytes a character: escaped, the source takes half. */
function asciiOnly(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist/nervesys-agent.cjs' } } });
  const file = resolve(ROOT, values.out);
  const { bytes, modules } = await bundleAgent(file);
  console.log(`${relative(process.cwd(), file)}: ${(bytes / 1000).toFixed(0)} KB of ${modules.length} modules`);
}
