import type { Clock } from '../../platform/clock.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { Pace } from '../../platform/pace.ts';
import type { Database } from '../database/database.ts';
import { serversToUpgrade } from '../database/queries/agent-upgrades.ts';

const CHANNEL = 'nervesys_upgrades';
/** What a lost message would have told is seen after this. */
const LOOK_AGAIN_MS = 60_000;

/** Whom the next beat tells that there is an upgrade to ask for: known without a query a beat, in every replica. */
export class UpgradeOrders implements AsyncDisposable {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #pace: Pace;
  #servers: ReadonlySet<string> = new Set();

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly logger: Logger }) {
    this.#database = options.database;
    this.#logger = options.logger;
    this.#pace = new Pace(options.clock, async () => {
      await this.#look();
      return LOOK_AGAIN_MS;
    });
  }

  async start(): Promise<void> {
    await this.#database.listen(CHANNEL, { onMessage: () => this.#pace.nudge(), onGap: () => this.#pace.nudge() });
    this.#pace.start();
  }

  has(server: string): boolean {
    return this.#servers.has(server);
  }

  /** After a change: looks again, here at once, and tells other replicas to. */
  async changed(): Promise<void> {
    await this.#look();
    await this.#database.notify(CHANNEL, '').catch((error: unknown) => {
      this.#logger.warn('other replicas were not told of upgrades', errorFields(error)); // they look by themselves
    });
  }

  close(): Promise<void> {
    return this.#pace.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #look(): Promise<void> {
    try {
      this.#servers = new Set(await serversToUpgrade(this.#database));
    } catch (error) {
      this.#logger.warn('upgrades could not be looked up', errorFields(error)); // the set before is still good enough
    }
  }
}
