import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { BatchMember } from '../../contract/batch.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Archive } from '../../storage/archive.ts';
import { OBJECT_BYTES_MAX } from './batch-schema.ts';
import type { LogFilter, LogLine } from './log-filter.ts';
import type { FoundObject } from './search-objects.ts';

const unzip = promisify(gunzip);

/** Members are fetched together up to this size: a usual object in one request, a large one without holding it whole. */
const FETCH_BYTES = 1024 * 1024;
/** No object's text is larger, whatever its catalog row says. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * The wanted lines of one object, in its order, read member by member. Rejects with the archive's error, or with
 * `NSV_ARCHIVE_DAMAGED` when the object isn't what the catalog says.
 */
export async function* readLines(
  archive: Archive,
  object: FoundObject,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  // The catalog doesn't keep how long the first member (the manifest) is: it is what the data members leave over.
  const dataStart = object.bytes - object.members.reduce((sum, member) => sum + member.bytes, 0);
  const groups = object.members.length === 0 ? [[wholeObject(object)]] : groupMembers(object.members);
  for (const group of groups) {
    const start = group[0]!.offset;
    const end = group.at(-1)!.offset + group.at(-1)!.bytes;
    const fetched = await archive.get(object.key, { range: [dataStart + start, dataStart + end], signal });
    for (const { offset, bytes, text_bytes } of group) {
      signal.throwIfAborted();
      yield* filter.choose(await decode(object, fetched.subarray(offset - start, offset - start + bytes), text_bytes));
    }
  }
}

/** Whoever wrote the object named no members: it is read in one piece, as gzip of any number of members. */
function wholeObject(object: FoundObject): Pick<BatchMember, 'offset' | 'bytes' | 'text_bytes'> {
  return { offset: -object.bytes, bytes: object.bytes, text_bytes: object.text_bytes };
}

function groupMembers(members: readonly BatchMember[]): (readonly BatchMember[])[] {
  const groups: BatchMember[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const member of members) {
    if (bytes + member.bytes > FETCH_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(member);
    bytes += member.bytes;
  }
  return groups;
}

async function decode(object: FoundObject, zipped: Buffer, textBytes: number): Promise<string> {
  try {
    if (zipped.length > OBJECT_BYTES_MAX) throw new RangeError(`${zipped.length} bytes`);
    const text = await unzip(zipped, { maxOutputLength: Math.min(TEXT_BYTES_MAX, Math.max(1, textBytes)) });
    if (text.length !== textBytes) throw new RangeError(`${text.length} bytes of text instead of ${textBytes}`);
    return text.toString('utf8');
  } catch (cause) {
    throw new NervesysError('NSV_ARCHIVE_DAMAGED', `read ${object.key}: it does not hold what the catalog says`, {
      cause,
    });
  }
}
