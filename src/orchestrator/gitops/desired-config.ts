import { type Config, serverPart } from '../../config/index.ts';
import { CONFIG_DELIVERY_FORMAT, type ConfigDelivery } from '../../contract/config-delivery.ts';
import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Database } from '../database/database.ts';
import { readConfigHead } from '../database/queries/config-head.ts';
import { readFleetConfig } from '../database/queries/read-fleet-config.ts';
import { readRevisionConfig } from '../database/queries/read-revisions.ts';
import { type Rollout, readActiveRollout } from '../database/queries/rollouts.ts';
import type { Duties } from '../duties.ts';
import type { EventHub } from '../fleet/event-hub.ts';
import { isReached } from './rollout-plan.ts';

export interface DesiredConfigOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hub: EventHub;
  /** Told how each look went. */
  readonly duties?: Pick<Duties, 'take'> | undefined;
}

/** What a lost message would have told is seen after this. */
const LOOK_AGAIN_MS = 30_000;
/** Postgres away: what is known holds on, and is looked at again soon. */
const RETRY_MS = 2_000;
/** Revisions kept in memory: two under way, and one that was a moment ago. */
const CONFIGS_KEPT = 3;

/**
 * What each server is to run, known in every replica without a query a request: what is settled, and who is reached by the rollout
 * under way. Looks again when some replica says that it has changed.
 */
export class DesiredConfig implements AsyncDisposable {
  readonly #options: DesiredConfigOptions;
  readonly #pace: Pace;
  readonly #configs = new Map<string, Config>();
  readonly #listeners = new Set<() => void>();
  #subscription: Disposable | undefined;
  #looking: Promise<void> = Promise.resolve();
  #settled: string | null = null;
  #rollout: Rollout | undefined;
  #own: Config | undefined;

  constructor(options: DesiredConfigOptions) {
    this.#options = options;
    const report = options.duties?.take('desired_config');
    this.#pace = new Pace(options.clock, async () => {
      try {
        await this.look();
        report?.();
        return LOOK_AGAIN_MS;
      } catch (error) {
        report?.(error);
        options.logger.warn('what configuration is desired could not be looked up', errorFields(error));
        return RETRY_MS;
      }
    });
  }

  /** Resolves once it is known what is desired. */
  async start(): Promise<void> {
    this.#subscription = this.#options.hub.onConfigChange(() => this.#pace.nudge());
    await this.look();
    this.#pace.start(LOOK_AGAIN_MS);
  }

  /** What `server` is to run; `undefined`: there is no configuration yet. */
  revisionFor(server: string): string | undefined {
    const rollout = this.#rollout;
    if (rollout !== undefined && isReached(rollout.reach, server, rollout.seed)) return rollout.revision;
    return this.#settled ?? undefined;
  }

  /** What the orchestrator itself obeys: the newest revision under way. `undefined`: there is none yet. */
  get own(): Config | undefined {
    return this.#own;
  }

  /** The revisions that are desired: by everybody outside of a rollout, and by those whom one has reached. */
  get revisions(): { readonly settled: string | undefined; readonly rolling: string | undefined } {
    return { settled: this.#settled ?? undefined, rolling: this.#rollout?.revision };
  }

  /** The server's part of `revision`; `undefined`: it is not kept any more. */
  async deliveryFor(server: string, revision: string): Promise<ConfigDelivery | undefined> {
    const config = await this.#configOf(revision);
    return config && { format: CONFIG_DELIVERY_FORMAT, revision, config: serverPart(config, server) };
  }

  /** Calls `listener` after each change of what is desired, of whomever. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** After a change: looks again, here at once, and tells the other replicas to. */
  async changed(): Promise<void> {
    this.#options.hub.configChanged();
    await this.look().catch((error: unknown) => {
      this.#options.logger.warn('what configuration is desired could not be looked up', errorFields(error));
    });
  }

  /** Looks what is desired now. Rejects with `NSV_DATABASE_UNREACHABLE`; what was known holds then. */
  look(): Promise<void> {
    // One after the other: what was read earlier must not be taken for newer.
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  async #look(): Promise<void> {
    const { database, hub } = this.#options;
    const [head, rollout] = await Promise.all([readConfigHead(database), readActiveRollout(database)]);
    const before = JSON.stringify([this.#settled, this.#rollout]);
    if (JSON.stringify([head.settled, rollout]) === before) return;
    const revision = rollout?.revision ?? head.settled;
    const own = revision === null ? undefined : await this.#configOf(revision);
    this.#settled = head.settled;
    this.#rollout = rollout;
    this.#own = own ?? this.#own;
    for (const listener of this.#listeners) listener();
    if (hub.subscribers > 0) hub.show({ type: 'config', data: await readFleetConfig(database) });
  }

  async close(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    await this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #configOf(revision: string): Promise<Config | undefined> {
    const known = this.#configs.get(revision);
    if (known !== undefined) return known;
    const config = await readRevisionConfig(this.#options.database, revision);
    if (config === undefined) return undefined;
    for (const oldest of [...this.#configs.keys()].slice(0, -(CONFIGS_KEPT - 1))) this.#configs.delete(oldest);
    this.#configs.set(revision, config);
    return config;
  }
}
