import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { readKeptConfig } from '../agent/config-sync/config-file.ts';
import type { NewProgram } from '../agent/upgrade/upgrader.ts';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { freeMemory } from '../platform/memory.ts';
import { systemRandom } from '../platform/random.ts';
import type { TrialWord } from './agent-trial.ts';
import { EXIT } from './exit-codes.ts';
import { spawnModel } from './model/spawn-model.ts';
import { print } from './output.ts';
import { openOwnArchive, requireOwnKeys } from './own-archive.ts';
import {
  closeWithin,
  followedRepository,
  followPlace,
  followsOrchestrator,
  openLog,
  prepareHome,
  readConfig,
  stopSignal,
} from './runtime.ts';
import { readModelKey, readSettings, type Settings } from './settings.ts';
import { IS_WHOLE_PACKAGE } from './shipped.ts';

/**
 * V8 lets its space for new objects grow to 32 MB under load; records pass through it and leave nothing, so a small one does as well.
 * The factor is read at each growth, so it can be set while running (`--max-semi-space-size` can not; docs/decisions/0005).
 */
const YOUNG_HEAP_STAYS_SMALL = '--semi-space-growth-factor=1';

/**
 * V8's optimising compilers stay out until records come. Starting, and an hour of timers, make a few small functions of Node's hot; compiling
 * them would bring 2.3 MB of compiler into the memory of an agent that has nothing to do.
 */
const COMPILE_AS_IT_IS = ['--no-maglev', '--no-opt'];
const OPTIMISE = ['--maglev', '--opt'];

export interface AgentCommandOptions {
  readonly home?: string;
  readonly agentPort?: number;
  /** Another process tries this program, and waits to hear that it beats (`agent-trial.ts`). */
  readonly trial?: boolean;
}

/** `nervesys agent`: the lean agent of a server, until a signal. */
export async function run(options: AgentCommandOptions): Promise<number> {
  setFlags([YOUNG_HEAP_STAYS_SMALL, ...COMPILE_AS_IT_IS]);
  const startedAt = systemClock.monotonic();
  const stopped = stopSignal();
  const settings = readSettings({ home: options.home });
  const { home, server } = settings;
  const logger = openLog(settings, 'info');
  if (!IS_WHOLE_PACKAGE && options.trial !== true) await runUpgraded(home);
  await prepareHome(home);
  refuseAimless(settings);
  const parts = new AsyncDisposableStack();
  const upgrade = Promise.withResolvers<NewProgram>();
  // Only now: what it is made of computes tables while it is loaded, which would bring the compilers in.
  const { Agent } = await import('../agent/agent.ts');
  let next: NewProgram | undefined;
  try {
    const loaded = await readConfig(home);
    const configRepository = followedRepository(settings, loaded);
    const follows = configRepository === undefined && (await followsOrchestrator(loaded));
    const mayChange = follows || configRepository !== undefined;
    const config = (mayChange ? await readKeptConfig(home, logger, configRepository) : undefined) ?? loaded.config;
    if (options.trial === true && !(await mayBeTried(config.storage.buffer.path ?? join(home, 'agent', 'buffer.db'))))
      return EXIT.failed;
    const joins = settings.token !== undefined || isEnrolled(home);
    const archive = await openOwnArchive(settings, { ...loaded, config }, joins, logger);
    if (archive !== undefined) parts.use(archive);
    const agent = parts.use(
      await Agent.open({
        home,
        server,
        config,
        checkConfig: (next) => requireOwnKeys(settings, next, joins),
        followConfig: follows,
        ...(configRepository === undefined ? {} : { configRepository }),
        port: options.agentPort,
        ...(joins ? { join: { token: settings.token } } : {}),
        ...(archive === undefined
          ? {}
          : { archive, onStorage: (storage) => followPlace(archive, settings, storage, logger) }),
        ...(options.trial === true
          ? { onFirstBeat: () => say({ type: 'beats' }) }
          : { upgrade: { program: IS_WHOLE_PACKAGE ? undefined : process.argv[1], onReady: upgrade.resolve } }),
        model: { spawn: spawnModel(home), key: readModelKey() },
        clock: systemClock,
        random: systemRandom,
        logger,
        freeMemory,
        onFirstRecords: () => setFlags(OPTIMISE),
      }),
    );
    const readyMs = systemClock.monotonic() - startedAt;
    print(`Lean agent of ${server} takes records at ${agent.url}/logs.  Ready in ${(readyMs / 1000).toFixed(1)} s.`);
    const end = await Promise.race([stopped, upgrade.promise]);
    if (typeof end === 'object') next = end;
  } catch (error) {
    await closeWithin(parts, logger);
    throw error;
  }
  if (next === undefined) return (await closeWithin(parts, logger)) ? EXIT.done : EXIT.failed;
  const stop = stopWhenAsked();
  const isClosed = await closeWithin(parts, logger);
  if (stop.aborted) return isClosed ? EXIT.done : EXIT.failed;
  const { becomeProgram, tryProgram } = await import('./agent-trial.ts');
  // What could not be closed ends with this process; it is asked for the upgrade again.
  return isClosed ? tryProgram({ home, program: next, logger, stop }) : becomeProgram(process.argv[1]!);
}

/** Puts the program in our place that an earlier upgrade has left, unless that is what runs already. */
async function runUpgraded(home: string): Promise<void> {
  const { ProgramFolder } = await import('../agent/upgrade/program-folder.ts');
  const program = await new ProgramFolder(home).current();
  if (program === undefined || program === process.argv[1] || typeof process.execve !== 'function') return;
  const { becomeProgram } = await import('./agent-trial.ts');
  becomeProgram(program);
}

/** A buffer that the program from before could not read any more must not be made by a program that may have to give way to it. */
async function mayBeTried(bufferPath: string): Promise<boolean> {
  const { hasOlderSchema } = await import('../agent/buffer/schema.ts');
  if (!hasOlderSchema(bufferPath)) return true;
  const reason =
    'it keeps its buffer in another form, which cannot be taken back: run agent_bootstrap.sh on the server';
  await say({ type: 'refuses', reason });
  return false;
}

/** Tells the process that tries this program. */
function say(word: TrialWord): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(word, undefined, undefined, () => resolve());
  });
}

function stopWhenAsked(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  return stop.signal;
}

function setFlags(flags: readonly string[]): void {
  for (const flag of flags) setFlagsFromString(flag);
}

/** An agent that can bring its records nowhere would only fill its buffer: say so before it takes the first one. */
function refuseAimless({ home, server, token, storj }: Settings): void {
  if (token !== undefined || storj !== undefined || isEnrolled(home)) return;
  throw new NervesysError(
    'NSV_SETTING_INVALID',
    `start the agent of ${server}: NERVESYS_TOKEN is not set, and this server has not joined yet`,
    {
      hint: 'create a token with `nervesys token create` where the orchestrator runs; or set STORJ_* to archive without an orchestrator',
    },
  );
}

function isEnrolled(home: string): boolean {
  return existsSync(join(home, 'agent', 'agent.key'));
}
