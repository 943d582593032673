import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, NervesysError } from '../platform/errors.ts';

/**
 * Copies the example configuration to `toDir` (`<home>/config`) where nothing stands yet; `false`: something did, and was left
 * alone. It appears whole or not at all: it is copied beside its place and renamed.
 */
export async function copyExampleConfig(fromDir: string, toDir: string): Promise<boolean> {
  const partial = `${toDir}.partial`;
  try {
    if (await exists(toDir)) return false;
    await mkdir(path.dirname(toDir), { recursive: true });
    await rm(partial, { recursive: true, force: true }); // left by one that was killed
    await cp(fromDir, partial, { recursive: true });
    await rename(partial, toDir);
    return true;
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined); // the first error is the one to tell
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') return false; // another one was faster
    throw new NervesysError('NSV_HOME_UNUSABLE', `copy the example configuration to ${toDir}`, { cause: error });
  }
}

/**
 * The same into a folder that may be there already, as of a repository that was just made: nothing that stands in it is touched, and where
 * settings do, nothing is written. Returns what is in the way: none, and the example is there.
 */
export async function addExampleConfig(fromDir: string, toDir: string): Promise<readonly string[]> {
  if (await copyExampleConfig(fromDir, toDir)) return [];
  try {
    const [ours, theirs] = [await readdir(fromDir), await readdir(toDir)];
    const inTheWay = theirs.filter((name) => ours.includes(name) || /^[^.].*\.ya?ml$/i.test(name));
    if (inTheWay.length > 0) return inTheWay.sort();
    // Name by name: the folder itself may be where somebody's shell stands.
    for (const name of ours) await cp(path.join(fromDir, name), path.join(toDir, name), { recursive: true });
    return [];
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return [path.basename(toDir)];
    throw new NervesysError('NSV_HOME_UNUSABLE', `copy the example configuration to ${toDir}`, { cause: error });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
