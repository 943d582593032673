import type { CorrectionView } from '../../../contract/fleet-templates.ts';
import { CORRECTIONS_MAX, type TemplateId, type TemplateMark } from '../../../contract/triage.ts';
import type { Queryable } from '../database.ts';

interface CorrectionRow {
  readonly template: TemplateId;
  readonly text: string;
  readonly mark: TemplateMark;
  readonly note: string | null;
  readonly marked_by: string;
  readonly marked_at: Date;
}

const COLUMNS = 'template, text, mark, note, marked_by, marked_at';
/** Two that mark at once must not make one too many together. */
const CORRECTIONS_LOCK = 0x6e73_7641; // "nsvA"

/** All that hold, the newest first. */
export async function readCorrections(database: Queryable): Promise<CorrectionView[]> {
  const { rows } = await database.query<CorrectionRow>(
    `SELECT ${COLUMNS} FROM triage_corrections ORDER BY marked_at DESC, template LIMIT ${CORRECTIONS_MAX}`,
  );
  return rows.map(toView);
}

/** What people said of a template or, where nothing, of one of its older forms: the latest word. */
export async function readCorrectionOf(database: Queryable, template: string): Promise<CorrectionView | undefined> {
  const { rows } = await database.query<CorrectionRow>(
    `SELECT ${COLUMNS} FROM triage_corrections
     WHERE template IN (SELECT $1::text UNION ALL SELECT alias FROM template_aliases WHERE template_aliases.template = $1)
     ORDER BY template = $1 DESC, marked_at DESC LIMIT 1`,
    [template],
  );
  return rows[0] && toView(rows[0]);
}

/** Keeps a mark in the place of the one before. `undefined`: there are as many as there may be. To be called within a transaction. */
export async function storeCorrection(
  transaction: Queryable,
  { template, text, mark, note, marked_by: by, marked_at: at }: CorrectionView,
): Promise<CorrectionView | undefined> {
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [CORRECTIONS_LOCK]);
  const { rows } = await transaction.query<CorrectionRow>(
    `INSERT INTO triage_corrections (${COLUMNS}) SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::timestamptz
     WHERE (SELECT count(*) FROM triage_corrections WHERE template <> $1::text) < ${CORRECTIONS_MAX}
     ON CONFLICT (template) DO UPDATE
       SET text = excluded.text, mark = excluded.mark, note = excluded.note, marked_by = excluded.marked_by, marked_at = excluded.marked_at
     RETURNING ${COLUMNS}`,
    [template, text, mark, note, by, at],
  );
  return rows[0] && toView(rows[0]);
}

/** Takes a mark back; answers it as it was. `undefined`: there was none. */
export async function removeCorrection(transaction: Queryable, template: string): Promise<CorrectionView | undefined> {
  const { rows } = await transaction.query<CorrectionRow>(
    `DELETE FROM triage_corrections WHERE template = $1 RETURNING ${COLUMNS}`,
    [template],
  );
  return rows[0] && toView(rows[0]);
}

function toView(row: CorrectionRow): CorrectionView {
  return { ...row, marked_at: row.marked_at.toISOString() };
}
