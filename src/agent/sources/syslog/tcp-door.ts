import net from 'node:net';
import { errorCode } from '../../../platform/errors.ts';
import { errorFields } from '../../../platform/logger.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import { appendInPieces } from '../append-in-pieces.ts';
import { SyslogDeframer } from './framing.ts';
import { encodeSyslog, SYSLOG_BYTES_MAX } from './syslog-record.ts';
import type { SyslogDoorOptions } from './syslog-source.ts';

/** Each may hold one unfinished message in memory. */
const CONNECTIONS_MAX = 100;
/** A peer that is gone without a word is noticed after this, and some probes. */
const KEEP_ALIVE_MS = 60_000;
const HELD_MS = 500;
/** At the end a peer is told, and read on until it ends its side, is silent for so long, or goes on for longer than the second. */
const READ_ON_QUIET_MS = 300;
const READ_ON_MS = 2_000;
/** At the end a connection has so long to have its last messages stored. */
const CLOSE_DEADLINE_MS = 2_000;
/** What a web page makes a browser send here, which is no syslog. */
const HTTP_REQUEST = /^[A-Z]{3,7} [^ ]{1,2000} HTTP\/1\.[01]\r?$/;

/**
 * Connections of syslog. One is read on only when what was read before is stored, so that a full buffer holds its sender back. A sender is
 * told that the door closes, and what it had sent by then is read; syslog has no acknowledgement, so what it sends all the same is its loss.
 */
export class SyslogTcpDoor implements AsyncDisposable {
  readonly #options: SyslogDoorOptions;
  readonly #server: net.Server;
  readonly #connections = new Map<net.Socket, Promise<void>>();
  readonly #stop = new AbortController();
  #held = 0;
  /** Chunks that came, and those that are being stored. */
  #read = 0;
  #storing = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: SyslogDoorOptions) {
    this.#options = options;
    this.#server = net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('connection', (socket) => {
      const served = this.#serve(socket).finally(() => this.#connections.delete(socket));
      this.#connections.set(socket, served);
    });
    this.#server.on('drop', () => options.logger.warn('a connection of syslog was refused: too many are open'));
  }

  /** Resolves once connections are taken; rejects with Node's errors. */
  static async open(options: SyslogDoorOptions): Promise<SyslogTcpDoor> {
    const door = new SyslogTcpDoor(options);
    const { host, port } = options.address;
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', reject);
      door.#server.listen({ host, port }, () => {
        door.#server.off('error', reject);
        resolve();
      });
    });
    return door;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Whether a connection is not read on because the buffer takes nothing. */
  get held(): boolean {
    return this.#held > 0;
  }

  /** Takes no connection any more; what was read is stored where that is possible at once. Safe twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { clock } = this.#options;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (this.#held === 0) await this.#readOn();
    this.#stop.abort(new DOMException('closing', 'AbortError'));
    const served = [...this.#connections.values()];
    for (const socket of this.#connections.keys()) socket.destroy();
    const deadline = new AbortController();
    const timeUp = clock.sleep(CLOSE_DEADLINE_MS, deadline.signal).catch(() => undefined); // all have ended
    await Promise.race([Promise.all(served), timeUp]);
    deadline.abort();
    await closed;
  }

  /** Ends our side of each connection, and resolves once nothing more is to be expected. */
  async #readOn(): Promise<void> {
    const { clock } = this.#options;
    for (const socket of this.#connections.keys()) socket.end();
    const until = clock.monotonic() + READ_ON_MS;
    for (let before = -1; this.#storing > 0 || before !== this.#read; ) {
      before = this.#read;
      if (this.#connections.size === 0 || this.#held > 0 || clock.monotonic() >= until) return;
      const quiet = new AbortController();
      const isQuiet = clock.sleep(READ_ON_QUIET_MS, quiet.signal).catch(() => undefined); // all have ended
      await Promise.race([Promise.all(this.#connections.values()), isQuiet]);
      quiet.abort();
    }
  }

  /** One connection, to its end. Never rejects. */
  async #serve(socket: net.Socket): Promise<void> {
    const { logger } = this.#options;
    const frames = new SyslogDeframer(SYSLOG_BYTES_MAX);
    let first = true;
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        this.#read++;
        const messages = frames.push(chunk);
        if (first && messages.length > 0) {
          if (HTTP_REQUEST.test(messages[0]!.toString('latin1', 0, 2_100))) {
            logger.warn('a connection for syslog spoke HTTP and was closed', { peer: socket.remoteAddress });
            return;
          }
          first = false;
        }
        await this.#store(messages);
      }
      await this.#store(frames.end());
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      // The peer broke off; what it had finished is stored, the rest is what it knows it hasn't sent.
      if (errorCode(error) !== 'ECONNRESET') logger.warn('a connection of syslog failed', errorFields(error));
      await this.#store(frames.end()).catch(() => undefined); // closing
    } finally {
      socket.destroy();
    }
  }

  /** Stores messages, however long the buffer takes nothing: the connection waits here. Rejects when the door closes. */
  async #store(messages: readonly Buffer[]): Promise<void> {
    const { reading, defaults, sink, registry, logger, clock, onMessages } = this.#options;
    const onFull = this.#options.onFull?.() ?? 'hold';
    const now = defaults();
    const read = reading();
    const records = messages
      .map((bytes) => encodeSyslog(bytes, read, now))
      .filter((record): record is EncodedRecord => record !== undefined);
    if (records.length === 0) return;
    const left = [...records];
    let waited = false;
    this.#storing++;
    try {
      for (;;) {
        try {
          await appendInPieces(sink, left, { onFull }, (stored, ruled) => registry?.note(stored, ruled));
          onMessages(records.length);
          return;
        } catch (error) {
          if (this.#stop.signal.aborted || errorCode(error) === 'NSV_SHUTTING_DOWN') {
            logger.error('messages of syslog are lost: the agent ends and the buffer takes none', {
              messages: left.length,
              ...errorFields(error),
            });
            throw error;
          }
          if (!waited) {
            waited = true;
            this.#held++;
            logger.warn('a connection of syslog waits for the buffer', errorFields(error));
          }
          await clock.sleep(HELD_MS, this.#stop.signal).catch(() => undefined); // closing: one last attempt
        }
      }
    } finally {
      this.#storing--;
      if (waited) this.#held--;
    }
  }
}
