import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ENVIRONMENT, type EnvironmentEntry } from '../../src/commands/settings.ts';
import { linesThatMatch, ROOT, sourceFiles } from './sources.ts';

const EXAMPLE = path.join(ROOT, '.env.example');

test('.env.example lists exactly the settings that the commands read (UPDATE=1 writes it)', () => {
  const expected = envExample(ENVIRONMENT);
  if (process.env['UPDATE'] === '1') writeFileSync(EXAMPLE, expected);

  assert.equal(readFileSync(EXAMPLE, 'utf8'), expected, 'run UPDATE=1 npm test -- env-example');
});

test('only src/commands/settings.ts reads the environment, and the logger within other people’s programs', () => {
  const readers = ['src/commands/settings.ts', 'src/sdk/logger.ts'];
  const others = sourceFiles().filter(({ file }) => !readers.includes(file));

  assert.deepEqual(linesThatMatch(others, /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/), []);
});

test('no setting has a value in .env.example, so that copying it changes nothing', () => {
  const lines = readFileSync(EXAMPLE, 'utf8').split('\n');

  assert.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('#')),
    [],
  );
});

function envExample(settings: readonly EnvironmentEntry[]): string {
  const blocks = settings.map(({ name, meaning, secret, default: byDefault }) => {
    const comments = [
      `# ${meaning}`,
      ...(byDefault === null ? [] : [`# Default: ${byDefault}.`]),
      ...(secret ? [`# A secret: better in a file that only Nervesys may read, named by ${name}_FILE.`] : []),
    ];
    return [...comments, `# ${name}=`].join('\n');
  });
  return `# The settings that Nervesys reads from its environment; everything else is in config/ (docs/CONFIG.md).
# To use this file: copy it to .env, fill in what you need, and start with \`node --env-file=.env src/main.ts up\`.
# Written from src/commands/settings.ts by \`UPDATE=1 npm test -- env-example\`; a test keeps both equal.

${blocks.join('\n\n')}
`;
}
