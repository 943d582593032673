import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { OnFull } from '../../../config/index.ts';
import { NERVESYS_AGENT_ID } from '../../../contract/ids.ts';
import { LEVELS } from '../../../contract/record.ts';
import { errorCode } from '../../../platform/errors.ts';
import { errorFields } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import { appendInPieces } from '../append-in-pieces.ts';
import { encodeObject } from '../record-encoder.ts';
import { WaitingRecords } from '../waiting-records.ts';
import { encodeSyslog } from './syslog-record.ts';
import type { SyslogDoorOptions } from './syslog-source.ts';

/** Memory for messages while the buffer takes none: some 10,000. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
/** What the kernel may keep for us between two turns; it grants less where `net.core.rmem_max` is lower. */
const RECEIVE_BYTES = 4 * 1024 * 1024;
const HELD_MS = 500;
const IDLE_MS = 60_000;
const STORED_AT_ONCE_MAX = 10_000;
/** When it closes, so many turns of the event loop, each of some 30 datagrams, at most for what the kernel has for us already. */
const CLOSING_TURNS_MAX = 200;

/**
 * Datagrams can't be held back: in a full buffer they make others of such sources give way (`on_full: evict`). While it takes none
 * all the same they wait in memory, and past a bound the least valuable go. How many went is told by a record of its own, once there is
 * room, and in the log.
 */
export class SyslogUdpDoor implements AsyncDisposable {
  readonly #options: SyslogDoorOptions;
  readonly #waiting: WaitingRecords;
  readonly #storing: Pace;
  readonly #socket: Socket;
  #held = false;
  #dropTold = false;
  /** Datagrams that came. */
  #taken = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: SyslogDoorOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#waiting = new WaitingRecords(options.waitingBytesMax ?? WAITING_BYTES_MAX);
    this.#storing = new Pace(options.clock, (signal) => this.#store(signal)).start(IDLE_MS);
    socket.on('message', (bytes) => this.#take(bytes));
    socket.on('error', (error) => options.logger.warn('syslog over UDP has trouble', errorFields(error)));
  }

  /** Resolves once datagrams are taken; rejects with Node's errors. */
  static async open(options: SyslogDoorOptions): Promise<SyslogUdpDoor> {
    const { host, port } = options.address;
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BYTES });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    }).catch((error: unknown) => {
      socket.close();
      throw error;
    });
    return new SyslogUdpDoor(options, socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get held(): boolean {
    return this.#held;
  }

  /** Stores what has come in, where that is possible at once, and closes. Safe twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (let turns = 0, before = -1; before !== this.#taken && turns < CLOSING_TURNS_MAX; turns++) {
      before = this.#taken;
      await new Promise(setImmediate);
    }
    await new Promise<void>((resolve) => this.#socket.close(resolve));
    await this.#storing.close();
    const { sink, logger } = this.#options;
    const records = this.#waiting.take();
    if (records.length === 0) return;
    try {
      await appendInPieces(sink, records, { onFull: this.#onFull });
    } catch (error) {
      logger.error('messages of syslog are lost: the agent ends and the buffer takes none', {
        messages: records.length,
        ...errorFields(error),
      });
    }
  }

  #take(bytes: Buffer): void {
    const { reading, defaults, onMessages } = this.#options;
    this.#taken++;
    const record = encodeSyslog(bytes, reading(), defaults());
    if (record === undefined) return;
    this.#waiting.push(record);
    onMessages(1);
    if (!this.#held) this.#storing.nudge();
    else if (this.#waiting.dropped > 0 && !this.#dropTold) {
      this.#dropTold = true;
      this.#options.logger.error(
        'the buffer is full: messages of syslog over UDP are dropped, the least valuable first',
      );
    }
  }

  async #store(signal: AbortSignal): Promise<number> {
    const { sink, registry } = this.#options;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const all = this.#waiting.take();
      const records = all.splice(0, STORED_AT_ONCE_MAX);
      this.#waiting.giveBack(all);
      const dropped = this.#waiting.takeDropped();
      const told = dropped === undefined ? records : [this.#dropNotice(dropped), ...records];
      const left = [...told];
      try {
        await appendInPieces(sink, left, { onFull: this.#onFull }, (stored, ruled) => registry?.note(stored, ruled));
        if (this.#held) this.#options.logger.info('the buffer takes messages of syslog again');
        this.#held = false;
        this.#dropTold = false;
      } catch (error) {
        // The notice is the first to be stored.
        if (dropped !== undefined && left.length === told.length) this.#waiting.giveBackDropped(dropped);
        this.#waiting.giveBack(left.slice(Math.max(0, left.length - records.length)));
        if (!this.#held && errorCode(error) !== 'NSV_SHUTTING_DOWN')
          this.#options.logger.warn('messages of syslog over UDP cannot be stored; they wait', errorFields(error));
        this.#held = true;
        return HELD_MS;
      }
    }
    return IDLE_MS;
  }

  get #onFull(): OnFull {
    return this.#options.onFull?.() ?? 'evict';
  }

  #dropNotice(lost: Readonly<Record<(typeof LEVELS)[number], number>>): EncodedRecord {
    const count = LEVELS.reduce((sum, level) => sum + lost[level], 0);
    return encodeObject(
      {
        level: 'ERROR',
        agent_id: this.#options.reading().agentId ?? NERVESYS_AGENT_ID,
        action: 'nervesys.dropped',
        message: `${count} messages of syslog over UDP were dropped while the buffer was full`,
        context: { lost },
      },
      this.#options.defaults(),
    );
  }
}
