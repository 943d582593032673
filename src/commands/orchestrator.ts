import { systemClock } from '../platform/clock.ts';
import { openCentralService } from './central-service.ts';
import { EXIT } from './exit-codes.ts';
import { print } from './output.ts';
import { closeWithin, openLog, prepareHome, stopSignal } from './runtime.ts';
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
  const logger = openLog(settings, 'info');
  await prepareHome(settings.home);
  const parts = new AsyncDisposableStack();
  try {
    const { orchestrator, archive } = await openCentralService(parts, settings, options.port, logger);
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
