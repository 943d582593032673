import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './sources.ts';

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

test('every link between the documents leads to a file, and to a heading in it', () => {
  const broken = DOCUMENTS.flatMap((document) => {
    const text = readFileSync(path.join(ROOT, document), 'utf8');
    return [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => {
        const [file = '', heading] = link.split('#');
        const target = file === '' ? document : path.join(path.dirname(document), file);
        if (!existsSync(path.join(ROOT, target))) return true;
        return heading !== undefined && !headings(path.join(ROOT, target)).includes(heading);
      })
      .map((link) => `${document}: ${link}`);
  });

  assert.deepEqual(broken, []);
});

test('every command in the documents exists, with its options', () => {
  const documented = DOCUMENTS.filter((document) => !document.endsWith('PLAN.md')).flatMap((document) =>
    commandsIn(readFileSync(path.join(ROOT, document), 'utf8')).map((command) => ({ document, command })),
  );
  assert.ok(documented.length > 10, 'the documents hold hardly any command: is this test looking for the right thing?');

  const helps = new Map<string, string>();
  const helpOf = (words: string): string => {
    const known = helps.get(words);
    if (known !== undefined) return known;
    const args = [path.join(ROOT, 'src/main.ts'), ...words.split(' '), '--help'];
    const help = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    helps.set(words, help);
    return help;
  };
  const wrong = documented.flatMap(({ document, command: { words, options } }) => {
    const help = helpOf(words);
    const unknown = options.filter((option) => !help.includes(option));
    const isItsOwn = help.startsWith(`Usage: nervesys ${words}`);
    return isItsOwn && unknown.length === 0 ? [] : [`${document}: nervesys ${words} ${unknown.join(' ')}`];
  });

  assert.deepEqual(wrong, []);
});

interface DocumentedCommand {
  /** `token create`. */
  readonly words: string;
  readonly options: readonly string[];
}

const GROUPS: ReadonlySet<string> = new Set([
  'alerts',
  'archive',
  'audit',
  'config',
  'model',
  'people',
  'report',
  'rules',
  'token',
  'triage',
]);

/** `npm start …`, `npm run nervesys -- …` and `` `nervesys …` ``, without what they hand on to other programs. */
function commandsIn(text: string): readonly DocumentedCommand[] {
  const lines = [
    ...[...text.matchAll(/npm start(?: -- ([^\n`|]*))?/g)].map(([, rest = '']) => `up ${rest}`),
    ...[...text.matchAll(/npm run nervesys -- ([^\n`|]+)/g)].map(([, rest = '']) => rest),
    ...[...text.matchAll(/`nervesys ([^\n`]+)`/g)].map(([, rest = '']) => rest),
  ];
  return lines.map((line) => {
    const own = line
      .split(/ -- | #/)[0]!
      .trim()
      .split(/\s+/);
    const plain = own.filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'));
    const words = GROUPS.has(plain[0]!) ? plain.slice(0, 2) : plain.slice(0, 1);
    return { words: words.join(' '), options: own.filter((word) => word.startsWith('--')) };
  });
}

/** Anchors as GitHub makes them from headings. */
function headings(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
