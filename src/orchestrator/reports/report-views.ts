import type { ShelfSettings } from '../../config/index.ts';
import { REPORT_KINDS, type ReportKind, type ShelfView } from '../../contract/reports.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { ReportsAfter } from '../database/queries/read-reports.ts';

const CURSOR = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)_([a-z]+)_([0-9W-]{7,10})$/;

/** Where a page of the list begins, as people hand it around. */
export function cursorOf({ endsAt, kind, period }: ReportsAfter): string {
  return `${endsAt}_${kind}_${period}`;
}

/** Rejects with `NSV_BODY_INVALID` what no page has answered. */
export function positionOf(cursor: string | undefined): ReportsAfter | undefined {
  if (cursor === undefined) return undefined;
  const [, endsAt = '', kind = '', period = ''] = CURSOR.exec(cursor) ?? [];
  if (Number.isNaN(Date.parse(endsAt)) || !(REPORT_KINDS as readonly string[]).includes(kind))
    throw new NervesysError('NSV_BODY_INVALID', 'list reports: the cursor is none that a page has answered');
  return { endsAt, kind: kind as ReportKind, period };
}

/** A shelf as it stands by what was brought to it last. */
export function shelfView(
  shelf: ShelfSettings,
  last: { readonly code: string | null; readonly error: string | null; readonly hint: string | null } | undefined,
): ShelfView {
  const { name, type, languages } = shelf;
  const problem = last?.error ?? null;
  const state = problem === null ? 'ready' : last?.code === 'NSV_SHELF_UNCONFIGURED' ? 'unconfigured' : 'failing';
  return { name, type, target: targetOf(shelf), languages, state, problem, hint: last?.hint ?? null };
}

function targetOf(shelf: ShelfSettings): string | null {
  switch (shelf.type) {
    case 'folder':
      return shelf.path ?? 'reports/ below the home';
    case 'drive':
      return shelf.folderId ?? null;
    case 'email':
      return shelf.to.join(', ');
    case 'archive':
      return 'reports/ of the archive';
    default:
      return shelf satisfies never;
  }
}
