import type { FleetAgent, FleetAnswer } from '../contract/fleet.ts';
import type { AgentState } from '../contract/heartbeat.ts';
import { formatDuration } from '../platform/quantity.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson } from './output.ts';

export interface FleetOptions extends ReaderOptions {
  readonly server?: string;
}

const STATE_COLOUR: Readonly<Record<AgentState, Colour>> = {
  up: 'green',
  degraded: 'yellow',
  late: 'yellow',
  down: 'red',
  revoked: 'red',
  retired: 'dim',
};

/** `nervesys fleet`: all AI agents, as `docker ps` shows containers. */
export async function run(options: FleetOptions): Promise<number> {
  const answer = (await connectOrchestrator(options).ask('GET', '/api/v1/fleet')) as FleetAnswer;
  const mine = <Row extends { readonly server: string }>(rows: readonly Row[]) =>
    options.server === undefined ? rows : rows.filter((row) => row.server === options.server);
  if (options.json) {
    printJson({ ...answer, servers: mine(answer.servers), agents: mine(answer.agents) });
    return EXIT.done;
  }
  const agents = mine(answer.agents);
  if (agents.length === 0) {
    const servers = mine(answer.servers).length;
    note(`No AI agent has been heard of yet${servers > 0 ? ` (${servers} servers have joined)` : ''}.`);
    note('Run one with `nervesys exec --agent-id GROK -- some-command`; it is here within a minute.');
    return EXIT.done;
  }
  print(formatFleet(agents, Date.parse(answer.now), painter(process.stdout)));
  return EXIT.done;
}

function formatFleet(
  agents: readonly FleetAgent[],
  now: number,
  paint: (colour: Colour, text: string) => string,
): string {
  const ago = (iso: string | null) => (iso === null ? '—' : `${formatDuration(now - Date.parse(iso))} ago`);
  const percent = (value: number | undefined) => (typeof value === 'number' ? `${value.toFixed(0)} %` : '—');
  const buffer = ({ metrics }: FleetAgent) =>
    typeof metrics.buffer_size_mb === 'number' ? `${metrics.buffer_size_mb.toFixed(1)} MB` : '—';
  return formatTable(agents, [
    { title: 'AGENT', text: (one) => paint('bold', escapeControls(one.agent_id)) },
    { title: 'SERVER', text: (one) => escapeControls(one.server) },
    { title: 'STATE', text: (one) => paint(STATE_COLOUR[one.state] ?? 'dim', one.state) },
    { title: 'STATUS', text: (one) => one.status },
    { title: 'CPU', align: 'right', text: (one) => percent(one.metrics.cpu_percent) },
    { title: 'RAM', align: 'right', text: (one) => percent(one.metrics.ram_percent) },
    { title: 'DISK', align: 'right', text: (one) => percent(one.metrics.disk_percent) },
    { title: 'BUFFER', align: 'right', text: buffer },
    { title: 'LAST ACTION', text: (one) => escapeControls(one.last_action ?? '—') },
    { title: 'LAST SIGN', text: (one) => ago(one.last_seen_at) },
    { title: 'LAST BEAT', text: (one) => ago(one.received_at) },
    { title: 'WHY', text: (one) => (one.state === 'up' ? '' : escapeControls(one.reason)) },
  ]);
}
