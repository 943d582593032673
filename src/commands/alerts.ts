import type { AlertSeverity } from '../contract/alert.ts';
import type { AlertDeliveryView, AlertDetail, AlertView } from '../contract/fleet.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson, second } from './output.ts';

export interface AlertsOptions extends ReaderOptions {
  readonly all?: boolean;
  readonly server?: string;
  readonly agent?: string;
  readonly kind?: string;
  readonly severity?: AlertSeverity;
  readonly limit: number;
}

export interface ChangeOptions extends ReaderOptions {
  readonly note?: string;
}

const SEVERITY_COLOUR: Readonly<Record<AlertSeverity, Colour>> = { info: 'blue', warning: 'yellow', critical: 'red' };
const SERVER_LIMIT_MAX = 1_000;

/** `nervesys alerts`: what went wrong, the one told last first; what is resolved only with `--all`. */
export async function run(options: AlertsOptions): Promise<number> {
  const query = new URLSearchParams({
    ...(options.all ? {} : { state: 'unresolved' }),
    ...(options.server === undefined ? {} : { server: options.server }),
    ...(options.agent === undefined ? {} : { agent_id: options.agent }),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    ...(options.severity === undefined ? {} : { severity: options.severity }),
    limit: String(Math.min(options.limit, SERVER_LIMIT_MAX)),
  });
  const answer = await connectOrchestrator(options).ask('GET', `/api/v1/alerts?${query}`);
  const { alerts } = answer as { readonly alerts: readonly AlertView[] };
  if (options.json) {
    printJson({ alerts });
    return EXIT.done;
  }
  if (alerts.length === 0) {
    note(options.all ? 'No such alert has been raised.' : 'No alert is open.');
    return EXIT.done;
  }
  const paint = painter(process.stdout);
  print(
    formatTable(alerts, [
      { title: 'ID', align: 'right', text: (one) => one.id },
      { title: 'LAST', text: (one) => second(one.last_at) },
      { title: 'SEVERITY', text: (one) => paint(SEVERITY_COLOUR[one.severity] ?? 'dim', one.severity) },
      { title: 'STATE', text: (one) => one.state },
      { title: 'SERVER', text: (one) => escapeControls(one.server) },
      { title: 'AGENT', text: (one) => escapeControls(one.agent_id ?? '—') },
      { title: 'TIMES', align: 'right', text: (one) => String(one.count) },
      { title: 'KIND', text: (one) => escapeControls(one.kind) },
      { title: 'WHAT', text: (one) => escapeControls(one.title) },
    ]),
  );
  return EXIT.done;
}

/** `nervesys alerts show`: one alert with its story. */
export async function show(options: ReaderOptions, id: string): Promise<number> {
  const alert = (await connectOrchestrator(options).ask(
    'GET',
    `/api/v1/alerts/${encodeURIComponent(id)}`,
  )) as AlertDetail;
  if (options.json) {
    printJson(alert);
    return EXIT.done;
  }
  const paint = painter(process.stdout);
  const who = alert.agent_id === null ? alert.server : `${alert.agent_id} on ${alert.server}`;
  print(`${paint(SEVERITY_COLOUR[alert.severity] ?? 'dim', alert.severity)} ${escapeControls(alert.title)}`);
  print(`${escapeControls(who)}, ${escapeControls(alert.kind)}, ${alert.state}`);
  const often = alert.count === 1 ? 'once' : `${alert.count} times, last ${second(alert.last_at)}`;
  print(`since ${second(alert.first_at)} UTC, told ${often}`);
  if (alert.silenced_until !== null) print(`silenced until ${second(alert.silenced_until)} UTC`);
  if (alert.correction) {
    const { mark, marked_by: by, marked_at: at } = alert.correction;
    print(
      `its lines are marked as ${mark === 'ordinary' ? 'ordinary' : 'an alert'} by ${escapeControls(by)}, ${second(at)} UTC`,
    );
  }
  const { lines_before: lines, ...detail } = alert.detail;
  for (const [key, value] of Object.entries(detail)) print(`  ${escapeControls(key)}: ${escapeControls(said(value))}`);
  if (Array.isArray(lines) && lines.length > 0) {
    print('\nLines before it:');
    for (const line of lines) print(`  ${escapeControls(lineOf(line))}`);
  }
  print('\nWhat happened:');
  for (const { at, event, by, note: why } of alert.events)
    print(
      `  ${second(at)}  ${event}${by === null ? '' : ` by ${escapeControls(by)}`}${why === null ? '' : `: ${escapeControls(why)}`}`,
    );
  if (alert.deliveries.length > 0) print('\nTold:');
  for (const delivery of alert.deliveries) print(`  ${escapeControls(sayDelivery(delivery))}`);
  return EXIT.done;
}

/** `nervesys alerts ack`. */
export function acknowledge(options: ChangeOptions, ids: readonly string[]): Promise<number> {
  return change('acknowledge', 'acknowledged', ids, options);
}

/** `nervesys alerts resolve`. */
export function resolve(options: ChangeOptions, ids: readonly string[]): Promise<number> {
  return change('resolve', 'resolved', ids, options);
}

async function change(verb: string, done: string, ids: readonly string[], options: ChangeOptions): Promise<number> {
  const orchestrator = connectOrchestrator(options);
  const body = options.note === undefined ? {} : { note: options.note };
  const changed: AlertView[] = [];
  for (const id of ids) {
    const alert = (await orchestrator.ask(
      'POST',
      `/api/v1/alerts/${encodeURIComponent(id)}/${verb}`,
      body,
    )) as AlertView;
    changed.push(alert);
    if (!options.json) print(`Alert ${alert.id} is ${done}: ${escapeControls(alert.title)}`);
  }
  if (options.json) printJson({ alerts: changed });
  return EXIT.done;
}

function sayDelivery({ channel, event, state, held, due_at, attempts, ended_at, error }: AlertDeliveryView): string {
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  const why = error === null ? '' : `: ${error}`;
  switch (state) {
    case 'told':
      return `${second(ended_at ?? due_at)}  ${event} by ${channel}${tries}`;
    case 'waiting': {
      const reason = held === null ? why : `: ${held.replaceAll('_', ' ')}`;
      return `${second(due_at)}  ${event} is to be told by ${channel}${reason}`;
    }
    case 'moot':
      return `${second(ended_at ?? due_at)}  ${event} was over before ${channel} told it`;
    case 'failed':
      return `${second(ended_at ?? due_at)}  ${event} could not be told by ${channel}${tries}${why}`;
    default:
      return state satisfies never;
  }
}

function lineOf(line: unknown): string {
  if (typeof line !== 'object' || line === null) return said(line);
  const { timestamp, level, action, message } = line as Readonly<Record<string, unknown>>;
  return [timestamp, level, action, message]
    .filter((part) => part != null)
    .map(said)
    .join(' ');
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
