import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Puts a shell script in the place of a program: answers the folder to look for it in. In `script`, `$REAL` is the true program, where this
 * machine has one.
 */
export async function standIn(folder: string, program: string, script: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, program), `#!/bin/sh\nREAL='${whereIs(program) ?? ''}'\n${script}\n`, { mode: 0o755 });
  return bin;
}

/** The absolute path of a program of this machine; `undefined` where there is none. */
export function whereIs(program: string): string | undefined {
  try {
    const path = `${process.env['PATH']}:/usr/sbin:/sbin`;
    return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8', env: { PATH: path } }).trim();
  } catch {
    return undefined;
  }
}
