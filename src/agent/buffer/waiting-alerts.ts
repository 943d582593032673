import { ALERT_COUNT_MAX, type AlertReport, type AlertSeverity, severityRank } from '../../contract/alert.ts';
import type { Epoch } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { randomHex } from '../../platform/random.ts';
import type { DiskRoom } from './disk-room.ts';
import { type BufferStore, isBusy, isNoSpace } from './store.ts';

/*
 * Alerts that wait for the orchestrator, in the table `alerts`, so that a kill between the trouble and its telling loses none.
 *
 * Each waiting alert has an id that stays the same over all attempts to tell it: one that arrives twice, since its answer was lost, counts
 * once. So from its first attempt on neither its words nor its count change any more: the same trouble told again then waits as a second
 * alert behind it, and is told once the first has arrived. Before, it takes the place of what waits, and is counted. A trouble thus waits at
 * most twice, however often it is told. That it is over waits behind it; where it comes back before anybody knew, it never was. What the file held at the start may have been attempted by the process before.
 */

const WAITING_MAX = 1_000;
/** Of the limit, so much is for alerts: what a thousand short ones take, or a hundred with the lines before them. */
const BYTES_MAX = 4_000_000;
const BYTES_PART_MAX = 0.04;
/** A longer one is told without its details: no orchestrator would take it. */
const REPORT_BYTES_MAX = 200_000;
/** Told within this of each other, they are written together: the first at once. */
const WRITE_PAUSE_MS = 100;

export interface WaitingAlertsOptions {
  readonly store: BufferStore;
  readonly room: DiskRoom;
  readonly epoch: Epoch;
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when rows have left the file. */
  readonly onFreed?: () => void;
  readonly waitingMax?: number;
}

interface Waiting {
  /** Its place in the order of telling. */
  readonly n: number;
  readonly id: string;
  readonly key: string;
  /** It says that the trouble is over. */
  readonly isOver: boolean;
  severity: AlertSeverity;
  count: number;
  bytes: number;
  /** It may have arrived. */
  attempted: boolean;
  /** Its words, until the file has them. */
  unsaved: AlertReport | undefined;
}

export class WaitingAlerts {
  readonly #options: WaitingAlertsOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** The last one of each trouble. */
  readonly #last = new Map<string, Waiting>();
  /** They have arrived, and the file still holds them; by place, with their trouble. */
  readonly #arrived = new Map<number, string>();
  /** Random: what was told without standing in the file must not lend its id to another after a restart. */
  readonly #run = randomHex(4);
  readonly #closing = new AbortController();
  #nextN: number;
  #bytes = 0;
  #bytesMax: number;
  #writing: Promise<void> | undefined;
  #isDirty = false;
  #dropped = 0;
  #listener: (() => void) | undefined;

  /** Takes up what the file holds. */
  constructor(options: WaitingAlertsOptions) {
    this.#options = options;
    this.#bytesMax = bytesMaxOf(options.limitBytes);
    const rows = options.store
      .statement(
        "SELECT n, id, dedup_key, severity, count, length(report) AS bytes, CASE WHEN json_valid(report) THEN report ->> '$.resolved' END AS over FROM alerts ORDER BY n",
      )
      .all();
    for (const row of rows) {
      const key = row['dedup_key'] as string;
      this.#add({
        n: row['n'] as number,
        id: row['id'] as string,
        key,
        isOver: row['over'] === 1,
        severity: row['severity'] as AlertSeverity,
        count: row['count'] as number,
        bytes: row['bytes'] as number,
        attempted: !this.#last.has(key), // one behind another is told only once that has left the file
        unsaved: undefined,
      });
    }
    this.#nextN = ((rows.at(-1)?.['n'] as number | undefined) ?? 0) + 1;
  }

  /** Called after each telling; one listener. */
  onTold(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Given up since the start: past the bounds, refused, or not readable any more. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Another limit of the buffer. */
  setLimit(limitBytes: number): void {
    this.#bytesMax = bytesMaxOf(limitBytes);
    this.#keepWithinBounds();
  }

  /** Takes an alert; it stands in the file a moment later, and before it is sent. Never throws. */
  tell(alert: AlertReport): void {
    const isOver = alert.resolved === true;
    const merged = this.#mergeable(alert.dedup_key, isOver);
    const count = Math.min(ALERT_COUNT_MAX, (alert.count ?? 1) + (merged?.count ?? 0));
    const report = this.#fitting(this.#withMore(alert, merged), merged?.bytes ?? 0);
    const bytes = Buffer.byteLength(JSON.stringify(report));
    const { dedup_key: key, severity } = alert;
    if (merged === undefined) {
      const n = this.#nextN++;
      const id = `${this.#options.epoch}-${this.#run}-${n}`;
      this.#add({ n, id, key, isOver, severity, count, bytes, attempted: false, unsaved: report });
    } else {
      this.#bytes += bytes - merged.bytes;
      Object.assign(merged, { severity, count, bytes, unsaved: report });
    }
    this.#keepWithinBounds();
    this.#isDirty = true;
    this.#writing ??= this.#writeSoon();
    this.#listener?.();
  }

  /**
   * What is to be told next, the worst first: one a trouble, within both bounds but at least one. It is in the file by then, or there is no
   * room for it. From now on it stays as it is.
   */
  next(alertsMax: number, bytesMax: number): AlertReport[] {
    this.flush();
    const leaving = new Set(this.#arrived.values());
    const seen = new Set<string>();
    const first = [...this.#waiting.values()].filter(({ key }) => {
      if (seen.has(key)) return false;
      seen.add(key);
      return !leaving.has(key);
    });
    first.sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || a.n - b.n);
    const reports: AlertReport[] = [];
    let bytes = 0;
    for (const waiting of first) {
      bytes += waiting.bytes;
      if (reports.length >= alertsMax || (reports.length > 0 && bytes > bytesMax)) break;
      const report = this.#reportOf(waiting);
      if (report === undefined) continue;
      waiting.attempted = true;
      reports.push({ ...report, id: waiting.id, count: waiting.count });
    }
    return reports;
  }

  /** They have arrived, or are given up for good. */
  remove(reports: readonly AlertReport[]): void {
    const ids = new Set(reports.map(({ id }) => id));
    for (const waiting of this.#waiting.values()) if (ids.has(waiting.id)) this.#leave(waiting);
    if (this.#arrived.size === 0) return;
    this.#isDirty = true;
    this.#writing ??= this.#writeSoon();
  }

  /** Refused for good, with nothing of it taken: it goes on without the lines before it, where it has some, or is given up. */
  refused(report: AlertReport): void {
    const waiting = [...this.#waiting.values()].find(({ id }) => id === report.id);
    if (waiting === undefined) return;
    if (report.detail['lines_before'] === undefined) {
      this.#dropped++;
      this.remove([report]);
      return;
    }
    const { id: _, count: __, ...words } = report;
    waiting.unsaved = withoutLines(words);
    this.#isDirty = true;
  }

  /** Brings the file up to date, in one transaction. Where there is no room now, it is tried again with the next. */
  flush(): void {
    if (!this.#isDirty) return;
    const { store, room, logger } = this.#options;
    const unsaved = [...this.#waiting.values()].filter((waiting) => waiting.unsaved !== undefined);
    const bytes = unsaved.reduce((sum, waiting) => sum + waiting.bytes, 0);
    if (!room.fitsSmallWrite(bytes)) return;
    const leaving = [...this.#arrived.keys()];
    try {
      room.makingRoom(() =>
        store.transaction(() => {
          for (const n of leaving) store.statement('DELETE FROM alerts WHERE n = ?').run(n);
          for (const { n, id, key, severity, count, unsaved: report } of unsaved)
            store
              .statement(
                'INSERT INTO alerts (n, id, dedup_key, severity, count, report) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET severity = excluded.severity, count = excluded.count, report = excluded.report',
              )
              .run(n, id, key, severity, count, JSON.stringify(report));
        }),
      );
    } catch (error) {
      if (!isNoSpace(error) && !isBusy(error))
        logger.error('alerts could not be noted on the disk; they wait in memory', errorFields(error));
      return;
    }
    for (const waiting of unsaved) waiting.unsaved = undefined;
    for (const n of leaving) this.#arrived.delete(n);
    this.#isDirty = false;
    if (leaving.length > 0) this.#options.onFreed?.();
  }

  /** Whether the file has them all. */
  get isSaved(): boolean {
    return !this.#isDirty;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    this.flush();
  }

  async #writeSoon(): Promise<void> {
    const { clock } = this.#options;
    try {
      await new Promise(setImmediate); // what is told in the same moment
      while (!this.#closing.signal.aborted && this.#isDirty) {
        this.flush();
        await clock.sleep(WRITE_PAUSE_MS, this.#closing.signal);
      }
    } catch {
      // closing: the last flush writes what is left
    }
    this.#writing = undefined;
  }

  /** The one that may take up what is told now. */
  #mergeable(key: string, isOver: boolean): Waiting | undefined {
    const last = this.#last.get(key);
    if (last === undefined || last.attempted) return undefined;
    if (last.isOver === isOver) return last;
    if (isOver) return undefined;
    const before = [...this.#waiting.values()].findLast((one) => one.key === key && one !== last);
    if (before === undefined || before.attempted || before.isOver) return undefined;
    this.#leave(last);
    this.#last.set(key, before);
    return before;
  }

  /** What only says more of something that waits leaves its words as they are. */
  #withMore(alert: AlertReport, merged: Waiting | undefined): AlertReport {
    const told = alert.count === 0 && merged !== undefined ? this.#reportOf(merged) : undefined;
    return told === undefined ? alert : { ...told, detail: { ...told.detail, model: alert.detail['model'] } };
  }

  #add(waiting: Waiting): void {
    this.#waiting.set(waiting.n, waiting);
    this.#last.set(waiting.key, waiting);
    this.#bytes += waiting.bytes;
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting.n);
    if (this.#last.get(waiting.key) === waiting) this.#last.delete(waiting.key);
    this.#bytes -= waiting.bytes;
    this.#arrived.set(waiting.n, waiting.key);
  }

  #reportOf(waiting: Waiting): AlertReport | undefined {
    if (waiting.unsaved !== undefined) return waiting.unsaved;
    try {
      const row = this.#options.store.statement('SELECT report FROM alerts WHERE n = ?').get(waiting.n);
      return JSON.parse(row?.['report'] as string) as AlertReport;
    } catch (error) {
      this.#dropped++;
      this.#leave(waiting);
      this.#options.logger.error('an alert that waited is not readable any more', {
        dedupKey: waiting.key,
        ...errorFields(error),
      });
      return undefined;
    }
  }

  /** Once half of the room is taken, what comes is kept without the lines before it: rather all troubles than all about a few. */
  #fitting(alert: AlertReport, freedBytes: number): AlertReport {
    const length = JSON.stringify(alert).length;
    const isTight = this.#bytes - freedBytes + length > this.#bytesMax / 2;
    const report = isTight && alert.detail['lines_before'] !== undefined ? withoutLines(alert) : alert;
    return length > REPORT_BYTES_MAX && JSON.stringify(report).length > REPORT_BYTES_MAX
      ? { ...report, detail: { _truncated: ['detail'] } }
      : report;
  }

  /** The least severe, oldest one goes first. */
  #keepWithinBounds(): void {
    const waitingMax = this.#options.waitingMax ?? WAITING_MAX;
    while (this.#waiting.size > 1 && (this.#waiting.size > waitingMax || this.#bytes > this.#bytesMax)) {
      let least: Waiting | undefined;
      for (const waiting of this.#waiting.values())
        if (least === undefined || severityRank(waiting.severity) < severityRank(least.severity)) least = waiting;
      this.#leave(least!);
      this.#dropped++;
      this.#isDirty = true;
      this.#options.logger.error('an alert was given up: too many wait', {
        dedupKey: least!.key,
        waiting: this.#waiting.size,
      });
    }
  }
}

function bytesMaxOf(limitBytes: number): number {
  return Math.min(BYTES_MAX, limitBytes * BYTES_PART_MAX);
}

function withoutLines(alert: AlertReport): AlertReport {
  const { lines_before: _, ...detail } = alert.detail;
  return { ...alert, detail };
}
