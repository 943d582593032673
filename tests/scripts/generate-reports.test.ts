/** The script for back-filling: a real shell, with a command that says what it was called with. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freshEnvironment } from '../support/running-system.ts';
import { tempDir } from '../support/temp-dir.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/generate_reports.sh');

async function scriptOf(t: TestContext) {
  const folder = await tempDir(t);
  const command = join(folder, 'command.sh');
  await writeFile(command, 'for one in "$@"; do printf "<%s>" "$one"; done\nexit 3\n');
  return (...args: string[]) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((done) => {
      const env = freshEnvironment(folder, { NERVESYS_COMMAND: `sh ${command}` });
      execFile('sh', [SCRIPT, ...args], { env }, (error, stdout, stderr) =>
        done({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
}

test('a range is handed on with what else was given, whole words as whole words, and the exit code comes back', async (t) => {
  const script = await scriptOf(t);

  const plain = await script('2025-12-01', '2025-12-10');
  const much = await script(
    '2025-W01',
    '2025-W50',
    '--out',
    'my reports',
    '--kind',
    'weekly',
    '--again',
    '--lang',
    'he',
  );

  assert.equal(plain.status, 3);
  assert.equal(plain.stdout, '<report><daily><--from><2025-12-01><--to><2025-12-10><--missing>');
  assert.equal(much.stdout, '<report><weekly><--from><2025-W01><--to><2025-W50><--out><my reports><--lang><he>');
});

test('without a range, or with no kind that there is, nothing is called', async (t) => {
  const script = await scriptOf(t);

  for (const args of [
    [],
    ['2025-12-01'],
    ['--kind', 'daily'],
    ['2025-12-01', ''],
    ['2025-12-01', '2025-12-02', '--kind'],
    ['2025-12-01', '2025-12-02', '--kind', 'hourly; touch /tmp/x'],
  ]) {
    const { status, stdout } = await script(...args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
  }
  const help = await script('--help');
  assert.equal(help.status, 0);
  assert.match(help.stdout, /generate_reports\.sh FROM TO[\s\S]*Ends with 0/);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
test('shellcheck finds nothing in it', { skip: hasShellcheck ? false : 'shellcheck is not installed' }, () => {
  const { status, stdout } = spawnSync('shellcheck', [SCRIPT], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});
