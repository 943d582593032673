import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, NervesysError } from '../platform/errors.ts';
import { randomHex } from '../platform/random.ts';
import { looksLikeSecret, newSecret } from './api/secrets.ts';

/**
 * The API key of this machine's command line, made once: in a file that only its owner can read. Whoever can read it may do
 * everything here, which is whoever could read the database files anyway.
 */
export async function readOrMakeAdminKey(path: string): Promise<string> {
  const known = await readKey(path);
  if (known !== undefined) return known;
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomHex(4)}`;
  try {
    await writeFile(fresh, `${newSecret()}\n`, { mode: 0o600, flag: 'wx' });
    // link, unlike rename, doesn't replace the key that another process made at this instant.
    await link(fresh, path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fresh, { force: true });
  }
  return (await readKey(path)) as string;
}

async function readKey(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (looksLikeSecret(text.trim())) return text.trim();
  throw new NervesysError('NSV_SETTING_INVALID', `${path} does not hold a key`, {
    hint: 'remove the file; the next start makes a new one',
  });
}
