import type { ExpiryAnswer } from '../contract/expiry.ts';
import { formatSize, writeDuration } from '../platform/quantity.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { note, print, printJson } from './output.ts';

export interface ArchiveExpireOptions extends ReaderOptions {
  readonly dryRun?: boolean;
}

/** `nervesys archive expire`: which logs are past their retention; without `--dry-run` their removal begins now. */
export async function run(options: ArchiveExpireOptions): Promise<number> {
  const body = { dry_run: options.dryRun === true };
  const answer = (await connectOrchestrator(options).ask('POST', '/api/v1/archive/expire', body)) as ExpiryAnswer;
  if (options.json) {
    printJson(answer);
    return EXIT.done;
  }
  const { objects, records, bytes, servers, oldest, newest, before, retention_ms: retentionMs } = answer;
  note(`Logs are kept for ${writeDuration(retentionMs)}: those of windows before ${before} are over.`);
  if (objects === 0) print('Nothing is past its retention.');
  else {
    const what = `${objects} objects of ${servers} servers, ${records} records, ${formatSize(bytes)}, windows ${oldest} to ${newest}`;
    print(answer.dry_run ? `Would be removed: ${what}.` : `Being removed, some 20 objects a second: ${what}.`);
  }
  return EXIT.done;
}
