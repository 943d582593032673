import type { CriticalFacts, FactsPeriod, ReportFacts } from '../../contract/report-facts.ts';
import type { ReportKind } from '../../contract/reports.ts';

/** Facts before they have a version. */
export type GatheredFacts = Omit<ReportFacts, 'version'> | Omit<CriticalFacts, 'version'>;

/** Where facts come from. Gathering changes nothing, and is the same on every replica. */
export interface FactsSource {
  /** `now`: epoch ms; what lies after it isn't known yet. Rejects with `NSV_REPORT_FAILED`, or what the database says. */
  gather(kind: ReportKind, period: FactsPeriod, now: number, signal: AbortSignal): Promise<GatheredFacts>;
}
