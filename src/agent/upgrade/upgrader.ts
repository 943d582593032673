import { UPGRADE_REASON_LENGTH_MAX, type UpgradeOrder, type UpgradeReport } from '../../contract/agent-upgrade.ts';
import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/digest.ts';
import { NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { ProgramFolder } from './program-folder.ts';

/** What the upgrader needs of the orchestrator. */
export interface UpgradeDoor {
  askForUpgrade(signal?: AbortSignal): Promise<UpgradeOrder | null>;
  /** The one-file agent, at most `bytesMax` of it. */
  downloadBundle(bytesMax: number, signal?: AbortSignal): Promise<Buffer>;
  reportUpgrade(report: UpgradeReport, signal?: AbortSignal): Promise<void>;
}

/** A program that is there, whole, and waits to be tried. */
export interface NewProgram {
  readonly path: string;
  readonly sha256: string;
  readonly version: string;
}

export interface UpgraderOptions {
  readonly home: string;
  readonly client: UpgradeDoor;
  /** The one-file agent that runs. Absent: it runs from a package, which is upgraded where it was installed. */
  readonly program: string | undefined;
  /** Called once; whoever runs the agent ends it then, and tries the program. */
  readonly onReady: (program: NewProgram) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one-file agent is a megabyte; nothing beyond this is one. */
const BUNDLE_BYTES_MAX = 20_000_000;
/** What went wrong on the way (a full disk, a broken download) is tried again after this. */
const TRY_AGAIN_MS = 300_000;

/** Fetches the program that the orchestrator wants this agent to be. Nothing it does throws outside. */
export class Upgrader {
  readonly #options: UpgraderOptions;
  readonly #folder: ProgramFolder;
  #ready = false;
  #tryFrom = Number.NEGATIVE_INFINITY;
  #hasUntold = true;

  constructor(options: UpgraderOptions) {
    this.#options = options;
    this.#folder = new ProgramFolder(options.home);
  }

  /** Whether there may be something to tell of the last one. */
  get hasUntold(): boolean {
    return this.#hasUntold;
  }

  /** After a heartbeat that was answered; `isWanted`: the answer said that there is something to ask for. */
  async beat(isWanted: boolean, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    if (this.#ready || clock.monotonic() < this.#tryFrom) return;
    try {
      if (this.#hasUntold) await this.#tell(signal);
      if (isWanted) await this.#take(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#tryFrom = clock.monotonic() + TRY_AGAIN_MS;
      logger.warn('the upgrade of this agent did not get on; it is tried again', errorFields(error));
    }
  }

  /** How the last one ended, which the process before this one could not tell. */
  async #tell(signal: AbortSignal): Promise<void> {
    const { untold, ...state } = await this.#folder.state();
    if (untold !== undefined) {
      await this.#options.client.reportUpgrade(untold, signal);
      await this.#folder.setState(state);
    }
    this.#hasUntold = false;
  }

  async #take(signal: AbortSignal): Promise<void> {
    const { client, program, logger, onReady } = this.#options;
    const order = await client.askForUpgrade(signal);
    if (order === null) return;
    const { bundle_sha256: sha256, version } = order;
    const report = (outcome: UpgradeReport['outcome'], reason: string | null) =>
      client.reportUpgrade(
        { bundle_sha256: sha256, outcome, reason: reason?.slice(0, UPGRADE_REASON_LENGTH_MAX) ?? null },
        signal,
      );
    if (program === undefined)
      return report('refused', 'it runs from a package, not as the one-file agent: upgrade it where it was installed');
    if (typeof process.execve !== 'function')
      return report('refused', `its Node (${process.version}) cannot put one program in the place of another`);
    if ((await this.#folder.hashOf(program)) === sha256) return report('done', null);

    logger.info('an upgrade of this agent is fetched', { version, sha256 });
    const bytes = await client.downloadBundle(Math.min(order.bundle_bytes, BUNDLE_BYTES_MAX), signal);
    const found = sha256Hex(bytes);
    if (found !== sha256)
      throw new NervesysError(
        'NSV_ORCHESTRATOR_REFUSED',
        `fetch the new agent: SHA-256 ${found} came instead of ${sha256}; it was thrown away`,
        { retryable: true },
      );
    const { current } = await this.#folder.state();
    await this.#folder.keepOnly(current === undefined ? [] : [current.sha256]);
    const path = await this.#folder.put(sha256, bytes.toString('utf8'));
    signal.throwIfAborted();
    this.#ready = true;
    onReady({ path, sha256, version });
  }
}
