/** How git is run: where it is looked for, what it may reach, and what a look that is cut off leaves behind. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRepository } from '../../../support/git-repository.ts';
import { standIn } from '../../../support/stand-in-program.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const GOOD = { 'agents/grok.yaml': 'role: Reviewer\n' };

test('git is looked for where the service looks for programs, then in the usual folders', async (t) => {
  const folder = await tempDir(t);
  const bin = await standIn(folder, 'git', `echo "$PATH" >> '${folder}/ran'; exec "$REAL" "$@"`);

  for (const searchPath of [undefined, '', `${bin}:/opt/there-is-none::relative:.`]) {
    const { pushed, read } = await openRepository(t, { searchPath });
    await pushed.push(GOOD);
    assert.notEqual((await read()).config, undefined, `${searchPath}`);
  }

  const [path = ''] = (await readFile(join(folder, 'ran'), 'utf8')).split('\n');
  const parts = path.split(':');
  assert.ok(parts.includes('/opt/there-is-none') && parts.includes('/usr/bin'), path);
  assert.ok(
    parts.every((part) => part.startsWith('/')),
    path,
  );
});
