import type { AlertSeverity } from '../contract/alert.ts';
import type { AlertView } from '../contract/fleet.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson } from './output.ts';

export interface AlertsOptions extends ReaderOptions {
  readonly all?: boolean;
}

const SEVERITY_COLOUR: Readonly<Record<AlertSeverity, Colour>> = { info: 'blue', warning: 'yellow', critical: 'red' };

/** `nervesys alerts`: what went wrong, newest first; what is resolved only with `--all`. */
export async function run(options: AlertsOptions): Promise<number> {
  const answer = (await connectOrchestrator(options).ask('GET', '/api/v1/alerts')) as { alerts: readonly AlertView[] };
  const alerts = options.all ? answer.alerts : answer.alerts.filter((alert) => alert.state !== 'resolved');
  if (options.json) {
    printJson({ alerts });
    return EXIT.done;
  }
  if (alerts.length === 0) {
    note(options.all ? 'No alert has been raised.' : 'No alert is open.');
    return EXIT.done;
  }
  const paint = painter(process.stdout);
  print(
    formatTable(alerts, [
      { title: 'LAST', text: (one) => one.last_at.slice(0, 19).replace('T', ' ') },
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
