import type { ReindexLine, ReindexProgress, ReindexResult } from '../contract/reindex.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { formatSize } from '../platform/quantity.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import { type InstantOption, type ReaderOptions, resolveInstant } from './options.ts';
import { escapeControls, note, painter, print, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';

export interface ArchiveReindexOptions extends ReaderOptions {
  readonly server?: string;
  readonly since?: InstantOption;
}

/** `nervesys archive reindex`: has the running orchestrator rebuild its catalog from the archive. */
export async function run(options: ArchiveReindexOptions): Promise<number> {
  const { server, since } = options;
  const body = {
    ...(server === undefined ? {} : { server }),
    ...(since === undefined ? {} : { since: new Date(resolveInstant(since, systemClock.now())).toISOString() }),
  };
  const progress = new ProgressLine(process.stderr, systemClock);
  let result: ReindexResult | undefined;
  try {
    for await (const text of connectOrchestrator(options).lines('/api/v1/archive/reindex', body)) {
      const line = JSON.parse(text) as ReindexLine;
      if ('progress' in line) showProgress(progress, line.progress);
      else if ('error' in line) throw brokenOff(line.error);
      else result = line.result;
    }
  } finally {
    progress.clear();
  }
  if (result === undefined)
    throw brokenOff({ code: 'NSV_ORCHESTRATOR_UNREACHABLE', message: 'the answer has no result' });
  if (options.json) printJson(result);
  else printResult(result);
  return result.foreign + result.conflicting + result.missing === 0 ? EXIT.done : EXIT.problems;
}

/** How much there is in all nobody knows before it is listed: the bar shows what share of the objects so far was in the catalog. */
function showProgress(line: ProgressLine, { objects, bytes, known, added }: ReindexProgress): void {
  line.show(`${objects} objects, ${formatSize(bytes)}; ${added} added`, (known + added) / Math.max(1, objects));
}

function printResult({ findings, findings_more: more, ...counts }: ReindexResult): void {
  const paint = painter(process.stdout);
  for (const { kind, key, message } of findings) {
    print(`${paint('red', kind.padEnd(11))} ${escapeControls(`${key}: ${message}`)}`);
  }
  if (more > 0) print(`… and ${more} more findings`);
  const returned = counts.returned === 0 ? '' : `, ${counts.returned} of them back again`;
  note(
    `${counts.objects} objects, ${formatSize(counts.bytes)}: ${counts.known} known${returned}, ${counts.added} added, ` +
      `${counts.missing} missing, ${counts.foreign} foreign, ${counts.conflicting} conflicting.`,
  );
}

function brokenOff({ code, message }: { readonly code: string; readonly message: string }): NervesysError {
  return new NervesysError(code, `reindex the archive: ${message}`, {
    hint: 'what was added stays; begin it again, and it goes on from there',
  });
}
