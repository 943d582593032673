import { join } from 'node:path';
import {
  type ReportDeliveryView,
  type ReportDetail,
  type ReportKind,
  type ReportLanguage,
  type ReportsAnswer,
  type ReportView,
  reportFormats,
  reportPath,
} from '../contract/reports.ts';
import { writeFileAtomic } from '../platform/atomic-file.ts';
import type { Clock } from '../platform/clock.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';
import type { OrchestratorConnection } from './connection.ts';

/** How often it is looked whether a report is made. */
const LOOK_MS = 500;
/** Making one takes seconds; past this it goes on without us. */
const MAKE_MS_MAX = 600_000;
/** A first attempt at every shelf is over by then, or the shelf is slow, which is said. */
const DELIVER_MS_MAX = 30_000;

/** What is asked of the orchestrator about reports, and how long it is waited for. */
export class RemoteDesk {
  readonly #connection: OrchestratorConnection;
  readonly #clock: Clock;

  constructor(connection: OrchestratorConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  async list(query: {
    readonly kind?: string | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }) {
    const wish = new URLSearchParams({ limit: String(query.limit) });
    if (query.kind !== undefined) wish.set('kind', query.kind);
    if (query.cursor !== undefined) wish.set('cursor', query.cursor);
    return (await this.#connection.ask('GET', `/api/v1/reports?${wish}`)) as ReportsAnswer;
  }

  async detail(kind: ReportKind, period: string): Promise<ReportDetail> {
    return (await this.#connection.ask('GET', address(kind, period))) as ReportDetail;
  }

  facts(kind: ReportKind, period: string, version: number | undefined): Promise<unknown> {
    const query = version === undefined ? '' : `?version=${version}`;
    return this.#connection.ask('GET', `${address(kind, period)}/facts${query}`);
  }

  /** Whether there is a version of it. */
  async isMade(kind: ReportKind, period: string): Promise<boolean> {
    try {
      const { version, state } = await this.detail(kind, period);
      return version > 0 && state === 'ready';
    } catch (error) {
      if (errorCode(error) === 'NSV_REPORT_NOT_FOUND') return false;
      throw error;
    }
  }

  /**
   * Has it made, and waits until that is done and every shelf was tried once; `onWait` is told while it takes. One that is being made
   * already is waited for. Rejects with what went wrong.
   */
  async make(kind: ReportKind, period: string, onWait: () => void): Promise<ReportDetail> {
    try {
      await this.#connection.ask('POST', address(kind, period), {});
    } catch (error) {
      if (errorCode(error) !== 'NSV_REPORT_RUNNING') throw error;
    }
    const until = this.#clock.monotonic() + MAKE_MS_MAX;
    for (;;) {
      const detail = await this.detail(kind, period);
      if (detail.state === 'ready') return this.delivered(kind, period, onWait);
      if (detail.state === 'failed')
        throw new NervesysError('NSV_REPORT_FAILED', `${kind} report of ${period}: ${detail.error ?? 'it failed'}`, {
          hint: 'the orchestrator tries it again by itself; its log says more',
        });
      if (this.#clock.monotonic() > until)
        throw new NervesysError('NSV_REPORT_FAILED', `${kind} report of ${period}: not made after ten minutes`, {
          hint: 'it goes on by itself: see `nervesys report list`',
        });
      onWait();
      await this.#clock.sleep(LOOK_MS);
    }
  }

  /** Has it sent again, and waits as `make` does. */
  async send(
    kind: ReportKind,
    period: string,
    { shelf, replace }: { readonly shelf?: string; readonly replace?: boolean },
    onWait: () => void,
  ): Promise<ReportDetail> {
    const body = { ...(shelf === undefined ? {} : { shelf }), ...(replace === true ? { replace } : {}) };
    const view = (await this.#connection.ask('POST', `${address(kind, period)}/send`, body)) as ReportView;
    return this.delivered(kind, view.period, onWait);
  }

  /** The report, once no shelf is yet to be tried for the first time. */
  async delivered(kind: ReportKind, period: string, onWait: () => void): Promise<ReportDetail> {
    const until = this.#clock.monotonic() + DELIVER_MS_MAX;
    for (;;) {
      const detail = await this.detail(kind, period);
      if ((!detail.deliveries.some(isOnItsWay) && detail.state !== 'making') || this.#clock.monotonic() > until)
        return detail;
      onWait();
      await this.#clock.sleep(LOOK_MS);
    }
  }

  /**
   * Writes the files into a folder, each whole or not at all, and answers their paths: those of one language under their plain names, else
   * all that there are, under the names that the orchestrator gives them.
   */
  async fetchFiles(report: ReportDetail, folder: string, lang: ReportLanguage | undefined): Promise<readonly string[]> {
    const { kind, period, documents } = report;
    const wanted =
      lang === undefined
        ? documents.map((one) => ({ lang: one.lang, format: one.format }))
        : reportFormats(kind).map((format) => ({ lang, format }));
    const paths: string[] = [];
    for (const one of wanted) {
      const { bytes, name } = await this.#connection.file(
        `${address(kind, period)}/${one.lang}.${one.format}?version=${report.version}&download=1`,
      );
      const plain = plainName(reportPath(kind, period, one.format));
      const marked = plainName(reportPath(kind, period, one.format, one.lang));
      const path = join(folder, lang === undefined ? (name ?? marked) : plain);
      await writeFileAtomic(path, bytes, 0o666);
      paths.push(path);
    }
    return paths;
  }
}

/** What isn't where it should be. */
export function notDelivered({ deliveries, version }: ReportView): readonly ReportDeliveryView[] {
  return deliveries.filter((one) => one.state !== 'delivered' || one.version !== version);
}

/** It was not tried yet, or is being tried at this moment. */
export function isOnItsWay({ state, attempts, error }: ReportDeliveryView): boolean {
  return state === 'waiting' && (attempts === 0 || error === null);
}

function address(kind: ReportKind, period: string): string {
  return `/api/v1/reports/${kind}/${encodeURIComponent(period)}`;
}

function plainName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
