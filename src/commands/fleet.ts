import type { FleetAgent, FleetAnswer, FleetServer } from '../contract/fleet.ts';
import type { AgentState } from '../contract/heartbeat.ts';
import { formatDuration } from '../platform/quantity.ts';
import { sayFleetConfig } from './config-rollout.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson } from './output.ts';

export interface FleetOptions extends ReaderOptions {
  readonly server?: string;
  /** Those out of service too. */
  readonly retired?: boolean;
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
  const inService = <Row extends { readonly state: AgentState }>(rows: readonly Row[]) =>
    options.retired ? rows : rows.filter(({ state }) => state !== 'retired');
  const all = mine(answer.agents);
  const agents = inService(all);
  if (all.length === 0) {
    note('No AI agent has been heard of yet.');
    note('Run one with `nervesys exec --agent-id GROK -- some-command`; it is here within a minute.');
  } else if (agents.length > 0) print(formatFleet(agents, Date.parse(answer.now), painter(process.stdout)));
  const hidden = all.length - agents.length;
  if (hidden > 0) note(`${hidden} out of service: nervesys fleet --retired`);
  const servers = inService(mine(answer.servers));
  if (servers.length > 0) {
    print('');
    print(formatServers(servers, Date.parse(answer.now), painter(process.stdout)));
  }
  // An older orchestrator says nothing of it.
  if (answer.config?.desired != null) {
    print('');
    for (const line of sayFleetConfig(answer.config)) print(escapeControls(`Configuration: ${line}`));
  }
  return EXIT.done;
}

/** The servers, with the age of the key that each holds. */
function formatServers(
  servers: readonly FleetServer[],
  now: number,
  paint: (colour: Colour, text: string) => string,
): string {
  const age = (iso: string | null | undefined) => (iso ? formatDuration(Math.max(0, now - Date.parse(iso))) : '—');
  // Only where there is something to say.
  const clock = { title: 'CLOCK', align: 'right', text: (one: FleetServer) => saySkew(one.clock_skew_ms) } as const;
  return formatTable(servers, [
    { title: 'SERVER', text: (one) => paint('bold', escapeControls(one.server)) },
    { title: 'STATE', text: (one) => paint(STATE_COLOUR[one.state] ?? 'dim', one.state) },
    { title: 'AGENTS', align: 'right', text: (one) => String(one.agents) },
    { title: 'VERSION', text: (one) => escapeControls(one.agent_version ?? '—') },
    { title: 'KEY AGE', align: 'right', text: (one) => age(one.key_created_at) },
    ...(servers.some((one) => saySkew(one.clock_skew_ms) !== '') ? [clock] : []),
    { title: 'LAST SEEN', text: (one) => (one.last_seen_at === null ? 'never' : `${age(one.last_seen_at)} ago`) },
  ]);
}

/** Less than this is what networks do. */
const SKEW_MS_SHOWN = 5_000;

function saySkew(skewMs: number | null | undefined): string {
  if (skewMs == null || Math.abs(skewMs) < SKEW_MS_SHOWN) return '';
  return `${skewMs > 0 ? '+' : '-'}${formatDuration(Math.abs(skewMs))}`;
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
    {
      title: 'FOR',
      align: 'right',
      text: (one) => (one.state_at == null ? '—' : formatDuration(now - Date.parse(one.state_at))),
    },
    { title: 'STATUS', text: (one) => one.status },
    { title: 'CPU', align: 'right', text: (one) => percent(one.metrics.cpu_percent) },
    { title: 'RAM', align: 'right', text: (one) => percent(one.metrics.ram_percent) },
    { title: 'DISK', align: 'right', text: (one) => percent(one.metrics.disk_percent) },
    { title: 'BUFFER', align: 'right', text: buffer },
    { title: 'LAST ACTION', text: (one) => escapeControls(one.last_action ?? '—') },
    { title: 'LAST SIGN', text: (one) => ago(one.seen_at ?? one.last_seen_at) },
    { title: 'LAST BEAT', text: (one) => ago(one.received_at) },
    { title: 'WHY', text: (one) => (one.state === 'up' ? '' : escapeControls(one.reason)) },
  ]);
}
