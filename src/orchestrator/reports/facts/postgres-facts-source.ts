import type { FactsPeriod } from '../../../contract/report-facts.ts';
import type { ReportKind } from '../../../contract/reports.ts';
import type { Database } from '../../database/database.ts';
import type { FactsSource, GatheredFacts } from '../facts-source.ts';
import { gatherCriticalFacts } from './critical-facts.ts';
import { type FactsQuestion, gatherFacts } from './gather-facts.ts';
import { inOneState } from './in-one-state.ts';

export interface PostgresFactsSourceOptions {
  readonly database: Pick<Database, 'transaction'>;
  /** What facts are judged by; changes with the configuration. */
  readonly settings: () => Pick<FactsQuestion, 'storagePrices' | 'modelPrices' | 'intervalMs' | 'history'>;
}

/** Facts out of the orchestrator's own database. */
export class PostgresFactsSource implements FactsSource {
  readonly #options: PostgresFactsSourceOptions;

  constructor(options: PostgresFactsSourceOptions) {
    this.#options = options;
  }

  gather(kind: ReportKind, period: FactsPeriod, now: number, signal: AbortSignal): Promise<GatheredFacts> {
    const { database, settings } = this.#options;
    if (kind === 'critical')
      return inOneState(database, signal, (reading) => gatherCriticalFacts(reading, period, now));
    return gatherFacts(database, { kind, period, now, ...settings() }, signal);
  }
}
