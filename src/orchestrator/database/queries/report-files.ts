import type { ReportFormat, ReportLanguage } from '../../../contract/reports.ts';
import type { Queryable } from '../database.ts';
import { holdable } from '../storable.ts';
import type { ReportName } from './report-claims.ts';

export interface FileName extends ReportName {
  readonly lang: ReportLanguage;
  readonly format: ReportFormat;
}

export interface StoredFile {
  readonly version: number;
  readonly sha256: string;
  readonly title: string;
  readonly summary: string;
  /** See `howMuchIsKnown`; null: not noted. */
  readonly knows: number | null;
  readonly content: Buffer;
}

/**
 * Stores a file of the newest version, and never in the place of a later one's. One of the same version stays as it was made first, unless its
 * content is gone or it is to be made `anew`. False: what stands there stays.
 */
export async function putFile(
  database: Queryable,
  { kind, period, lang, format }: FileName,
  file: StoredFile,
  now: Date,
  anew: boolean,
): Promise<boolean> {
  const { count } = await database.query(
    `INSERT INTO report_files AS standing (kind, period, lang, format, version, bytes, sha256, rendered_at, title, summary, content, knows)
     SELECT kind, period, $3::text, $4::text, version, $6::int, $7::text, $8::timestamptz, $9::text, $10::text, $11::bytea, $13::float8
     FROM reports WHERE kind = $1 AND period = $2 AND version = $5
     ON CONFLICT (kind, period, lang, format) DO UPDATE SET version = excluded.version, bytes = excluded.bytes, sha256 = excluded.sha256,
       rendered_at = excluded.rendered_at, title = excluded.title, summary = excluded.summary, content = excluded.content,
       knows = excluded.knows
     WHERE standing.version < excluded.version
       OR standing.version = excluded.version AND (standing.content IS NULL OR $12::boolean AND standing.sha256 <> excluded.sha256)`,
    [
      kind,
      period,
      lang,
      format,
      file.version,
      file.content.length,
      file.sha256,
      now,
      holdable(file.title.slice(0, 300)),
      holdable(file.summary.slice(0, 2_000)),
      file.content,
      anew,
      file.knows,
    ],
  );
  return count > 0;
}

/**
 * The file of the newest version that has one, and which version is the newest. `undefined`: there is none, or its content is gone. Spares
 * reading the facts, which are megabytes, of a report whose file stands.
 */
export async function readFile(
  database: Queryable,
  { kind, period, lang, format }: FileName,
): Promise<(StoredFile & { readonly newest: number }) | undefined> {
  const { rows } = await database.query<StoredFile & { newest: number }>(
    `SELECT file.version, sha256, title, summary, content, knows, reports.version AS newest FROM report_files file JOIN reports USING (kind, period)
     WHERE kind = $1 AND period = $2 AND lang = $3 AND format = $4 AND content IS NOT NULL`,
    [kind, period, lang, format],
  );
  return rows[0];
}

/** Lets go of the content of some files that were made before this; answers of how many. They are made again from the facts when asked for. */
export async function clearFiles(database: Queryable, renderedBefore: Date, most: number): Promise<number> {
  const { count } = await database.query(
    `UPDATE report_files SET content = NULL WHERE (kind, period, lang, format) IN
       (SELECT kind, period, lang, format FROM report_files WHERE content IS NOT NULL AND rendered_at < $1 LIMIT $2)`,
    [renderedBefore, most],
  );
  return count;
}
