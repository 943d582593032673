import type { BatchManifest } from '../../contract/batch.ts';
import { readManifest } from '../../contract/batch-object.ts';
import type { Archive, ArchiveObject } from '../../storage/archive.ts';
import type { BatchRow } from './batch-rows.ts';

/** A manifest lies within this many first bytes of an object: 64 KiB of extra field, and the frame around it. */
const MANIFEST_BYTES_MAX = 65_600;

/** What a batch is known by. */
export type ExpectedBatch = Pick<
  BatchRow,
  'server' | 'epoch' | 'first_sequence' | 'last_sequence' | 'text_sha256' | 'bytes' | 'md5'
>;

/** What stands at a name, seen from one batch. */
export type Standing = 'ours' | 'other' | 'nothing';

/** Asks the archive. Rejects with the archive's error when it can't be told now: then nothing is decided. */
export async function inspectStanding(
  archive: Archive,
  key: string,
  row: ExpectedBatch,
  signal: AbortSignal,
): Promise<Standing> {
  const standing = await archive.head(key, signal);
  if (standing === undefined) return 'nothing';
  return (await isOurs(archive, standing, row, signal)) ? 'ours' : 'other';
}

/** By MD5 where the store tells it; else, or where its tag may be of something else (encrypted stores), by the manifest. */
async function isOurs(
  archive: Archive,
  object: ArchiveObject,
  row: ExpectedBatch,
  signal: AbortSignal,
): Promise<boolean> {
  if (object.bytes !== row.bytes) return false;
  if (object.md5 === row.md5) return true;
  const manifest = await fetchManifest(archive, object, signal);
  return (
    manifest !== undefined &&
    manifest.server === row.server &&
    manifest.epoch === row.epoch &&
    manifest.first === row.first_sequence &&
    manifest.last === row.last_sequence &&
    manifest.text_sha256 === row.text_sha256
  );
}

/** What the object says of itself; `undefined` when it is none of ours. */
export async function fetchManifest(
  archive: Archive,
  object: ArchiveObject,
  signal: AbortSignal,
): Promise<BatchManifest | undefined> {
  const range = [0, Math.min(MANIFEST_BYTES_MAX, object.bytes)] as const;
  return readManifest(await archive.get(object.key, { range, signal }));
}
