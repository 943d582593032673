import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findFiles, fixedPrefix } from '../../../../src/agent/sources/file-tail/find-files.ts';
import { tempDir } from '../../../support/temp-dir.ts';

async function folder(t: TestContext): Promise<string> {
  const dir = await tempDir(t);
  for (const path of ['a.log', 'b.log', 'b.log.1', '.hidden.log', 'a+b(1).log', 'x/a.log', 'x/y/deep.log']) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), '');
  }
  await symlink(join(dir, 'x'), join(dir, 'link'));
  return dir;
}

const CASES: readonly [pattern: string, found: readonly string[]][] = [
  ['a.log', ['a.log']],
  ['nothing.log', ['nothing.log']], // a plain path stands for itself, there or not
  ['*.log', ['a+b(1).log', 'a.log', 'b.log']],
  ['?.log', ['a.log', 'b.log']],
  ['b.log*', ['b.log', 'b.log.1']],
  ['.*.log', ['.hidden.log']],
  ['a+b(*).log', ['a+b(1).log']],
  ['{a,b}.log', ['a.log', 'b.log']],
  ['[ab].log', ['a.log', 'b.log']],
  ['*/a.log', ['x/a.log']],
  ['link/*.log', ['link/a.log']],
  ['x/**/*.log', ['x/a.log', 'x/y/deep.log']],
  ['missing/*.log', []],
];
for (const [pattern, found] of CASES)
  test(`${pattern} finds ${found.join(', ') || 'nothing'}`, async (t) => {
    const dir = await folder(t);

    const paths = await findFiles(join(dir, pattern));

    assert.deepEqual(paths.map((path) => path.slice(dir.length + 1)).sort(), found);
  });

test('the part of a pattern before its first wildcard is where all of its paths begin', () => {
  assert.deepEqual(['/var/log/*.log', '/var/log/a.log', '/var/{a,b}/c'].map(fixedPrefix), [
    '/var/log/',
    '/var/log/a.log',
    '/var/',
  ]);
});
