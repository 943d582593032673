import { type Config, REPORTS_DEFAULTS } from '../../config/index.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Random } from '../../platform/random.ts';
import type { Archive } from '../../storage/archive.ts';
import type { Metrics } from '../api/metrics.ts';
import { DEFAULT_HISTORY, DEFAULT_INTERVAL_MS } from '../history/resolutions.ts';
import { PostgresFactsSource } from './facts/postgres-facts-source.ts';
import { factsDigest } from './facts-digest.ts';
import type { FactsSource } from './facts-source.ts';
import type { Renderer } from './renderer.ts';
import { ReportKeeper, type ReportKeeperOptions } from './report-keeper.ts';
import { openShelf, type ShelfDeps, shelfCredential } from './shelves/open-shelf.ts';

/** What reports need from outside of the orchestrator. */
export interface ReportingOptions
  extends Pick<ShelfDeps, 'shelfSecret' | 'googleCredentials' | 'driveFolderId' | 'drive' | 'email'> {
  /** In the place of what Postgres says; for tests. */
  readonly facts?: FactsSource | undefined;
  /** Stays open when the orchestrator closes. Absent: reports can't be made, and say so. */
  readonly renderer?: Renderer | undefined;
  /** How long a replica that is killed in the middle of a report stands in the others' way; tests make it short. */
  readonly leaseMs?: number | undefined;
}

export interface ReportsDeps
  extends Pick<ReportKeeperOptions, 'database' | 'clock' | 'logger' | 'hub' | 'duties' | 'publicUrl'> {
  /** `NERVESYS_HOME`. */
  readonly home: string;
  readonly archive: Archive;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly desired: {
    readonly own: Config | undefined;
    onChange(listener: () => void): Disposable;
  };
  readonly reporting: ReportingOptions;
}

/** The keeper of reports with its parts, by the configuration that holds for the orchestrator. Whoever opens it closes it. */
export function openReports(deps: ReportsDeps): ReportKeeper {
  const { database, desired, metrics, reporting } = deps;
  const settings = () => desired.own?.orchestrator.reports ?? REPORTS_DEFAULTS;
  const history = () => desired.own?.orchestrator.history ?? DEFAULT_HISTORY;
  const judgedBy = () => ({
    storagePrices: desired.own?.storage.prices,
    modelPrices: settings().modelPrices,
    intervalMs: desired.own?.orchestrator.heartbeat.intervalMs ?? DEFAULT_INTERVAL_MS,
    history: history(),
  });
  const shelfDeps = (root: string): ShelfDeps => ({ ...reporting, ...deps, root });
  return new ReportKeeper({
    ...deps,
    facts: reporting.facts ?? new PostgresFactsSource({ database, settings: judgedBy }),
    renderer: reporting.renderer ?? NO_RENDERER,
    digest: factsDigest,
    settings,
    keepFactsMs: () => history().daysMs,
    openShelf: (shelf, root) => openShelf(shelf, shelfDeps(root)),
    shelfCredential: (shelf) => shelfCredential(shelf, shelfDeps(settings().root)),
    leaseMs: reporting.leaseMs,
    onReport: (kind, outcome) => metrics.add('nervesys_reports_total', { kind, outcome }),
    onDelivery: (shelf, outcome) => metrics.add('nervesys_report_deliveries_total', { shelf, outcome }),
  });
}

/** Facts can be looked at all the same. */
const NO_RENDERER: Renderer = {
  render: async ({ facts: { kind, period } }) => {
    throw new NervesysError('NSV_REPORT_FAILED', `render the ${kind} report of ${period.name}: nothing renders here`);
  },
};

/** Has the keeper look at other settings as soon as there are any. */
export function followSettings(keeper: ReportKeeper, desired: ReportsDeps['desired']): Disposable {
  const said = () => JSON.stringify(desired.own?.orchestrator.reports);
  let known = said();
  return desired.onChange(() => {
    const now = said();
    if (now === known) return;
    known = now;
    keeper.look();
  });
}
