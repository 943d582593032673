import { systemClock } from '../platform/clock.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { printJson } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { notDelivered, RemoteDesk } from './report-desk.ts';
import { readKind, readPeriod } from './report-period.ts';
import { printReport } from './report-words.ts';

export interface SendReportOptions extends ReaderOptions {
  readonly shelf?: string;
  readonly replace?: boolean;
}

/** `nervesys report send`: puts a report on its shelves again, and says how that went. */
export async function run(options: SendReportOptions, kindText: string, periodText: string): Promise<number> {
  const kind = readKind(kindText);
  const desk = new RemoteDesk(connectOrchestrator(options), systemClock);
  const { time_zone: timeZone } = await desk.list({ limit: 1 });
  const { name } = readPeriod(kind, periodText, { now: systemClock.now(), timeZone, option: 'period' });
  const progress = new ProgressLine(process.stderr, systemClock);
  const sent = await desk
    .send(kind, name, options, () => progress.show(`sending ${kind} ${name}`, 0))
    .finally(() => progress.clear());
  const { shelf } = options;
  const report =
    shelf === undefined ? sent : { ...sent, deliveries: sent.deliveries.filter((one) => one.shelf === shelf) };
  if (options.json) printJson(report);
  else printReport(report);
  return notDelivered(report).length > 0 ? EXIT.problems : EXIT.done;
}
