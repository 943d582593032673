import type { PlacedBatch } from '../../contract/credentials.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { SealedBatch } from '../buffer/types.ts';
import type { OrchestratorClient } from '../orchestrator-client.ts';
import type { Consignment, Delivery } from './delivery.ts';
import { DirectDelivery, type NameDoubt } from './direct-delivery.ts';
import { OrchestratedDelivery } from './orchestrated-delivery.ts';
import { PlacedNotes } from './placed-notes.ts';
import { ScopedArchive } from './scoped-archive.ts';

/**
 * Batches by scoped credentials: the agent chooses the name below its own prefix and puts without asking anybody; where only somebody who may
 * read can tell what stands at a name, it asks the orchestrator, which it also tells what it has put where.
 *
 * What was sealed under a former name goes by a permission for each batch instead: credentials for another prefix could not be bound to the
 * windows that a rename opens.
 */
export class ScopedDelivery implements Delivery, AsyncDisposable {
  readonly #server: ServerName;
  readonly #archive: ScopedArchive;
  readonly #notes: PlacedNotes;
  readonly #direct: DirectDelivery;
  readonly #orchestrated: OrchestratedDelivery;

  /** Asks for credentials at once, in the background. Close it before the client. */
  constructor(options: {
    readonly server: ServerName;
    readonly client: OrchestratorClient;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly onDoubt: (doubt: NameDoubt, batch: SealedBatch) => void;
  }) {
    const { server, client, clock, onDoubt } = options;
    this.#server = server;
    this.#archive = new ScopedArchive(options).start();
    this.#notes = new PlacedNotes(options).start();
    this.#direct = new DirectDelivery(this.#archive, onDoubt, (key, batch, signal) =>
      client.placeBatch(placed(key, batch), signal),
    );
    this.#orchestrated = new OrchestratedDelivery(client, clock);
  }

  get description(): string {
    return this.#archive.description;
  }

  async deliver(consignment: Consignment, signal: AbortSignal): Promise<string> {
    const { batch } = consignment;
    if (batch.manifest.server !== this.#server) return this.#orchestrated.deliver(consignment, signal);
    const key = await this.#direct.deliver(consignment, signal);
    this.#notes.add(placed(key, batch));
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive[Symbol.asyncDispose]();
    await this.#notes[Symbol.asyncDispose]();
  }
}

function placed(key: string, { manifest, bytes, md5, sha256 }: SealedBatch): PlacedBatch {
  return { manifest, bytes, md5, sha256, key };
}
