import { type Config, sourcesOn } from '../../config/index.ts';
import type { ServerName } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { RecordSink } from '../buffer/types.ts';
import type { Redactors } from '../redaction/index.ts';
import type { AgentRegistry } from '../registry.ts';
import type { FileTail } from './file-tail/file-tail.ts';
import { ServerDoors } from './server-doors.ts';

export interface ServerSourcesOptions {
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry: AgentRegistry;
  readonly redaction: Redactors;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * What brings records to this server's buffer by itself: files that are followed, syslog, the journal. Which ones, the configuration says, and
 * may say otherwise while the agent runs: a file goes on from its stored position, whoever follows it.
 */
export class ServerSources implements AsyncDisposable {
  readonly #options: ServerSourcesOptions;
  #tails: FileTail[] = [];
  #doors: ServerDoors | undefined;
  #closed = false;

  constructor(options: ServerSourcesOptions) {
    this.#options = options;
  }

  /** Opens the files that are followed; they are read from `start` on. */
  async openFiles(config: Config): Promise<void> {
    const { random: _, ...parts } = this.#options;
    const followed = Map.groupBy(sourcesOn(config, parts.server), ({ onFull = 'hold' }) => onFull);
    for (const [onFull, sources] of followed) {
      const { FileTail } = await import('./file-tail/file-tail.ts'); // few servers follow files
      this.#tails.push(await FileTail.open({ ...parts, sources, onFull }));
    }
  }

  startFiles(): void {
    for (const tail of this.#tails) tail.start();
  }

  /** Opens the doors: syslog and journald. */
  async openDoors(config: Config): Promise<void> {
    this.#doors = new ServerDoors(this.#options);
    await this.#doors.use(config);
  }

  /** Follows other files than before. Rejects when they can't be; then none are followed until the next call. */
  async changeFiles(config: Config): Promise<void> {
    await this.#closeFiles();
    if (this.#closed) return;
    await this.openFiles(config);
    this.startFiles();
  }

  /** Opens other doors than before; those that stay where they are go on taking. */
  async changeDoors(config: Config): Promise<void> {
    if (!this.#closed) await this.#doors?.use(config);
  }

  /** What doesn't work as configured, in words. */
  troubles(): string[] {
    return this.#doors?.troubles() ?? [];
  }

  /** Takes nothing in any more. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#closeFiles(), this.#doors?.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeFiles(): Promise<void> {
    const tails = this.#tails;
    this.#tails = [];
    await Promise.all(tails.map((tail) => tail.close()));
  }
}
