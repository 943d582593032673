import { glob, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * The paths that a pattern stands for now; a folder that isn't there (yet) has none. `*` and `?` are characters of one name, `**`
 * folders. The common case, a pattern in the last name only, is one listing of one folder: this runs each second on an idle host.
 * Folders that are symbolic links are entered when the pattern names them, not when a wildcard stands for them.
 */
export async function findFiles(pattern: string): Promise<string[]> {
  if (!MAGIC.test(pattern)) return [pattern];
  const folder = dirname(pattern);
  const name = basename(pattern);
  if (MAGIC.test(folder) || COMPLEX.test(name) || name.includes('**')) return collect(glob(pattern));
  const matches = nameMatcher(name);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return []; // not there yet, or not ours to read: looked at again in a second
  }
  return names.filter(matches).map((found) => join(folder, found));
}

/** The part of a pattern before its first wildcard: every path it stands for begins so. */
export function fixedPrefix(pattern: string): string {
  const at = pattern.search(MAGIC);
  return at === -1 ? pattern : pattern.slice(0, at);
}

const MAGIC = /[*?[{]/;
const COMPLEX = /[[{]/;

async function collect(paths: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const path of paths) found.push(path);
  return found;
}

function nameMatcher(name: string): (found: string) => boolean {
  const source = name
    .replaceAll(/[.+^$()|\\}\]]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (found) => expression.test(found) && (name.startsWith('.') || !found.startsWith('.'));
}
