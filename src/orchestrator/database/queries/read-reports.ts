import type { TrafficLight } from '../../../contract/report-facts.ts';
import type {
  ReportDeliveryView,
  ReportDetail,
  ReportDocumentView,
  ReportKind,
  ReportView,
} from '../../../contract/reports.ts';
import type { Queryable } from '../database.ts';
import type { ReportName } from './report-claims.ts';

interface ReportRow {
  readonly kind: ReportKind;
  readonly period: string;
  readonly time_zone: string;
  readonly ends_at: Date;
  readonly version: number;
  readonly light: TrafficLight | null;
  readonly gathered_at: Date | null;
  readonly error: string | null;
  readonly failures: number;
  readonly making: boolean;
}

/** Where a page of the list begins: behind this report. */
export interface ReportsAfter extends ReportName {
  readonly endsAt: string;
}

const COLUMNS = `reports.kind, reports.period, time_zone, ends_at, reports.version, light, gathered_at, error, failures,
  (claimed_until IS NOT NULL AND claimed_until > $1 OR due_at IS NOT NULL AND due_at <= $1 AND (wanted OR reports.version = 0 AND failures = 0))
    AS making`;

/** The newest first, of one kind or all. */
export async function readReports(
  database: Queryable,
  wish: { readonly kind?: ReportKind | undefined; readonly limit: number; readonly after?: ReportsAfter | undefined },
  now: Date,
): Promise<{ readonly reports: ReportView[]; readonly after: ReportsAfter | undefined }> {
  const { kind, limit, after } = wish;
  const { rows } = await database.query<ReportRow>(
    `SELECT ${COLUMNS} FROM reports LEFT JOIN report_facts USING (kind, period, version)
     WHERE ($2::text IS NULL OR kind = $2)
       AND ($3::timestamptz IS NULL OR ends_at < $3 OR ends_at = $3 AND (kind, period) > ($4::text, $5::text))
     ORDER BY ends_at DESC, kind, period LIMIT $6`,
    [now, kind ?? null, after?.endsAt ?? null, after?.kind ?? null, after?.period ?? null, limit + 1],
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    reports: await viewsOf(database, shown),
    after:
      rows.length > limit && last !== undefined
        ? { kind: last.kind, period: last.period, endsAt: last.ends_at.toISOString() }
        : undefined,
  };
}

export async function readReport(
  database: Queryable,
  { kind, period }: ReportName,
  now: Date,
): Promise<ReportDetail | undefined> {
  const { rows } = await database.query<ReportRow>(
    `SELECT ${COLUMNS} FROM reports LEFT JOIN report_facts USING (kind, period, version) WHERE kind = $2 AND period = $3`,
    [now, kind, period],
  );
  const [view] = await viewsOf(database, rows);
  if (view === undefined) return undefined;
  const versions = await database.query<{ version: number; gathered_at: Date }>(
    'SELECT version, gathered_at FROM report_facts WHERE kind = $1 AND period = $2 ORDER BY version',
    [kind, period],
  );
  return {
    ...view,
    versions: versions.rows.map(({ version, gathered_at }) => ({ version, gathered_at: gathered_at.toISOString() })),
  };
}

/**
 * How each shelf fared when something was brought to it last; a shelf that was never tried is not told of. One that keeps a report that knows
 * more does what it should.
 */
export async function readShelfTroubles(
  database: Queryable,
): Promise<Map<string, { readonly code: string | null; readonly error: string | null; readonly hint: string | null }>> {
  const { rows } = await database.query<{
    shelf: string;
    error_code: string | null;
    error: string | null;
    hint: string | null;
  }>(
    `SELECT DISTINCT ON (shelf) shelf, error_code, error, hint FROM report_deliveries
     WHERE tried_at IS NOT NULL AND error_code IS DISTINCT FROM 'NSV_SHELF_KEEPS_MORE' ORDER BY shelf, tried_at DESC`,
  );
  return new Map(rows.map(({ shelf, error_code: code, error, hint }) => [shelf, { code, error, hint }]));
}

async function viewsOf(database: Queryable, rows: readonly ReportRow[]): Promise<ReportView[]> {
  if (rows.length === 0) return [];
  const names = [rows.map(({ kind }) => kind), rows.map(({ period }) => period)];
  const documents = await database.query<ReportName & Omit<ReportDocumentView, 'href' | 'rendered_at'> & RenderedAt>(
    `SELECT kind, period, lang, format, bytes, sha256, rendered_at, title, summary FROM report_files
     WHERE (kind, period) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY format, lang`,
    names,
  );
  const deliveries = await database.query<ReportName & Omit<ReportDeliveryView, keyof DeliveryTimes> & DeliveryTimes>(
    `SELECT kind, period, shelf, lang, format, path, state, version, attempts, due_at, delivered_at, link, error, hint FROM report_deliveries
     WHERE (kind, period) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY shelf, format, lang`,
    names,
  );
  return rows.map((row) => {
    const isIts = (one: ReportName) => one.kind === row.kind && one.period === row.period;
    return {
      kind: row.kind,
      period: row.period,
      time_zone: row.time_zone,
      state: row.making ? 'making' : row.failures > 0 ? 'failed' : row.version > 0 ? 'ready' : 'making',
      version: row.version,
      gathered_at: row.gathered_at?.toISOString() ?? null,
      light: row.light,
      error: row.error,
      documents: documents.rows.filter(isIts).map(({ kind, period, rendered_at, ...file }) => ({
        ...file,
        href: `reports/${kind}/${period}/${file.lang}.${file.format}`,
        rendered_at: rendered_at.toISOString(),
      })),
      deliveries: deliveries.rows.filter(isIts).map(({ kind: _, period: __, due_at, delivered_at, ...delivery }) => ({
        ...delivery,
        due_at: due_at?.toISOString() ?? null,
        delivered_at: delivered_at?.toISOString() ?? null,
      })),
    };
  });
}

interface RenderedAt {
  readonly rendered_at: Date;
}
interface DeliveryTimes {
  readonly due_at: Date | null;
  readonly delivered_at: Date | null;
}
