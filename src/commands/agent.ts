import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../platform/clock.ts';
import { NervesysError } from '../platform/errors.ts';
import { freeMemory } from '../platform/memory.ts';
import { systemRandom } from '../platform/random.ts';
import { EXIT } from './exit-codes.ts';
import { print } from './output.ts';
import { openOwnArchive } from './own-archive.ts';
import { closeWithin, openLog, prepareHome, readConfig, stopSignal } from './runtime.ts';
import { readSettings, type Settings } from './settings.ts';

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
}

/** `nervesys agent`: the lean agent of a server, until a signal. */
export async function run(options: AgentCommandOptions): Promise<number> {
  setFlags([YOUNG_HEAP_STAYS_SMALL, ...COMPILE_AS_IT_IS]);
  const startedAt = systemClock.monotonic();
  const stopped = stopSignal();
  const settings = readSettings({ home: options.home });
  const { home, server } = settings;
  const logger = openLog(settings, 'info');
  await prepareHome(home);
  refuseAimless(settings);
  const parts = new AsyncDisposableStack();
  // Only now: what it is made of computes tables while it is loaded, which would bring the compilers in.
  const { Agent } = await import('../agent/agent.ts');
  try {
    const loaded = await readConfig(home);
    const joins = settings.token !== undefined || isEnrolled(home);
    const archive = await openOwnArchive(settings, loaded, joins, logger);
    if (archive !== undefined) parts.use(archive);
    const agent = parts.use(
      await Agent.open({
        home,
        server,
        config: loaded.config,
        port: options.agentPort ?? loaded.config.agentListen.port,
        ...(joins ? { join: { token: settings.token } } : {}),
        ...(archive === undefined ? {} : { archive }),
        clock: systemClock,
        random: systemRandom,
        logger,
        freeMemory,
        onFirstRecords: () => setFlags(OPTIMISE),
      }),
    );
    const readyMs = systemClock.monotonic() - startedAt;
    print(`Lean agent of ${server} takes records at ${agent.url}/logs.  Ready in ${(readyMs / 1000).toFixed(1)} s.`);
    await stopped;
  } catch (error) {
    await closeWithin(parts, logger);
    throw error;
  }
  return (await closeWithin(parts, logger)) ? EXIT.done : EXIT.failed;
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
