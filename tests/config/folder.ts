import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/index.ts';
import { NervesysError } from '../../src/platform/errors.ts';

/** A configuration folder with these files, removed when the test ends. */
export async function configFolder(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'nervesys-config-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, file)), { recursive: true });
    await writeFile(path.join(dir, file), text);
  }
  return dir;
}

/** The complaints about a folder with these files; fails the test by being empty when there are none. */
export async function complaintsOf(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const dir = await configFolder(t, files);
  try {
    await loadConfig(dir);
    return [];
  } catch (error) {
    if (!(error instanceof NervesysError) || error.code !== 'NSV_CONFIG_INVALID') throw error;
    return error.facts['complaints'] as string[];
  }
}
