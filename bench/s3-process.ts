/**
 * The archive of the ingest bench: the tests' S3 server in a process of its own, so that its work isn't counted as the
 * agent's. It tells its settings at the start and, asked to, what it holds.
 */
import { gunzipSync } from 'node:zlib';
import { S3Server } from '../tests/servers/s3-server.ts';

/** What the archive holds, counted from the objects themselves by the workload's `seq`. */
export interface ArchiveCount {
  readonly objects: number;
  readonly storedBytes: number;
  readonly textBytes: number;
  readonly records: number;
  readonly distinct: number;
}

const server = await S3Server.start();
process.on('message', (message) => {
  if (message === 'count') process.send!(count());
  else if (message === 'down' || message === 'up')
    void Promise.resolve(message === 'down' ? server.down() : server.up()).then(() => process.send!(message));
});
process.on('disconnect', () => process.exit(0));
process.send!(server.settings);

/** A field of the context, or in the message where the line was plain text; its quotes are escaped then. */
const SEQ = /seq\\*":"?(\d+)/;

function count(): ArchiveCount {
  const seen = new Set<number>();
  let storedBytes = 0;
  let textBytes = 0;
  let records = 0;
  for (const { body } of server.objects.values()) {
    const text = gunzipSync(body);
    storedBytes += body.length;
    textBytes += text.length;
    for (const line of text.toString('utf8').split('\n')) {
      if (line === '') continue;
      records++;
      seen.add(Number(SEQ.exec(line)?.[1]));
    }
  }
  return { objects: server.objects.size, storedBytes, textBytes, records, distinct: seen.size };
}
