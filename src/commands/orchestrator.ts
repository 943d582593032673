import { join } from 'node:path';
import { Orchestrator, openDatabase } from '../orchestrator/index.ts';
import { systemClock } from '../platform/clock.ts';
import { EXIT } from './exit-codes.ts';
import { print } from './output.ts';
import {
  closeWithin,
  DASHBOARD_DIR,
  lockHome,
  openConfiguredArchive,
  openLog,
  prepareHome,
  readConfig,
  stopSignal,
} from './runtime.ts';
import { readSettings } from './settings.ts';

export interface OrchestratorCommandOptions {
  readonly home?: string;
  readonly port?: number;
}

/** `nervesys orchestrator`: the central service with its database (given, or embedded) and archive, until a signal. */
export async function run(options: OrchestratorCommandOptions): Promise<number> {
  const startedAt = systemClock.monotonic();
  const stopped = stopSignal();
  const settings = readSettings({ home: options.home });
  const { home, databaseUrl } = settings;
  const logger = openLog(settings, 'info');
  await prepareHome(home);
  const parts = new AsyncDisposableStack();
  try {
    parts.use(lockHome(home, 'orchestrator'));
    const loaded = await readConfig(home);
    const { listen, publicUrl, heartbeat } = loaded.config.orchestrator;
    const { database } = parts.use(
      await openDatabase({ databaseUrl, folder: join(home, 'orchestrator'), clock: systemClock, logger }),
    );
    const archive = parts.use(await openConfiguredArchive(settings, loaded));
    const orchestrator = parts.use(
      await Orchestrator.open({
        home,
        host: listen.host,
        port: options.port ?? listen.port,
        publicUrl,
        policy: heartbeat,
        clock: systemClock,
        logger,
        database,
        archive,
        dashboardDir: DASHBOARD_DIR,
      }),
    );
    const link = await orchestrator.createSignInLink();
    const readyMs = systemClock.monotonic() - startedAt;
    print(
      `Orchestrator at ${orchestrator.url}, archive in ${archive.description}.  Ready in ${(readyMs / 1000).toFixed(1)} s.`,
    );
    print(`Sign in once, within 10 minutes: ${link.url}`);
    await stopped;
  } catch (error) {
    await closeWithin(parts, logger);
    throw error;
  }
  return (await closeWithin(parts, logger)) ? EXIT.done : EXIT.failed;
}
