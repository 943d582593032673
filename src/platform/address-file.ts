import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a running part can be reached, as its home notes it for the command line of this machine. */
export interface NotedAddress {
  readonly url: string;
  readonly socket?: string | null;
  /** Of an HTTPS address: the certificate to trust, in PEM. */
  readonly authority?: string;
  readonly pid: number;
}

/** The note's path in a part's folder, `<home>/agent` or `<home>/orchestrator`. */
export function addressFile(folder: string): string {
  return join(folder, 'address.json');
}

/**
 * Notes this process's address: whole or not at all, but not synced, since no process outlives a power loss. Where it can't be noted, the note of
 * an earlier process goes all the same: it leads nowhere.
 */
export async function noteAddress(folder: string, address: Omit<NotedAddress, 'pid'>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = addressFile(folder);
  try {
    await writeFile(`${path}.new`, `${JSON.stringify({ ...address, pid: process.pid } satisfies NotedAddress)}\n`);
    await rename(`${path}.new`, path);
  } catch (error) {
    for (const note of [`${path}.new`, path]) await rm(note, { force: true });
    throw error;
  }
}

/** Removes the note, unless another process has written its own meanwhile. */
export async function forgetAddress(folder: string): Promise<void> {
  const path = addressFile(folder);
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    if ((JSON.parse(text) as Partial<NotedAddress>).pid === process.pid) await rm(path, { force: true });
  } catch {
    await rm(path, { force: true }); // not ours to read, and no use to anybody
  }
}
