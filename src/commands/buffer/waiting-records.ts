import type { DatabaseSync } from 'node:sqlite';
import { readManifest, readManifestMember } from '../../contract/batch-object.ts';
import type { Sequence } from '../../contract/ids.ts';
import type { ArchivedRecord } from '../../contract/record.ts';
import { NervesysError } from '../../platform/errors.ts';
import { gunzip } from '../../platform/gzip.ts';

const LINE_FEED = 0x0a;

export interface WaitingRecord {
  readonly sequence: Sequence;
  readonly record: ArchivedRecord;
}

/**
 * The records that wait in a buffer file, in order, each once, up to the newest at the time of the call. The agent may be at
 * work meanwhile: every step reads one block or one batch in a transaction of its own and remembers only the last sequence,
 * so what is sealed between two steps is found in its batch, and what the archive took is left out. One batch is in memory.
 */
export async function* waitingRecords(
  db: DatabaseSync,
): AsyncGenerator<{ readonly record: WaitingRecord; readonly lineBytes: number; readonly part: number }> {
  const [from, last] = bounds(db);
  const nextBatch = db.prepare(`
    SELECT last_id, object FROM batches JOIN batch_objects ON batch_id = batches.id
    WHERE last_id > ? ORDER BY first_id LIMIT 1`);
  const nextBlock = db.prepare('SELECT last_id, body FROM blocks WHERE last_id > ? ORDER BY first_id LIMIT 1');
  let after = from - 1;
  while (after < last) {
    // Batches come before blocks; one transaction, so that what is sealed just now can't fall between the two.
    db.exec('BEGIN');
    const batch = nextBatch.get(after);
    const found = batch ?? nextBlock.get(after);
    db.exec('COMMIT');
    if (found === undefined) return; // the archive took the rest meanwhile
    const texts = batch === undefined ? [asBuffer(found['body'])] : memberTexts(asBuffer(found['object']));
    for await (const text of texts) {
      for (const line of lines(text)) {
        const record = JSON.parse(line.toString('utf8')) as ArchivedRecord;
        const sequence = Number(record.id.slice(record.id.lastIndexOf('-') + 1));
        if (sequence <= after || sequence > last) continue;
        after = sequence;
        yield { record: { sequence, record }, lineBytes: line.length, part: (sequence - from + 1) / (last - from + 1) };
      }
    }
    after = Math.max(after, found['last_id'] as number);
  }
}

function asBuffer(value: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = value as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

function bounds(db: DatabaseSync): readonly [from: Sequence, last: Sequence] {
  const row = db
    .prepare(
      `SELECT min(first_id) AS "from", max(last_id) AS last
       FROM (SELECT first_id, last_id FROM blocks UNION ALL SELECT first_id, last_id FROM batches)`,
    )
    .get() as { from: number | null; last: number | null };
  return [row.from ?? 1, row.last ?? 0];
}

/** The text of a batch object, member by member. */
async function* memberTexts(object: Buffer): AsyncGenerator<Buffer> {
  const head = readManifestMember(object);
  const manifest = readManifest(object);
  if (head === undefined || manifest === undefined)
    throw new NervesysError('NSV_BUFFER_UNUSABLE', 'a sealed batch in the buffer has no manifest', {
      hint: 'start the agent: it sets aside what it cannot read',
    });
  for (const { offset, bytes } of manifest.members)
    yield await gunzip(object.subarray(head.bytes + offset, head.bytes + offset + bytes));
}

function* lines(text: Buffer): Generator<Buffer> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf(LINE_FEED, at);
    const stop = end === -1 ? text.length : end;
    if (stop > at) yield text.subarray(at, stop);
    at = stop + 1;
  }
}
