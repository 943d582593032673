import { sha256Hex } from '../../src/platform/digest.ts';
import type { ShelfFile } from '../../src/storage/shelf.ts';

/** A report's file to put, for tests. */
export function shelfFile(path: string, content: string | Uint8Array, changes: Partial<ShelfFile> = {}): ShelfFile {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    path,
    mediaType: path.endsWith('.xlsx')
      ? 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
      : 'application/pdf',
    bytes,
    sha256: sha256Hex(bytes),
    version: 1,
    title: 'Daily report, 10 December 2025',
    summary: 'A quiet day. All 5 AI agents were up.',
    lang: 'en',
    knows: 86_400,
    url: 'https://nervesys.example/api/v1/reports/daily/2025-12-10/en.pdf',
    ...changes,
  };
}
