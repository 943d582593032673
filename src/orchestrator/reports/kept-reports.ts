import type { ReportSettings } from '../../config/index.ts';
import type { AnyFacts } from '../../contract/report-facts.ts';
import type {
  ReportDetail,
  ReportFormat,
  ReportKind,
  ReportLanguage,
  ReportsAnswer,
  ReportView,
  SummaryKind,
} from '../../contract/reports.ts';
import type { Clock } from '../../platform/clock.ts';
import { NervesysError } from '../../platform/errors.ts';
import type { Database } from '../database/database.ts';
import { readReport, readReports, readShelfTroubles } from '../database/queries/read-reports.ts';
import { wantReport } from '../database/queries/report-claims.ts';
import { wantDeliveries } from '../database/queries/report-deliveries.ts';
import { readFacts } from '../database/queries/report-versions.ts';
import { deliveriesOf } from './make-report.ts';
import { factsPeriod } from './period.ts';
import type { ReportDesk, ReportFile } from './report-desk.ts';
import type { ReportFiles } from './report-files.ts';
import { nextDueAt } from './report-schedule.ts';
import { cursorOf, positionOf, shelfView } from './report-views.ts';

export interface KeptReportsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly settings: () => ReportSettings;
  readonly files: ReportFiles;
  /** Somebody asked for something that is to be done now. */
  readonly onWish: () => void;
  /** Aborts what somebody waits for. */
  readonly closing: AbortSignal;
}

const SUMMARY_KINDS: readonly SummaryKind[] = ['daily', 'weekly', 'monthly'];

/** The desk over what stands in the database: wishes are written down there, and done by whichever replica comes to them first. */
export class KeptReports implements ReportDesk {
  readonly #options: KeptReportsOptions;

  constructor(options: KeptReportsOptions) {
    this.#options = options;
  }

  async list(wish: Parameters<ReportDesk['list']>[0]): Promise<ReportsAnswer> {
    const { database, clock } = this.#options;
    const settings = this.#options.settings();
    const now = clock.now();
    const { kind, limit, cursor } = wish;
    const { reports, after } = await readReports(database, { kind, limit, after: positionOf(cursor) }, new Date(now));
    const troubles = await readShelfTroubles(database);
    const due = SUMMARY_KINDS.map(
      (one) => [one, settings.enabled ? nextDueAt(settings, one, now) : undefined] as const,
    );
    return {
      reports,
      enabled: settings.enabled,
      time_zone: settings.timeZone,
      next_due: Object.fromEntries(
        due.flatMap(([one, at]) => (at === undefined ? [] : [[one, new Date(at).toISOString()]])),
      ),
      shelves: settings.shelves.map((shelf) => shelfView(shelf, troubles.get(shelf.name))),
      ...(after === undefined ? {} : { next: cursorOf(after) }),
    };
  }

  async detail(kind: ReportKind, period: string): Promise<ReportDetail> {
    const { database, clock } = this.#options;
    const found = await readReport(database, { kind, period }, new Date(clock.now()));
    if (found === undefined) throw notFound(kind, period);
    return found;
  }

  async facts(kind: ReportKind, period: string, version?: number): Promise<AnyFacts> {
    const facts = await readFacts(this.#options.database, { kind, period }, version);
    if (facts === undefined) throw notFound(kind, period, version);
    return facts;
  }

  async file(
    kind: ReportKind,
    period: string,
    lang: ReportLanguage,
    format: ReportFormat,
    version?: number,
  ): Promise<ReportFile> {
    const found = await this.#options.files.find({ kind, period, lang, format }, version, this.#options.closing);
    return { bytes: found.content, sha256: found.sha256, version: found.version };
  }

  async make(kind: ReportKind, name: string): Promise<ReportView> {
    const { database, clock } = this.#options;
    const { timeZone } = this.#options.settings();
    const now = clock.now();
    const period = factsPeriod(kind, name, timeZone);
    if (period === undefined || Date.parse(period.starts_at) > now)
      throw new NervesysError(
        'NSV_REPORT_PERIOD_INVALID',
        `make the ${kind} report of ${JSON.stringify(name)}: ${period === undefined ? `there is no such period in ${timeZone}` : 'it has not begun'}`,
        { hint: 'use 2025-12-10 for a day, 2025-W50 for an ISO week, 2025-12 for a month' },
      );
    if (!(await wantReport(database, { kind, period }, new Date(now))))
      throw new NervesysError('NSV_REPORT_RUNNING', `make the ${kind} report of ${name}: it is being made already`, {
        hint: 'wait until it is ready',
      });
    this.#options.onWish();
    return this.detail(kind, name);
  }

  async sendAgain(kind: ReportKind, period: string, shelf?: string, replace = false): Promise<ReportView> {
    const { database, clock } = this.#options;
    const settings = this.#options.settings();
    if (shelf !== undefined && !settings.shelves.some(({ name }) => name === shelf))
      throw new NervesysError(
        'NSV_SHELF_UNKNOWN',
        `send the ${kind} report of ${period} to shelf ${shelf}: there is none`,
        {
          hint: `shelves are: ${settings.shelves.map(({ name }) => name).join(', ')}`,
        },
      );
    await database.transaction(async (transaction) => {
      // Else a new version that comes in between would be told of before this one.
      const { rows } = await transaction.query<{ version: number }>(
        'SELECT version FROM reports WHERE kind = $1 AND period = $2 AND version > 0 FOR UPDATE',
        [kind, period],
      );
      if (rows[0] === undefined) throw notFound(kind, period);
      const wanted = deliveriesOf(kind, period, settings).filter((one) => shelf === undefined || one.shelf === shelf);
      await wantDeliveries(
        transaction,
        { kind, period },
        rows[0].version,
        wanted,
        new Date(clock.now()),
        true,
        replace,
      );
    });
    this.#options.onWish();
    return this.detail(kind, period);
  }
}

function notFound(kind: ReportKind, period: string, version?: number): NervesysError {
  const which = version === undefined ? '' : ` version ${version}`;
  return new NervesysError('NSV_REPORT_NOT_FOUND', `find the ${kind} report of ${period}${which}: there is none`);
}
