import type { AnyFacts } from '../../contract/report-facts.ts';
import type {
  ReportDetail,
  ReportFormat,
  ReportKind,
  ReportLanguage,
  ReportsAnswer,
  ReportView,
} from '../../contract/reports.ts';

export interface ReportFile {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly version: number;
}

/** What people ask of reports: the API stands on it. A period is a name, `2025-12-10`, `2025-W50`, `2025-12`. */
export interface ReportDesk {
  list(wish: {
    readonly kind?: ReportKind | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<ReportsAnswer>;
  /** Rejects with `NSV_REPORT_NOT_FOUND`. */
  detail(kind: ReportKind, period: string): Promise<ReportDetail>;
  /** Of the newest version where none is named. Rejects with `NSV_REPORT_NOT_FOUND`. */
  facts(kind: ReportKind, period: string, version?: number): Promise<AnyFacts>;
  /** The same bytes whenever it is asked for. Rejects with `NSV_REPORT_NOT_FOUND`, `NSV_REPORT_FAILED`. */
  file(
    kind: ReportKind,
    period: string,
    lang: ReportLanguage,
    format: ReportFormat,
    version?: number,
  ): Promise<ReportFile>;
  /**
   * Begins to gather and render it anew; it goes on by itself. The same facts stay the same version. Rejects with
   * `NSV_REPORT_PERIOD_INVALID`, `NSV_REPORT_RUNNING`.
   */
  make(kind: ReportKind, period: string): Promise<ReportView>;
  /**
   * Puts the newest version on every shelf again, or on one; `replace`: also in the place of a report that knows more. Rejects with
   * `NSV_REPORT_NOT_FOUND`, `NSV_SHELF_UNKNOWN`.
   */
  sendAgain(kind: ReportKind, period: string, shelf?: string, replace?: boolean): Promise<ReportView>;
}
