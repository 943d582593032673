import { mkdir } from 'node:fs/promises';
import type { FactsPeriod } from '../contract/report-facts.ts';
import type { ReportDetail, ReportKind, ReportLanguage } from '../contract/reports.ts';
import { systemClock } from '../platform/clock.ts';
import { describeError, errorCode, NervesysError } from '../platform/errors.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, note, print, printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { notDelivered, RemoteDesk } from './report-desk.ts';
import { periodsFrom, readPeriod } from './report-period.ts';
import { printReport } from './report-words.ts';
import { resolveUserPath } from './settings.ts';

export interface MakeReportOptions extends ReaderOptions {
  readonly date?: string;
  readonly from?: string;
  readonly to?: string;
  readonly missing?: boolean;
  readonly lang?: ReportLanguage;
  readonly out?: string;
}

interface Failure {
  readonly period: string;
  readonly code: string;
  readonly error: string;
}

/** With one of these it is no better for the next period. */
const HOPELESS: ReadonlySet<string> = new Set([
  'NSV_NOT_RUNNING',
  'NSV_UNAUTHORIZED',
  'NSV_FORBIDDEN',
  'NSV_NOT_FOUND',
]);

/** `nervesys report daily|weekly|monthly|critical`: makes one, or one after the other, and says where each stands. */
export function make(kind: ReportKind): (options: MakeReportOptions) => Promise<number> {
  return async (options) => {
    checkOptions(options);
    const desk = new RemoteDesk(connectOrchestrator(options), systemClock);
    const { time_zone: timeZone } = await desk.list({ limit: 1 });
    const at = { now: systemClock.now(), timeZone };
    const read = (option: '--date' | '--from' | '--to', text: string | undefined) =>
      readPeriod(kind, text, { ...at, option });
    const { from, to = 'yesterday' } = options;
    const periods =
      from === undefined ? [read('--date', options.date)] : periodsFrom(kind, read('--from', from), read('--to', to));
    const folder = options.out === undefined ? undefined : await makeFolder(options.out);
    const made = new Making(desk, kind, options, folder);
    return from === undefined ? made.one(periods[0]!) : made.each(periods);
  };
}

class Making {
  readonly #desk: RemoteDesk;
  readonly #kind: ReportKind;
  readonly #options: MakeReportOptions;
  readonly #folder: string | undefined;
  readonly #progress = new ProgressLine(process.stderr, systemClock);

  constructor(desk: RemoteDesk, kind: ReportKind, options: MakeReportOptions, folder: string | undefined) {
    this.#desk = desk;
    this.#kind = kind;
    this.#options = options;
    this.#folder = folder;
  }

  async one({ name }: FactsPeriod): Promise<number> {
    const startedAt = systemClock.monotonic();
    const seconds = () => Math.round((systemClock.monotonic() - startedAt) / 1_000);
    const made = await this.#make(name, () => `making ${this.#kind} ${name}, ${seconds()} s`, 0);
    if (this.#options.json) printJson({ ...made.report, files: made.files });
    else this.#say(made);
    return notDelivered(made.report).length > 0 ? EXIT.problems : EXIT.done;
  }

  /** Goes on after one that fails, and names those at the end. */
  async each(periods: readonly FactsPeriod[]): Promise<number> {
    const made: Made[] = [];
    const failed: Failure[] = [];
    for (const [index, { name }] of periods.entries()) {
      const far = () => `${name}, ${index + 1} of ${periods.length}`;
      try {
        const one = await this.#make(name, far, index / periods.length);
        made.push(one);
        if (!this.#options.json) this.#say(one);
      } catch (error) {
        if (HOPELESS.has(errorCode(error))) throw error;
        failed.push({ period: name, code: errorCode(error), error: describeError(error) });
        if (!this.#options.json) note(escapeControls(`${this.#kind} ${name}: ${describeError(error)}`));
      }
    }
    if (this.#options.json) printJson({ reports: made.map(({ report, files }) => ({ ...report, files })), failed });
    else if (failed.length > 0)
      note(`${failed.length} of ${periods.length} failed: ${failed.map(({ period }) => period).join(', ')}`);
    if (failed.length > 0) return EXIT.failed;
    return made.some(({ report }) => notDelivered(report).length > 0) ? EXIT.problems : EXIT.done;
  }

  async #make(period: string, text: () => string, part: number): Promise<Made> {
    const onWait = () => this.#progress.show(text(), part);
    try {
      onWait();
      const isThere = this.#options.missing === true && (await this.#desk.isMade(this.#kind, period));
      const report = isThere
        ? await this.#desk.detail(this.#kind, period)
        : await this.#desk.make(this.#kind, period, onWait);
      const files =
        this.#folder === undefined ? [] : await this.#desk.fetchFiles(report, this.#folder, this.#options.lang);
      return { report, files, isThere };
    } finally {
      this.#progress.clear();
    }
  }

  #say({ report, files, isThere }: Made): void {
    if (isThere && files.length === 0) print(`${report.kind} ${report.period}: there already`);
    else printReport(report);
    for (const file of files) print(`  written: ${escapeControls(file)}`);
  }
}

interface Made {
  readonly report: ReportDetail;
  readonly files: readonly string[];
  /** It was there before, and was not made again. */
  readonly isThere: boolean;
}

function checkOptions({ date, from, to }: MakeReportOptions): void {
  const wrong = (message: string, hint: string) => new NervesysError('NSV_SETTING_INVALID', message, { hint });
  if (date !== undefined && (from !== undefined || to !== undefined))
    throw wrong('--date is one report, --from and --to are several', 'use the one or the others');
  if (to !== undefined && from === undefined) throw wrong('--to needs --from', 'say where to begin');
}

async function makeFolder(text: string): Promise<string> {
  const folder = resolveUserPath(text);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new NervesysError('NSV_SETTING_INVALID', `--out ${folder} can't be made a folder (${errorCode(error)})`, {
      hint: 'name a folder that you may write to',
      cause: error,
    });
  }
  return folder;
}
