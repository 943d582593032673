/**
 * `nervesys/winston`: a transport for winston, `new NervesysTransport({ agentId: 'GROK' })`. Options are those of `createLogger`, and
 * winston's own (`level` is winston's: its levels, not ours). `winston-transport` comes with the program's winston.
 */
import TransportStream from 'winston-transport';
import { createLogger, type LoggerOptions, type NervesysLogger } from './logger.ts';
import { winstonRecord } from './winston-record.ts';

export interface WinstonTransportOptions
  extends Omit<LoggerOptions, 'level'>,
    Pick<
      TransportStream.TransportStreamOptions,
      'format' | 'handleExceptions' | 'handleRejections' | 'level' | 'silent'
    > {}

export class NervesysTransport extends TransportStream {
  readonly #logger: NervesysLogger;

  constructor(options: WinstonTransportOptions = {}) {
    const { format, level, silent, handleExceptions, handleRejections, ...loggerOptions } = options;
    const own = { format, level, silent, handleExceptions, handleRejections };
    super(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)));
    this.#logger = createLogger(loggerOptions);
  }

  /** Called by winston for each record. Never holds the program back: what can't wait in memory goes to the fallback. */
  override log(info: unknown, done: () => void): void {
    this.#logger.write(winstonRecord(info));
    this.emit('logged', info);
    done();
  }

  /** Resolves with whether the agent has everything logged before. */
  flush(timeoutMs?: number): Promise<boolean> {
    return this.#logger.flush(timeoutMs);
  }

  /** After `logger.end()`: `finish` is emitted when the records are delivered. */
  override _final(done: () => void): void {
    void this.#logger.close().then(done);
  }

  /** Called by winston when the transport is removed, or its logger closed. */
  override close(): void {
    void this.#logger.close();
  }
}

export default NervesysTransport;
