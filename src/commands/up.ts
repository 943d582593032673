import { Agent } from '../agent/agent.ts';
import type { Config } from '../config/index.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { openCentralService } from './central-service.ts';
import { EXIT } from './exit-codes.ts';
import { painter, print } from './output.ts';
import { openOwnArchive, requireOwnKeys } from './own-archive.ts';
import { PROGRAM_NAME } from './program-name.ts';
import { closeWithin, followPlace, openLog, prepareHome, stopSignal } from './runtime.ts';
import { readSettings } from './settings.ts';

export interface UpOptions {
  readonly home?: string;
  readonly port?: number;
  readonly agentPort?: number;
  readonly demo?: boolean;
}

const DEMO_BEAT_MS = 5_000;
/** The token with which the agent of this machine joins lives only this long: it is used at once. */
const OWN_TOKEN_SECONDS = 600;

/** `nervesys up`: Postgres, archive, orchestrator and one agent in this process (Postgres in its own), until a signal. */
export async function run(options: UpOptions): Promise<number> {
  const startedAt = systemClock.monotonic();
  const stopped = stopSignal();
  const settings = readSettings({ home: options.home });
  const { home, server } = settings;
  const logger = openLog(settings, 'warn');
  await prepareHome(home);
  const parts = new AsyncDisposableStack();
  try {
    const central = await openCentralService(parts, settings, options.port, logger);
    const { orchestrator, archive, loaded } = central;
    const { config } = loaded;
    const ownArchive = await openOwnArchive(central.settings, loaded, true, logger);
    if (ownArchive !== undefined) parts.use(ownArchive);
    const agent = parts.use(
      await Agent.open({
        home,
        server,
        config: options.demo ? livelyConfig(config) : config,
        port: options.agentPort,
        join: {
          url: orchestrator.url,
          authority: () => orchestrator.authority,
          token: async () =>
            (await orchestrator.createToken({ server, uses: 1, expiresInSeconds: OWN_TOKEN_SECONDS })).token,
        },
        ...(ownArchive === undefined
          ? {}
          : {
              archive: ownArchive,
              onStorage: (storage) => followPlace(ownArchive, central.settings, storage, logger),
            }),
        checkConfig: (next) => requireOwnKeys(central.settings, next, true),
        followConfig: true, // of the folder that the orchestrator beside it follows
        upgrade: { program: undefined, onReady: () => undefined },
        clock: systemClock,
        random: systemRandom,
        logger,
      }),
    );
    if (options.demo) {
      const { startDemo } = await import('./demo/demo.ts');
      parts.use(startDemo({ agentUrl: agent.url, clock: systemClock, logger }));
    }
    const link = await orchestrator.createSignInLink();
    printWelcome({
      link: link.url,
      agentUrl: agent.url,
      archive: archive.description,
      home,
      demo: options.demo === true,
      readyMs: systemClock.monotonic() - startedAt,
    });
    await stopped;
    print('\nClosing: what was accepted goes to the archive first …');
  } catch (error) {
    await closeWithin(parts, logger);
    throw error;
  }
  return (await closeWithin(parts, logger)) ? EXIT.done : EXIT.failed;
}

/** The demo beats often, so that its page moves within seconds rather than minutes. */
function livelyConfig(config: Config): Config {
  const { orchestrator } = config;
  return {
    ...config,
    orchestrator: { ...orchestrator, heartbeat: { ...orchestrator.heartbeat, intervalMs: DEMO_BEAT_MS } },
  };
}

interface Welcome {
  readonly link: string;
  readonly agentUrl: string;
  readonly archive: string;
  readonly home: string;
  readonly demo: boolean;
  readonly readyMs: number;
}

function printWelcome({ link, agentUrl, archive, home, demo, readyMs }: Welcome): void {
  const paint = painter(process.stdout);
  const title = (text: string) => paint('bold', text);
  const record = '{"agent_id":"GROK","level":"INFO","action":"hello","message":"first line"}';
  print(`
${title('Nervesys runs on this machine.')}  Ready in ${(readyMs / 1000).toFixed(1)} s.

  ${title('Dashboard')}   ${paint('blue', link)}
              (this link signs you in once, within 10 minutes; a new one: ${PROGRAM_NAME} sign-in)
  ${title('Logs go to')}  ${archive}
  ${title('Home')}        ${home}

${title('Send the first line')}
  curl -s ${agentUrl}/logs -d '${record}'

${title('Run an AI agent, each line of its output kept')}
  ${PROGRAM_NAME} exec --agent-id GROK -- your-command

${title('Add a server')}
  ${PROGRAM_NAME} token create        prints a token and the command for the new server
${demo ? '\nFive pretend AI agents are at work (--demo).\n' : ''}
Ctrl-C stops everything.`);
}
