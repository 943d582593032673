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

/** What whoever put a report noted beside it, there on the shelf. */
export interface StandingReport {
  readonly version: number;
  readonly sha256: string;
  readonly knows: number | null;
}

/** `unmarked`: something stands there of which that isn't known. `undefined`: nothing stands there. */
export type Standing = StandingReport | 'unmarked' | undefined;

/**
 * Writes down that this file is on its way to the place that `key` names. `false`: a later version was there before, and must stay. Versions
 * are compared by the notes and not by what stands on the shelf, so that a database begun anew may count from 1 again; but what these notes don't
 * know of is not theirs to replace with less. Rejects with `NSV_SHELF_KEEPS_MORE`, and has noted nothing then.
 */
export async function claimPlace(
  shelf: string,
  notes: ShelfNotes,
  key: string,
  file: Pick<ShelfFile, 'path' | 'version' | 'sha256' | 'knows' | 'replaces'>,
  look: () => Promise<Standing>,
): Promise<boolean> {
  const { version, sha256 } = file;
  const own = `${version} ${sha256}`;
  const before = await notes.read(key);
  if (before !== undefined && versionOf(before) > version) return false;
  if (file.replaces !== true) {
    const standing = await look();
    if (standing !== undefined && !mayReplace(before, standing, file)) throw keepsMore(shelf, file, standing);
  }
  let noted = before ?? (await notes.claim(key, own));
  while (versionOf(noted) <= version && noted !== own) noted = await notes.replace(key, noted, own);
  return versionOf(noted) === version;
}

/** A note is the version and its SHA-256; older ones are the version alone. */
function versionOf(note: string): number {
  return Number(note.split(' ')[0]);
}

function mayReplace(
  note: string | undefined,
  standing: Exclude<Standing, undefined>,
  { sha256, knows }: Pick<ShelfFile, 'sha256' | 'knows'>,
): boolean {
  if (standing === 'unmarked') return note !== undefined; // by an older program, or people have changed it
  if (standing.sha256 === sha256) return true;
  if (note !== undefined) {
    const [version, noted] = note.split(' ');
    if (noted === undefined ? standing.version <= Number(version) : standing.sha256 === noted) return true;
  }
  return knows !== null && standing.knows !== null && knows >= standing.knows;
}

function keepsMore(shelf: string, { path, version }: Pick<ShelfFile, 'path' | 'version'>, standing: Standing) {
  const there =
    typeof standing === 'object' ? `version ${standing.version} stands there, which knows more` : 'a file stands there';
  return new NervesysError(
    'NSV_SHELF_KEEPS_MORE',
    `shelf ${shelf}: put ${path}: ${there}, and this database, which has version ${version}, did not put it there`,
    { hint: 'was an older backup restored? It stays until somebody puts this one in its place' },
  );
}

/** As it is noted in a file beside the report. */
export function markOf({ version, sha256, knows, bytes }: ShelfFile): Uint8Array {
  return Buffer.from(JSON.stringify({ version, sha256, knows, bytes: bytes.length }));
}

/** `unmarked` where there is no mark, or it is of another file than the one of this size that stands there. */
export function readMark(mark: Uint8Array | undefined, sizeBytes: number): Standing {
  try {
    const { version, sha256, knows, bytes } = JSON.parse(Buffer.from(mark ?? []).toString()) as Record<string, unknown>;
    if (bytes !== sizeBytes || typeof version !== 'number' || typeof sha256 !== 'string') return 'unmarked';
    return { version, sha256, knows: typeof knows === 'number' ? knows : null };
  } catch {
    return 'unmarked';
  }
}
