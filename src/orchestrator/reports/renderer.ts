import type { AnyFacts } from '../../contract/report-facts.ts';
import type { ReportFormat, ReportLanguage } from '../../contract/reports.ts';

/** One file to make of facts. */
export interface RenderRequest {
  readonly facts: AnyFacts;
  readonly lang: ReportLanguage;
  readonly format: ReportFormat;
}

export interface RenderedReport {
  readonly bytes: Uint8Array;
  /** For people, in the file's language: the title of the report, and its verdict in a few sentences. */
  readonly title: string;
  readonly summary: string;
}

/**
 * Makes files of facts. The same request gives the same bytes, on every replica of the same version of the program. Rejects with
 * `NSV_REPORT_FAILED`.
 */
export interface Renderer {
  render(request: RenderRequest, signal: AbortSignal): Promise<RenderedReport>;
}
