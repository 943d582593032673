import type { TrafficLight } from '../contract/report-facts.ts';
import type { ReportDeliveryView, ReportView } from '../contract/reports.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, second } from './output.ts';
import { isOnItsWay } from './report-desk.ts';

export const LIGHT_COLOUR: Readonly<Record<TrafficLight, Colour>> = {
  green: 'green',
  yellow: 'yellow',
  red: 'red',
  grey: 'dim',
};
const STATE_COLOUR: Readonly<Record<ReportDeliveryView['state'], Colour>> = {
  delivered: 'green',
  waiting: 'yellow',
  failed: 'red',
};

/** Says of one report its version, and how each file fares on each shelf; what there is to do beside it. */
export function printReport(report: ReportView): void {
  const { kind, period, version, light, deliveries, documents } = report;
  const paint = painter(process.stdout);
  const glance = light === null ? '' : `, ${paint(LIGHT_COLOUR[light], light)}`;
  print(`${kind} ${period}: ${versionWords(version)}${glance}`);
  const verdict = (documents.find(({ lang }) => lang === 'en') ?? documents[0])?.summary ?? '';
  // Isolates are for pages and documents; few terminals know them.
  if (verdict !== '') print(`  ${escapeControls(verdict.replace(/[\u2066-\u2069]/g, ''))}`);
  if (deliveries.length > 0)
    print(
      formatTable(deliveries, [
        { title: '  SHELF', text: (one) => `  ${escapeControls(one.shelf)}` },
        { title: 'FILE', text: (one) => escapeControls(one.path) },
        { title: 'STATE', text: (one) => paint(STATE_COLOUR[one.state], sayDelivery(one)) },
        { title: 'WHERE', text: (one) => escapeControls(one.link ?? '') },
      ]),
    );
  for (const [shelf, { error, hint }] of troubles(deliveries)) {
    note(escapeControls(`${shelf}: ${error}`));
    if (hint !== null) note(escapeControls(`  hint: ${hint}`));
  }
}

export function versionWords(version: number): string {
  if (version === 0) return 'not made yet';
  return version === 1 ? 'version 1' : `version ${version} (something arrived late)`;
}

function sayDelivery(delivery: ReportDeliveryView): string {
  const { state, version, due_at: dueAt, delivered_at: at } = delivery;
  switch (state) {
    case 'delivered':
      return at === null ? `version ${version}` : `version ${version} since ${second(at)}`;
    case 'waiting':
      return dueAt === null || isOnItsWay(delivery) ? 'on its way' : `again at ${second(dueAt)}`;
    case 'failed':
      return 'failed';
    default:
      return state satisfies never;
  }
}

/** Of each shelf what is wrong, once. */
function troubles(deliveries: readonly ReportDeliveryView[]): ReadonlyMap<string, ReportDeliveryView> {
  const told = new Map<string, ReportDeliveryView>();
  for (const one of deliveries)
    if (one.state !== 'delivered' && one.error !== null && !told.has(one.shelf)) told.set(one.shelf, one);
  return told;
}
