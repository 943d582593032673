import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ServerName } from '../../contract/ids.ts';
import { parseServerName } from '../../contract/ids.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';

/** What an enrolled server keeps: where its orchestrator is, its own revocable key, and its name. */
export interface ServerKey {
  readonly url: string;
  readonly key: string;
  readonly server: ServerName;
  /** SHA-256 of the token it enrolled with, hex: a new token can be told from the old one without keeping it. */
  readonly tokenSha256?: string;
  /** The certificate (PEM) by which its orchestrator is known: that of the token's fingerprint. */
  readonly authority?: string | undefined;
}

export function keyFilePath(home: string): string {
  return join(home, 'agent', 'agent.key');
}

/**
 * The stored key; `undefined` when there is none, `damaged` when the file is not one.
 * @throws NervesysError `NSV_HOME_UNUSABLE` when it can't be read.
 */
export async function readKeyFile(home: string): Promise<ServerKey | 'damaged' | undefined> {
  const path = keyFilePath(home);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new NervesysError('NSV_HOME_UNUSABLE', `read the server's key ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    const { url, key, server, token_sha256, authority } = JSON.parse(text);
    const name = typeof server === 'string' ? parseServerName(server) : undefined;
    if (typeof url !== 'string' || typeof key !== 'string' || key === '' || name === undefined) return 'damaged';
    return {
      url,
      key,
      server: name,
      ...(typeof token_sha256 === 'string' ? { tokenSha256: token_sha256 } : {}),
      ...(typeof authority === 'string' ? { authority } : {}),
    };
  } catch {
    return 'damaged'; // never with the parser's message: it quotes the text, which holds the key
  }
}

/**
 * Fails where a key could not be kept, before a token is spent on one.
 * @throws NervesysError `NSV_HOME_UNUSABLE`
 */
export async function checkKeyCanBeKept(home: string): Promise<void> {
  const folder = dirname(keyFilePath(home));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new NervesysError('NSV_HOME_UNUSABLE', `keep the server's key in ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Keeps the key durably, readable by its owner alone. */
export async function writeKeyFile(
  home: string,
  { url, key, server, tokenSha256, authority }: ServerKey,
): Promise<void> {
  const path = keyFilePath(home);
  const json = JSON.stringify({
    url,
    key,
    server,
    ...(tokenSha256 === undefined ? {} : { token_sha256: tokenSha256 }),
    ...(authority === undefined ? {} : { authority }),
  });
  try {
    await writeFileAtomic(path, `${json}\n`);
  } catch (error) {
    throw new NervesysError('NSV_HOME_UNUSABLE', `keep the server's key in ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
