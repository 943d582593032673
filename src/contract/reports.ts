import type { TrafficLight } from './report-facts.ts';

export const REPORT_KINDS = ['daily', 'weekly', 'monthly', 'critical'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];
export type SummaryKind = Exclude<ReportKind, 'critical'>;

export const REPORT_LANGUAGES = ['en', 'he'] as const;
export type ReportLanguage = (typeof REPORT_LANGUAGES)[number];

export const REPORT_FORMATS = ['pdf', 'xlsx'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export const REPORT_MEDIA_TYPES: Readonly<Record<ReportFormat, string>> = {
  pdf: 'application/pdf',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** Which files a report of a kind has. */
export function reportFormats(kind: ReportKind): readonly ReportFormat[] {
  return kind === 'daily' ? ['pdf', 'xlsx'] : ['pdf'];
}

/**
 * Where a report's file stands below a shelf's root: `Daily/2025-12-10_summary.pdf`, `Daily/2025-12-10_metrics.xlsx`,
 * `Weekly/Week_50_2025.pdf`, `Monthly/2025-12.pdf`, `Alerts/Critical_2025-12-10.pdf`. The first language of a shelf has this name, a
 * further one its code behind it: `Daily/2025-12-10_summary_he.pdf`.
 */
export function reportPath(
  kind: ReportKind,
  period: string,
  format: ReportFormat,
  furtherLanguage?: ReportLanguage,
): string {
  const mark = furtherLanguage === undefined ? '' : `_${furtherLanguage}`;
  switch (kind) {
    case 'daily':
      return `Daily/${period}_${format === 'pdf' ? 'summary' : 'metrics'}${mark}.${format}`;
    case 'weekly':
      return `Weekly/Week_${period.slice(6)}_${period.slice(0, 4)}${mark}.${format}`;
    case 'monthly':
      return `Monthly/${period}${mark}.${format}`;
    case 'critical':
      return `Alerts/Critical_${period}${mark}.${format}`;
    default:
      return kind satisfies never;
  }
}

/** One file of a report. */
export interface ReportDocumentView {
  readonly lang: ReportLanguage;
  readonly format: ReportFormat;
  /** Below the API's root: `reports/daily/2025-12-10/en.pdf`. */
  readonly href: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rendered_at: string;
  /** As in the file: what it is, and its verdict in a few sentences. */
  readonly title: string;
  readonly summary: string;
}

/** How one file fares on one shelf. */
export interface ReportDeliveryView {
  readonly shelf: string;
  readonly lang: ReportLanguage;
  readonly format: ReportFormat;
  /** Below the shelf's root. */
  readonly path: string;
  /** `waiting`: it is tried (again) at `due_at`; `failed`: given up until somebody sends it again or a new version is made. */
  readonly state: 'waiting' | 'delivered' | 'failed';
  /** The version that stands there; null: none does. */
  readonly version: number | null;
  readonly attempts: number;
  readonly due_at: string | null;
  readonly delivered_at: string | null;
  /** Where people open it; null: the shelf has no addresses. */
  readonly link: string | null;
  /** What went wrong last, and what to do about it. */
  readonly error: string | null;
  readonly hint: string | null;
}

/** One report, by its newest version. */
export interface ReportView {
  readonly kind: ReportKind;
  readonly period: string;
  readonly time_zone: string;
  /** `making`: it is gathered or rendered now. `failed`: `error` says why; it is tried again. */
  readonly state: 'making' | 'ready' | 'failed';
  /** 0: there is none yet. */
  readonly version: number;
  readonly gathered_at: string | null;
  /** How the period was at a glance; null: not known, or a critical report. */
  readonly light: TrafficLight | null;
  readonly error: string | null;
  readonly documents: readonly ReportDocumentView[];
  readonly deliveries: readonly ReportDeliveryView[];
}

/** `GET /api/v1/reports?kind=&limit=&cursor=`: the newest period first. */
export interface ReportsAnswer {
  readonly reports: readonly ReportView[];
  /** Whether reports are made at all, and when the next one of each kind is due. */
  readonly enabled: boolean;
  readonly time_zone: string;
  readonly next_due: Readonly<Partial<Record<SummaryKind, string>>>;
  readonly shelves: readonly ShelfView[];
  readonly next?: string;
}

/** `GET /api/v1/reports/<kind>/<period>`. */
export interface ReportDetail extends ReportView {
  readonly versions: readonly { readonly version: number; readonly gathered_at: string }[];
}

export interface ShelfView {
  readonly name: string;
  readonly type: string;
  /** Where it leads to, as far as that is no secret. */
  readonly target: string | null;
  readonly languages: readonly ReportLanguage[];
  /** `unconfigured`: its secret is missing or can't be used; `problem` and `hint` say so. */
  readonly state: 'ready' | 'unconfigured' | 'failing';
  readonly problem: string | null;
  readonly hint: string | null;
}

/** By what name a shelf's secret is looked up, in the environment and in Vault. */
export function shelfSecretName(shelf: string): string {
  return `NERVESYS_SHELF_${shelf.toUpperCase().replaceAll('-', '_')}_SECRET`;
}
