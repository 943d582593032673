import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatTar } from '../../src/platform/tar.ts';
import { tempDir } from '../support/temp-dir.ts';

const AT = Date.parse('2026-03-01T10:20:30.400Z');
const FILES = [
  'storage.yaml',
  'agents/grok.yaml',
  'agents/empty.yaml',
  `agents/${'long'.repeat(60)}.yaml`,
  'agents/סוכן.yaml',
  `agents/${'א'.repeat(44)}.yaml`,
  `agents/${'b'.repeat(89)}.yaml`, // 101 characters in all
  ...[85, 86, 87, 88, 89].map((length) => `c${'ג'.repeat(length)}`), // lengths of records around 100 and more digits
].map((name, index) => ({ name, body: Buffer.from(name.includes('empty') ? '' : 'x: 1\n'.repeat(index * 60 + 1)) }));

test('tar opens what was written, with every name, text and time', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'a.tar');
  await writeFile(path, formatTar(FILES, AT));

  const said = execFileSync('tar', ['-xvf', path, '-C', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  assert.equal(said.trim().split('\n').length, FILES.length);
  for (const { name, body } of FILES) {
    assert.deepEqual(readFileSync(join(folder, name)), body, name);
    assert.equal(statSync(join(folder, name)).mtimeMs, Math.floor(AT / 1_000) * 1_000, name);
  }
});

test('the same files give the same bytes, in whatever order they come', () => {
  assert.deepEqual(formatTar(FILES.toReversed(), AT + 300), formatTar(FILES, AT));
  assert.notDeepEqual(formatTar(FILES, AT + 1_000), formatTar(FILES, AT));
  assert.equal(formatTar([], AT).length, 1024);
});
