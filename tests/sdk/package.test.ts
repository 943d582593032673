import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from '../repository/sources.ts';

const MANIFEST = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

test('what the package exports is built from a file that exists, and is found by import and require alike', () => {
  const entries = Object.entries<{ types: string; default: string }>(MANIFEST.exports).filter(
    ([name]) => name !== './package.json',
  );

  assert.deepEqual(
    entries.map(([name]) => name),
    ['./logger', './pino', './winston'],
  );
  for (const [name, target] of entries) {
    // pino looks its transports up as require does: a condition `import` would hide them from it.
    assert.deepEqual(target, { types: `./dist/sdk${name.slice(1)}.d.ts`, default: `./dist/sdk${name.slice(1)}.js` });
    assert.ok(existsSync(path.join(ROOT, 'src/sdk', `${name}.ts`)), name);
  }
});

test('the SDK has no await at top level: require could not load it', () => {
  const found = sourceFiles('src/sdk/*.ts').filter(({ code }) => /^await\b|^(?:const|let) .*= await\b/m.test(code));

  assert.deepEqual(found, []);
});
