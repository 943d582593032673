import type { ReportsAnswer, ReportView } from '../contract/reports.ts';
import { systemClock } from '../platform/clock.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { escapeControls, formatTable, minute, note, painter, print, printJson } from './output.ts';
import { notDelivered, RemoteDesk } from './report-desk.ts';
import { readKind, readPeriod } from './report-period.ts';
import { LIGHT_COLOUR } from './report-words.ts';

export interface ReportListOptions extends ReaderOptions {
  readonly kind?: string;
  readonly limit: number;
}

export interface ReportFactsOptions extends ReaderOptions {
  readonly ofVersion?: number;
}

const PAGE_MAX = 200;

/** `nervesys report list`: the newest period first. */
export async function list(options: ReportListOptions): Promise<number> {
  const desk = new RemoteDesk(connectOrchestrator(options), systemClock);
  const answer = await readPages(desk, options);
  if (options.json) {
    printJson(answer);
    return EXIT.done;
  }
  if (answer.reports.length > 0) print(formatReports(answer.reports));
  else note('There is no report yet: `nervesys report daily` makes that of yesterday now.');
  for (const { name, state, problem, hint } of answer.shelves) {
    if (state === 'ready') continue;
    note(escapeControls(`shelf ${name}: ${problem ?? state}`));
    if (hint !== null) note(escapeControls(`  hint: ${hint}`));
  }
  const due = Object.entries(answer.next_due).map(([kind, at]) => `${kind} ${minute(at)}`);
  if (!answer.enabled) note('None is made by itself: orchestrator.yaml says reports: { enabled: false }.');
  else if (due.length > 0) note(`Next (UTC): ${due.join(', ')}.`);
  return EXIT.done;
}

/** `nervesys report facts`: the JSON that a report is made of. */
export async function facts(options: ReportFactsOptions, kindText: string, periodText: string): Promise<number> {
  const kind = readKind(kindText);
  const desk = new RemoteDesk(connectOrchestrator(options), systemClock);
  const { time_zone: timeZone } = await desk.list({ limit: 1 });
  const { name } = readPeriod(kind, periodText, { now: systemClock.now(), timeZone, option: 'period' });
  printJson(await desk.facts(kind, name, options.ofVersion));
  return EXIT.done;
}

async function readPages(desk: RemoteDesk, { kind, limit }: ReportListOptions): Promise<ReportsAnswer> {
  let answer = await desk.list({ kind, limit: Math.min(limit, PAGE_MAX) });
  while (answer.next !== undefined && answer.reports.length < limit) {
    const { reports } = answer;
    const more = await desk.list({ kind, limit: Math.min(limit - reports.length, PAGE_MAX), cursor: answer.next });
    answer = { ...more, reports: [...reports, ...more.reports] };
  }
  return answer;
}

function formatReports(reports: readonly ReportView[]): string {
  const paint = painter(process.stdout);
  const colour = { ready: 'green', making: 'blue', failed: 'red' } as const;
  return formatTable(reports, [
    { title: 'KIND', text: (one) => one.kind },
    { title: 'PERIOD', text: (one) => one.period },
    { title: 'LIGHT', text: (one) => (one.light === null ? '—' : paint(LIGHT_COLOUR[one.light], one.light)) },
    { title: 'VERSION', align: 'right', text: (one) => (one.version === 0 ? '—' : String(one.version)) },
    { title: 'STATE', text: (one) => paint(colour[one.state], one.state) },
    { title: 'GATHERED', text: (one) => (one.gathered_at === null ? '—' : minute(one.gathered_at)) },
    { title: 'SHELVES', text: (one) => sayShelves(one) },
    { title: 'PROBLEM', text: (one) => escapeControls(one.error ?? '') },
  ]);
}

function sayShelves(report: ReportView): string {
  const { deliveries } = report;
  if (deliveries.length === 0) return '—';
  const missing = new Set(notDelivered(report).map(({ shelf }) => shelf));
  const shelves = new Set(deliveries.map(({ shelf }) => shelf));
  if (missing.size === 0) return `on all ${shelves.size}`;
  return escapeControls(`not on ${[...missing].join(', ')}`);
}
