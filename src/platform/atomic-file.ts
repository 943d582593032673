import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomHex } from './random.ts';

/**
 * Writes a small file so that at every instant, and after a power loss, the old or the new content stands there whole.
 * Creates the folder (0700) where it is missing. Rejects with Node's own errors; nothing is left behind then.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomHex(4)}.tmp`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  const parent = await open(folder, 'r');
  try {
    await parent.sync(); // the new name itself must survive a power loss
  } finally {
    await parent.close();
  }
}

/** Removes what processes that were killed while they wrote `path` have left. Nobody may be writing it just now. */
export async function removeDrafts(path: string): Promise<void> {
  const folder = dirname(path);
  const isDraft = (name: string) =>
    name.startsWith(`${basename(path)}.`) && /^[0-9a-f]{8}\.tmp$/.test(name.slice(basename(path).length + 1));
  for (const name of await readdir(folder)) if (isDraft(name)) await rm(join(folder, name), { force: true });
}
