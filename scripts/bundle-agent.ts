/**
 * `npm run bundle:agent`: everything `nervesys agent` needs in one CommonJS file, for servers that have Node and nothing else.
 * Stripping types at run time and linking some hundred ES modules cost an idle agent 45 MB of memory, which one file saves.
 *
 *   node scripts/bundle-agent.ts [--out dist/nervesys-agent.cjs]
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, posix, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'; // comes with vite, which builds the page with it
import { builtInConfig } from '../src/config/index.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PROGRAM = resolve(ROOT, 'src/commands/program.ts');
/** The files that load commands on demand. */
const PROGRAM_FILES: ReadonlySet<string> = new Set([
  PROGRAM,
  ...['alerts', 'model', 'people', 'report', 'triage'].map((part) => resolve(ROOT, `src/commands/program-${part}.ts`)),
]);
/** What a server needs; everything else asks an orchestrator or is one. By the module that `program.ts` loads on demand. */
export const BUNDLED_COMMANDS = [
  'agent',
  'exec',
  'buffer',
  'buffer-dump',
  'doctor',
  'config',
  'model',
  'model-pull',
  'model-test',
  'model-serve',
] as const;
/** What an agent that has nothing to do has loaded: these, and what they import. Only memory depends on it: whatever isn't here is there when it is used. */
const LOADED_WHEN_IDLE = [
  'main',
  'commands/plain-agent',
  'commands/agent',
  'agent/agent',
  'agent/upgrade/program-folder',
  'config/read-server-part',
  'agent/config-sync/changes',
] as const;
/** Importing one of them does nothing by itself, so what only hands on (a folder's index) is left out. */
const SOURCES = `${resolve(ROOT, 'src')}/`;
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
    treeshake: { moduleSideEffects: (id) => !id.startsWith(SOURCES) },
    plugins: [onlyBundledCommands()],
  });
  try {
    const { output } = await build.generate({
      format: 'cjs',
      preserveModules: true,
      // The source of an idle agent is memory, at three times its length. Functions and classes keep their names, which are what a stack trace
      // tells; local ones are cut. Compressing further would break the form in which `oneFile` finds imports of Node's own modules.
      minify: { mangle: { toplevel: false, keepNames: true }, compress: false, codegen: true },
    });
    const chunks = output.filter((one) => one.type === 'chunk');
    const text = asciiOnly(oneFile(chunks));
    mkdirSync(dirname(outFile), { recursive: true });
    writeFileSync(outFile, text);
    chmodSync(outFile, 0o755);
    const modules = chunks.flatMap((chunk) => Object.keys(chunk.modules)).filter((id) => !id.startsWith('\0'));
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
      if (importer === undefined || !PROGRAM_FILES.has(importer)) return undefined;
      const name = /^\.\/(.+)\.ts$/.exec(source)?.[1];
      return kind === 'dynamic-import' && name !== undefined && !bundled.has(name) ? '\0left-out' : undefined;
    },
    async load(id) {
      if (id === '\0left-out') return 'export {};';
      if (id === resolve(ROOT, 'src/config/built-in.ts')) return readyMade(await builtInConfig());
      if (id === resolve(ROOT, 'src/commands/shipped.ts'))
        return `export const SHIPPED_COMMANDS = ${JSON.stringify(BUNDLED_COMMANDS)}; export const IS_WHOLE_PACKAGE = false;`;
      return undefined;
    },
  };
}

/** The module that gives the defaults, with them written out. */
function readyMade(config: unknown): string {
  const freeze =
    'const freeze = (value) => { if (value && typeof value === "object") { Object.values(value).forEach(freeze); Object.freeze(value); } return value; };';
  return `${freeze}\nlet config;\nexport const builtInConfig = async () => config ??= freeze(${literal(config)});\n`;
}

/** A value as JavaScript, absent ones too: what is absent by default is a key that may be given. */
function literal(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return `[${value.map(literal).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}:${literal(each)}`)
    .join(',')}}`;
}

/** What rolldown writes for the import of a module of Node's own, and to give it the shape for a default import. */
const BUILTIN_IMPORT = /let (node_\w+)=require\("(node:[\w/]+)"\);(?:\1=\w+\.__toESM\(\1,1\);)?/g;

/**
 * Modules of the bundle by their name, and Node's own at the first use of something in them. What modules see of this begins with `$`, so that
 * no name of their own hides it. A function that isn't called doesn't hold the text in it: of a frozen group only the source is in memory.
 */
const LOADER = `
const loaded=new Map;
const $load=name=>{let module=loaded.get(name);if(module===undefined){module={exports:{}};loaded.set(name,module);(modules[name]??thaw(name))(module.exports)}return module.exports};
const onDemand=(load,names)=>{const module={};for(const name of names.split(" "))Object.defineProperty(module,name,{configurable:true,get(){const value=name==="default"?load():load()[name];Object.defineProperty(module,name,{value});return value}});return module};
`;

/** Modules by what they are of, deflated: a group is compiled as a whole, at the first use of one of its modules. */
const THAW = `
const groupOf=name=>name.slice(0,name.lastIndexOf("/")).split("/",3).join("/");
const thawed=new Map;
const thaw=name=>{const group=groupOf(name);let found=thawed.get(group);if(found===undefined){const vm=require("node:vm");const text=require("node:zlib").inflateRawSync(Buffer.from(frozen[group](),"base64")).latin1Slice();found=vm.compileFunction(text,["require","__filename","__dirname","$load","$builtins"],{filename:__filename+":"+group,importModuleDynamically:vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER})(require,__filename,__dirname,$load,$builtins);thawed.set(group,found)}return found[name]};
`;

function groupOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/')).split('/', 3).join('/');
}

/** What an idle agent has loaded, by file name. */
function loadedWhenIdle(chunks: readonly OutputChunk[]): ReadonlySet<string> {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set<string>();
  const add = (name: string) => {
    const chunk = byName.get(name);
    if (chunk === undefined || loaded.has(name)) return;
    loaded.add(name);
    for (const imported of chunk.imports) add(imported);
  };
  for (const module of LOADED_WHEN_IDLE) add(`src/${module}.js`);
  return loaded;
}

/**
 * Puts the modules into one file, each in a function of its own. In one common scope, as bundlers like it, V8 has to look at all
 * of them at once when the file is compiled, and the memory for that is never given back: 3 MB.
 *
 * What an idle agent doesn't load is most of it, and the source of a script stays in memory as long as the script: that part stands deflated.
 *
 * Node's own modules are loaded at their first use, not at the start: an idle agent then never loads TLS, zlib or child_process.
 */
function oneFile(chunks: readonly OutputChunk[]): string {
  const used = new Map<string, Set<string>>();
  const idle = loadedWhenIdle(chunks);
  const frozen = new Map<string, string[]>();
  const modules = chunks.flatMap(({ fileName, code }) => {
    const body = code
      .replace(/^#!.*\n/, '')
      .replace(BUILTIN_IMPORT, (_, variable: string, builtin: string) => {
        const names = used.get(builtin) ?? new Set();
        for (const [, name] of code.matchAll(new RegExp(`\\b${variable}\\.([\\w$]+)`, 'g'))) names.add(name!);
        used.set(builtin, names);
        return `const ${variable}=$builtins["${builtin}"];`;
      })
      .replace(
        /\brequire\("(\.[^"]+)"\)/g,
        (_, path: string) => `$load("${posix.join(posix.dirname(fileName), path)}")`,
      );
    const module = asciiOnly(`"${fileName}"(exports){${body.trim()}\n}`);
    if (idle.has(fileName)) return [module];
    const group = groupOf(fileName);
    frozen.set(group, [...(frozen.get(group) ?? []), module]);
    return [];
  });
  const groups = [...frozen].map(([group, texts]) => {
    const deflated = deflateRawSync(`return {${texts.join(',\n')}};`, { level: 9 });
    return `"${group}":()=>"${deflated.toString('base64')}"`;
  });
  const builtins = [...used].map(
    ([name, names]) => `"${name}":onDemand(()=>require("${name}"),"${[...names].join(' ')}")`,
  );
  return `${BANNER}${LOADER}const $builtins={${builtins.join(',\n')}};${THAW}const frozen={${groups.join(',\n')}};\nconst modules={${modules.join(',\n')}};\n$load("${chunks[0]!.fileName}");\n`;
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
