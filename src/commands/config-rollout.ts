import type {
  FleetConfig,
  RevisionState,
  RolloutAnswer,
  RolloutState,
  RolloutView,
  ServerConfigView,
} from '../contract/rollout.ts';
import { formatDuration } from '../platform/quantity.ts';
import { connectOrchestrator } from './connection.ts';
import { EXIT } from './exit-codes.ts';
import type { ReaderOptions } from './options.ts';
import { type Colour, escapeControls, formatTable, note, painter, print, printJson, second } from './output.ts';

export interface StatusOptions extends ReaderOptions {
  /** The servers that are in order too, however many they are. */
  readonly all?: boolean;
}

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
export async function status(options: StatusOptions): Promise<number> {
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
export async function rollback(options: SteerOptions, revision?: string): Promise<number> {
  const before = (await connectOrchestrator(options).ask('GET', '/api/v1/rollout')) as RolloutAnswer;
  const left = before.config.desired;
  return steer(options, 'rollback', revision === undefined ? {} : { revision }, ({ config: { desired, rollout } }) => {
    if (left === null || desired === null) return [];
    // What came while the one that was left was paused may have begun at once.
    const to = rollout?.previous ?? desired;
    return [
      `${left} is left and remembered as bad; every server is to run ${to} again.`,
      ...(rollout === null ? [] : [`${rollout.revision}, which came meanwhile, begins to be rolled out.`]),
      '',
    ];
  });
}

async function steer(
  options: SteerOptions,
  what: string,
  body: Readonly<Record<string, string>>,
  sayDone: (answer: RolloutAnswer) => readonly string[] = () => [],
): Promise<number> {
  const { reason } = options;
  const wish = { ...body, ...(reason === undefined ? {} : { reason }) };
  const answer = (await connectOrchestrator(options).ask('POST', `/api/v1/rollout/${what}`, wish)) as RolloutAnswer;
  if (options.json !== true) for (const line of sayDone(answer)) print(escapeControls(line));
  show(options, answer);
  return EXIT.done;
}

function show(options: StatusOptions, answer: RolloutAnswer): void {
  if (options.json) {
    printJson(answer);
    return;
  }
  const { config, found, rollout, servers, now } = answer;
  print(escapeControls(sayFleetConfig(config)[0]!));
  if (found != null && isHeldBack(answer)) {
    const why = found.reason === null ? '' : `: ${cut(found.reason)}`;
    print(escapeControls(`The source holds ${found.revision}, which is ${FOUND_WORDS[found.state]}${why}`));
  }
  if (rollout !== null) {
    print('');
    for (const line of sayRollout(rollout, Date.parse(now))) print(line);
  }
  showServers(servers, options.all === true);
  const next = sayNext(answer);
  if (next.length > 0) note('');
  for (const line of next) note(escapeControls(line));
}

/** The servers that don't run what they are to run; all, where that is asked for or they are few. */
function showServers(servers: readonly ServerConfigView[], all: boolean): void {
  const inOrder = (one: ServerConfigView) =>
    one.error === null && (one.desired === null || one.running === one.desired);
  const isShort = all || servers.length <= SERVERS_SHOWN_MAX;
  const shown = isShort ? servers : servers.filter((one) => !inOrder(one));
  const paint = painter(process.stdout);
  if (shown.length > 0) {
    print('');
    print(
      formatTable(shown, [
        { title: 'SERVER', text: (one) => paint('bold', escapeControls(one.server)) },
        {
          title: 'RUNS',
          text: (one) => paint(inOrder(one) ? 'green' : 'yellow', escapeControls(one.running ?? 'not said')),
        },
        { title: 'IS TO RUN', text: (one) => escapeControls(one.desired ?? (one.running === null ? '—' : 'its own')) },
        { title: 'WHY NOT', text: (one) => escapeControls(one.error === null ? '' : cut(one.error)) },
      ]),
    );
  }
  const more = servers.length - shown.length;
  if (more > 0)
    note(`${more} ${more === 1 ? 'server runs what it is' : 'servers run what they are'} to run: --all shows them`);
}

/** More rows than fit a screen are shown where there is something to see. */
const SERVERS_SHOWN_MAX = 20;
const TEXT_LENGTH_MAX = 300;

/** What servers and people have written may be long; `--json` has all of it. */
function cut(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}…`;
}

const STATE_WORDS: Readonly<Record<RolloutState, string>> = {
  rolling: 'under way',
  paused: 'paused',
  done: 'done',
  replaced: 'replaced',
  halted: 'halted by itself',
  rolled_back: 'rolled back',
};
const FOUND_WORDS: Readonly<Record<RevisionState, string>> = {
  refused: 'refused',
  checked: 'good and waits for its turn',
  rolling: 'on its way',
  everywhere: 'what every server is to run',
  replaced: 'replaced',
  rolled_back: 'remembered as bad',
};

function sayRollout(rollout: RolloutView, now: number): readonly string[] {
  const paint = painter(process.stdout);
  const { revision, previous, state, stage, stages, hold, findings, reason, ended_by: by } = rollout;
  const since = (iso: string) => formatDuration(Math.max(0, now - Date.parse(iso)));
  const place = stages.map((one, index) => (index === stage - 1 ? `[${one}]` : one)).join(' → ');
  const ended = rollout.ended_at === null ? null : `ended ${since(rollout.ended_at)} ago`;
  return [
    `Rollout of ${paint('bold', escapeControls(revision))}: ${paint(COLOUR[state] ?? 'dim', STATE_WORDS[state] ?? state)}`,
    ...[
      `began ${since(rollout.started_at)} ago, ${ended ?? `falls back to ${previous}`}`,
      `stage ${stage} of ${stages.length}: ${place}${ended === null ? `, for ${since(rollout.stage_at)}` : ''}`,
      ...sayNextStep(rollout, now),
      ...(hold === null ? [] : [`it waits: ${hold}`]),
      ...findings.map(({ text, servers }) => `${cut(text)}${servers.length === 0 ? '' : ` (${servers.join(', ')})`}`),
      ...(reason === null || findings.length > 0 ? [] : [`${by === null ? '' : `${by}: `}${reason}`]),
      ...(reason === null && by !== null ? [`by ${by}`] : []),
    ].map((line) => `  ${escapeControls(line)}`),
  ];
}

function sayNextStep({ next_at: next, hold, stage, stages }: RolloutView, now: number): readonly string[] {
  if (next === null || hold !== null) return []; // its time has come, and something is in the way
  const what = stage === stages.length ? 'counts as good' : `${stages[stage]} is next`;
  return [
    Date.parse(next) > now
      ? `${what} in ${formatDuration(Date.parse(next) - now)}, at ${second(next)} UTC`
      : `${what} now`,
  ];
}

/** What the source holds is not what is desired, and nothing will change that by itself. */
function isHeldBack({ config, found }: RolloutAnswer): boolean {
  return found != null && found.revision !== config.desired && found.state !== 'everywhere';
}

/** What somebody may do about it. */
function sayNext(answer: RolloutAnswer): readonly string[] {
  const { config, found, rollout } = answer;
  if (config.rollout?.state === 'paused')
    return ['Go on: nervesys config rollout resume     take it back: nervesys config rollout rollback'];
  if (config.rollout !== null)
    return ['Hold it: nervesys config rollout pause     take it back: nervesys config rollout rollback'];
  if (found?.state === 'checked')
    return ['It came while the one before was paused. Let it come, by stages: nervesys config rollout resume'];
  const bad =
    found?.state === 'rolled_back' ? found.revision : rollout?.state === 'halted' ? rollout.revision : undefined;
  if (bad !== undefined && bad !== config.desired)
    return [
      'Push a mended revision and it is rolled out; or, where the fault was the servers’, let the same one come again:',
      `  nervesys config rollout resume ${bad}`,
    ];
  if (found?.state === 'refused')
    return ['Push a mended revision; what is wrong with it says the page Configuration, or: nervesys config check'];
  return [];
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
    ...refused.map(({ server, revision, reason }) => `  ${server} refused ${revision ?? 'it'}: ${cut(reason)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
