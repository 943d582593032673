import assert from 'node:assert/strict';
import { sha256Hex } from '../platform/digest.ts';
import { NervesysError } from '../platform/errors.ts';
import { keyComplaint } from './object-path.ts';
import type { ShelfFile, ShelfNotes } from './shelf.ts';

/** Refuses with `NSV_SHELF_REJECTED` a path that would lead elsewhere, or that not every shelf can hold. */
export function checkShelfFile(shelf: string, { path, bytes, sha256 }: ShelfFile): void {
  const complaint =
    keyComplaint(path) ?? (path.split('/').some((part) => part.endsWith(' ')) ? 'ends in a blank' : undefined);
  if (complaint !== undefined)
    throw new NervesysError(
      'NSV_SHELF_REJECTED',
      `shelf ${shelf}: the path ${JSON.stringify(path.slice(0, 200))} ${complaint}`,
    );
  assert.equal(sha256Hex(bytes), sha256, `${path} is not what its SHA-256 says`);
}

/** What `put` and `check` reject with once a shelf is closed; who holds it may open it anew. */
export function closedError(shelf: string): NervesysError {
  return new NervesysError('NSV_SHELF_UNREACHABLE', `shelf ${shelf}: it is closed`, { retryable: true });
}

/**
 * Writes down that this version is on its way to the place that `key` names. `false`: a later one was there before, and must stay. Versions
 * are compared by the notes and not by what stands on the shelf, so that a database begun anew may count from 1 again.
 */
export async function claimVersion(notes: ShelfNotes, key: string, version: number): Promise<boolean> {
  let standing = await notes.claim(key, String(version));
  while (Number(standing) < version) standing = await notes.replace(key, standing, String(version));
  return Number(standing) === version;
}
