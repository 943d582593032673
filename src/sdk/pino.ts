/**
 * `nervesys/pino`: a transport for pino, `pino.transport({ target: 'nervesys/pino', options: { agentId: 'GROK' } })`. It runs in pino's
 * worker thread, so that delivery costs the program nothing but pino's own line. Options are those of `createLogger`, as far as they
 * are data.
 */
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger, type LoggerOptions, type NervesysLogger } from './logger.ts';
import { type PinoKeys, pinoRecord } from './pino-record.ts';

export interface PinoTransportOptions extends Omit<LoggerOptions, 'fallback'> {
  /** Where the message is in pino's lines. Default: what the pino logger was made with, else `msg`. */
  readonly messageKey?: string | undefined;
  /** Where an error is in pino's lines. Default: what the pino logger was made with, else `err`. */
  readonly errorKey?: string | undefined;
}

/** pino waits for the end of its transport for at most ten seconds, with the whole program stopped. */
const END_TIMEOUT_MS = 5_000;

export default async function nervesysPinoTransport(options: PinoTransportOptions = {}): Promise<PinoTransport> {
  const { messageKey, errorKey, ...loggerOptions } = options;
  const told = await keysOfPino();
  return new PinoTransport(createLogger(loggerOptions), {
    messageKey: messageKey ?? told.messageKey ?? 'msg',
    errorKey: errorKey ?? told.errorKey ?? 'err',
  });
}

/** Takes pino's lines, as text in pieces of any size. */
export class PinoTransport extends Writable {
  readonly #logger: NervesysLogger;
  readonly #keys: PinoKeys;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(logger: NervesysLogger, keys: PinoKeys) {
    super({ decodeStrings: false });
    this.#logger = logger;
    this.#keys = keys;
  }

  /** For pino's own `flush`: resolves when the agent has everything, or after ten seconds. */
  flush(): Promise<boolean> {
    return this.#logger.flush();
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const lines = (this.#rest + (typeof chunk === 'string' ? chunk : this.#decoder.write(chunk))).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
    done();
  }

  override _final(done: () => void): void {
    this.#take(this.#rest + this.#decoder.end());
    void this.#logger.close(END_TIMEOUT_MS).then(done);
  }

  #take(line: string): void {
    if (line !== '') this.#logger.write(pinoRecord(line, this.#keys));
  }
}

/** In a worker of pino's, pino says by message how it calls its fields, right after the start. */
function keysOfPino(): Promise<Partial<PinoKeys>> {
  const port = parentPort;
  if (port === null || workerData?.workerData?.pinoWillSendConfig !== true) return Promise.resolve({});
  return new Promise((resolve) => {
    const onMessage = (message: { code?: unknown; config?: Partial<PinoKeys> } | undefined) => {
      if (message?.code !== 'PINO_CONFIG') return;
      port.off('message', onMessage);
      resolve(message.config ?? {});
    };
    port.on('message', onMessage);
  });
}
