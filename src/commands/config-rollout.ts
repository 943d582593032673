import type { FleetConfig, RolloutAnswer, RolloutState, RolloutView } from '../contract/rollout.ts';
import { formatDuration } from '../platform/quantity.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson } from './output.ts';

export interface SteerOptions extends ReaderOptions {
  readonly reason?: string;
}

const COLOUR: Readonly<Record<RolloutState, Colour>> = {
  rolling: 'blue',
  paused: 'yellow',
  done: 'green',
  replaced: 'dim',
  halted: 'red',
  rolled_back: 'red',
};

/** `nervesys config rollout status`. */
export async function status(options: ReaderOptions): Promise<number> {
  show(options, (await connectOrchestrator(options).ask('GET', '/api/v1/rollout')) as RolloutAnswer);
  return EXIT.done;
}

/** `nervesys config rollout pause`. */
export function pause(options: SteerOptions): Promise<number> {
  return steer(options, 'pause', {});
}

/** `nervesys config rollout resume [revision]`. */
export function resume(options: SteerOptions, revision?: string): Promise<number> {
  return steer(options, 'resume', revision === undefined ? {} : { revision });
}

/** `nervesys config rollout rollback [revision]`. */
export function rollback(options: SteerOptions, revision?: string): Promise<number> {
  return steer(options, 'rollback', revision === undefined ? {} : { revision });
}

async function steer(options: SteerOptions, what: string, body: Readonly<Record<string, string>>): Promise<number> {
  const { reason } = options;
  const wish = { ...body, ...(reason === undefined ? {} : { reason }) };
  show(options, (await connectOrchestrator(options).ask('POST', `/api/v1/rollout/${what}`, wish)) as RolloutAnswer);
  return EXIT.done;
}

function show(options: ReaderOptions, answer: RolloutAnswer): void {
  if (options.json) {
    printJson(answer);
    return;
  }
  const { config, rollout, servers, now } = answer;
  for (const line of sayFleetConfig(config)) print(escapeControls(line));
  if (rollout !== null) {
    print('');
    showRollout(rollout, Date.parse(now));
  }
  if (servers.length === 0) return;
  print('');
  const paint = painter(process.stdout);
  print(
    formatTable(servers, [
      { title: 'SERVER', text: (one) => paint('bold', escapeControls(one.server)) },
      {
        title: 'RUNS',
        text: (one) =>
          paint(one.running === one.desired ? 'green' : 'yellow', escapeControls(one.running ?? 'not said')),
      },
      { title: 'IS TO RUN', text: (one) => escapeControls(one.desired ?? '—') },
      { title: 'WHY NOT', text: (one) => escapeControls(one.error ?? '') },
    ]),
  );
}

function showRollout(rollout: RolloutView, now: number): void {
  const paint = painter(process.stdout);
  const { revision, state, stage, stages, next_at: next, hold, findings, reason, ended_by: by } = rollout;
  print(
    `Rollout of ${paint('bold', escapeControls(revision))}: ${paint(COLOUR[state] ?? 'dim', escapeControls(state))}`,
  );
  note(
    `  stage ${stage} of ${stages.length}: ${stages.map((one, index) => (index === stage - 1 ? `[${one}]` : one)).join(' → ')}`,
  );
  if (next !== null)
    note(`  next step ${Date.parse(next) > now ? `in ${formatDuration(Date.parse(next) - now)}` : 'now'}`);
  if (hold !== null) note(`  it holds: ${escapeControls(hold)}`);
  for (const { text, servers } of findings)
    note(`  ${escapeControls(text)} (${servers.map(escapeControls).join(', ')})`);
  if (reason !== null) note(`  ${by === null ? '' : `${escapeControls(by)}: `}${escapeControls(reason)}`);
}

/** “37 of 40 on abc123, 3 refused: …” */
export function sayFleetConfig({
  desired,
  servers,
  running,
  refused,
  refused_more: more,
}: FleetConfig): readonly string[] {
  if (desired === null) return ['There is no configuration yet.'];
  const there = running.find((one) => one.revision === desired)?.servers ?? 0;
  const count = refused.length + more;
  const others = running
    .filter((one) => one.revision !== desired && one.servers > 0)
    .map((one) => `${one.servers} ${one.revision === null ? 'have not said' : `on ${one.revision}`}`);
  return [
    [`${there} of ${servers} on ${desired}`, ...others, ...(count === 0 ? [] : [`${count} refused`])].join(', '),
    ...refused.map(({ server, revision, reason }) => `  ${server} refused ${revision ?? 'it'}: ${reason}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
