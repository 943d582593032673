import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/**
 * What was compiled once isn't compiled again: most commands take half the time. It is kept beside the packages, as theirs; where nobody may
 * write there, and in the one-file agent, nothing is.
 */
export function keepCompiled(): void {
  const packages = join(import.meta.dirname, '../../node_modules');
  if (existsSync(packages)) enableCompileCache(join(packages, '.cache/nervesys'));
}
