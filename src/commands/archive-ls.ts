import type { ArchiveObjectView } from '../contract/fleet.ts';
import { formatSize } from '../platform/quantity.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, note, print, printJson } from './output.ts';

export interface ArchiveLsOptions extends ReaderOptions {
  readonly server?: string;
  readonly limit: number;
}

/** `nervesys archive ls`: the newest objects of the catalog. */
export async function run(options: ArchiveLsOptions): Promise<number> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.server !== undefined) query.set('server', options.server);
  const answer = await connectOrchestrator(options).ask('GET', `/api/v1/archive?${query}`);
  const { objects } = answer as { objects: readonly ArchiveObjectView[] };
  if (options.json) {
    printJson({ objects });
    return EXIT.done;
  }
  if (objects.length === 0) {
    note('The archive is empty: the first batch goes when its window of 10 minutes ends.');
    return EXIT.done;
  }
  print(
    formatTable(objects, [
      { title: 'KEY', text: (one) => escapeControls(one.key) },
      { title: 'RECORDS', align: 'right', text: (one) => String(one.records) },
      { title: 'SIZE', align: 'right', text: (one) => formatSize(one.bytes) },
      { title: 'TEXT', align: 'right', text: (one) => formatSize(one.text_bytes) },
      { title: 'ARCHIVED', text: (one) => archivedText(one) },
    ]),
  );
  return EXIT.done;
}

function archivedText({ archived_at: at, missing_at: missing }: ArchiveObjectView): string {
  return missing == null ? (at ?? 'on its way').slice(0, 19).replace('T', ' ') : 'MISSING';
}
