import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArchiveShelf } from '../../../../src/orchestrator/reports/shelves/archive-shelf.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { NervesysError } from '../../../../src/platform/errors.ts';
import type { Archive } from '../../../../src/storage/archive.ts';
import { openArchive } from '../../../../src/storage/index.ts';
import { verifyArchive } from '../../../../src/storage/ledger/index.ts';
import { changedArchive } from '../../../support/backups.ts';
import { shelfFile } from '../../../support/shelf-files.ts';
import { FileNotes } from '../../../support/shelf-notes.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const signal = new AbortController().signal;
const file = shelfFile('Daily/2025-12-10_summary.pdf', 'the report');

test('reports stand beside the logs, and whoever verifies the archive does not meet them', async (t) => {
  await using archive = await openArchive({ type: 'folder', path: await tempDir(t) }, { clock: systemClock });
  const met: string[] = [];
  const watched = changedArchive(archive, {
    async *list(prefix, abort) {
      for await (const one of archive.list(prefix, abort)) {
        met.push(one.key);
        yield one;
      }
    },
  });

  const { id } = await new ArchiveShelf('archive', archive).put(file, new FileNotes(await tempDir(t)), signal);
  const found = [];
  for await (const finding of verifyArchive({ archive: watched })) found.push(finding);

  assert.equal(id, 'reports/Daily/2025-12-10_summary.pdf');
  assert.deepEqual(met, []);
});

test('what the archive says becomes what a shelf says', async (t) => {
  const notes = new FileNotes(await tempDir(t));
  for (const [code, retryable, expected] of [
    ['NSV_ARCHIVE_UNREACHABLE', true, 'NSV_SHELF_UNREACHABLE'],
    ['NSV_ARCHIVE_BUSY', true, 'NSV_SHELF_BUSY'],
    ['NSV_ARCHIVE_DENIED', false, 'NSV_SHELF_DENIED'],
    ['NSV_ARCHIVE_NO_BUCKET', false, 'NSV_SHELF_NO_FOLDER'],
    ['NSV_ARCHIVE_FULL', true, 'NSV_SHELF_FULL'],
    ['NSV_ARCHIVE_REJECTED', false, 'NSV_SHELF_REJECTED'],
  ] as const) {
    const archive = {
      head: async () => undefined,
      replace: () => Promise.reject(new NervesysError(code, 'put it: no', { retryable })),
    } as unknown as Archive;
    await assert.rejects(new ArchiveShelf('archive', archive).put(file, notes, signal), { code: expected, retryable });
  }
});
