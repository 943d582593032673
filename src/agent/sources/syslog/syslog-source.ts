import type { OnFull } from '../../../config/index.ts';
import type { AgentId, ServerName } from '../../../contract/ids.ts';
import type { Clock } from '../../../platform/clock.ts';
import { describeError } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { Pace } from '../../../platform/pace.ts';
import type { RecordSink } from '../../buffer/types.ts';
import type { AgentRegistry } from '../../registry.ts';
import { openTimeZone } from '../line-formats/time-zone.ts';
import type { EncodeDefaults } from '../record-encoder.ts';
import type { SyslogReading } from './syslog-record.ts';
import { SyslogTcpDoor } from './tcp-door.ts';
import { SyslogUdpDoor } from './udp-door.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface SyslogSourceOptions {
  readonly udp?: ListenAddress | undefined;
  readonly tcp?: ListenAddress | undefined;
  /** In whose file it stands; `undefined`: it takes messages for all. */
  readonly agentId: AgentId | undefined;
  /** Absent: `fixed` with an `agentId`, else `app_name`. */
  readonly agentIdFrom?: 'app_name' | 'fixed' | undefined;
  readonly timeZone?: string | undefined;
  /** What becomes of its records in a full buffer; absent: `evict` for datagrams, `hold` for connections. */
  readonly onFull?: OnFull | undefined;
  /** The configured AI agents of this server. */
  readonly configured: readonly AgentId[];
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry?: AgentRegistry;
  readonly redaction?: EncodeDefaults['redaction'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly waitingBytesMax?: number;
  readonly retryMs?: number;
}

/** What may be said otherwise while it listens. */
export type SyslogSettings = Pick<
  SyslogSourceOptions,
  'agentId' | 'agentIdFrom' | 'timeZone' | 'onFull' | 'configured'
>;

/** What both doors need. */
export interface SyslogDoorOptions {
  readonly address: ListenAddress;
  /** As of now, as the next two are. */
  readonly reading: () => SyslogReading;
  readonly onFull?: (() => OnFull | undefined) | undefined;
  readonly defaults: () => EncodeDefaults;
  readonly onMessages: (count: number) => void;
  readonly sink: RecordSink;
  readonly registry?: AgentRegistry | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly waitingBytesMax?: number | undefined;
}

/** An address that can't be had now (its port is taken, the interface not up yet) is tried again this often. */
const RETRY_MS = 10_000;

/** Takes messages of syslog on one or two addresses, once started. A server whose syslog can't be opened is still a server. */
export class SyslogSource implements AsyncDisposable {
  readonly #options: SyslogSourceOptions;
  #reading: SyslogReading;
  #onFull: OnFull | undefined;
  readonly #opening: Pace;
  readonly #retryMs: number;
  #udp: SyslogUdpDoor | undefined;
  #tcp: SyslogTcpDoor | undefined;
  #messages = 0;
  #trouble: string | undefined;

  private constructor(options: SyslogSourceOptions) {
    this.#options = options;
    this.#retryMs = options.retryMs ?? RETRY_MS;
    this.#reading = readingBy(options);
    this.#onFull = options.onFull;
    this.#opening = new Pace(options.clock, async () => {
      await this.#openDoors();
      return this.#retryMs;
    });
  }

  /** Resolves once it listens, or once that failed and will be tried again: `trouble` says which. */
  static async open(options: SyslogSourceOptions): Promise<SyslogSource> {
    const source = new SyslogSource(options);
    await source.#openDoors();
    source.#opening.start(source.#retryMs);
    return source;
  }

  /** Other settings from the next message on; it listens where it did. */
  use(settings: SyslogSettings): void {
    this.#reading = readingBy(settings);
    this.#onFull = settings.onFull;
  }

  get udpPort(): number | undefined {
    return this.#udp?.port;
  }

  get tcpPort(): number | undefined {
    return this.#tcp?.port;
  }

  /** Messages taken, and whether the buffer holds a sender back, or messages in memory, just now. */
  stats(): { readonly messages: number; readonly held: boolean } {
    return { messages: this.#messages, held: this.#udp?.held === true || this.#tcp?.held === true };
  }

  /** Why it doesn't listen everywhere, in words. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  async close(): Promise<void> {
    await this.#opening.close();
    await Promise.all([this.#udp?.close(), this.#tcp?.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #openDoors(): Promise<void> {
    const { udp, tcp } = this.#options;
    const troubles: string[] = [];
    if (udp !== undefined && this.#udp === undefined)
      this.#udp = await this.#tryOpen('UDP', udp, troubles, SyslogUdpDoor.open);
    if (tcp !== undefined && this.#tcp === undefined)
      this.#tcp = await this.#tryOpen('TCP', tcp, troubles, SyslogTcpDoor.open);
    this.#trouble = troubles.length === 0 ? undefined : troubles.join('; ');
  }

  async #tryOpen<T>(
    protocol: string,
    address: ListenAddress,
    troubles: string[],
    open: (options: SyslogDoorOptions) => Promise<T>,
  ): Promise<T | undefined> {
    const { server, redaction, sink, registry, clock, logger, waitingBytesMax } = this.#options;
    const place = `syslog over ${protocol} on ${address.host}:${address.port}`;
    try {
      return await open({
        address,
        reading: () => this.#reading,
        onFull: () => this.#onFull,
        defaults: () => ({ server, now: clock.now(), ...(redaction === undefined ? {} : { redaction }) }),
        onMessages: (count) => {
          this.#messages += count;
        },
        sink,
        registry,
        clock,
        logger,
        waitingBytesMax,
      });
    } catch (error) {
      troubles.push(`${place}: ${describeError(error)}`);
      if (this.#trouble === undefined)
        logger.error(`${place} could not be opened; it is tried again`, errorFields(error));
      return undefined;
    }
  }
}

/** @throws RangeError for a time zone that isn't known here. */
function readingBy({ agentId, agentIdFrom, configured, timeZone }: SyslogSettings): SyslogReading {
  return {
    zone: openTimeZone(timeZone),
    agentId,
    byAppName: (agentIdFrom ?? (agentId === undefined ? 'app_name' : 'fixed')) === 'app_name',
    configured: new Map(configured.map((name) => [name.toLowerCase(), name])),
  };
}
