import { agentsOn, type Config, journaldOn, syslogOn } from '../../config/index.ts';
import type { AgentId, ServerName } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { RecordSink } from '../buffer/types.ts';
import type { AgentRegistry } from '../registry.ts';
import type { JournaldSource } from './journald/index.ts';
import type { EncodeDefaults } from './record-encoder.ts';
import type { SyslogSource } from './syslog/index.ts';

export interface ServerDoorsOptions {
  readonly config: Config;
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry: AgentRegistry;
  readonly redaction?: EncodeDefaults['redaction'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The doors that the configuration opens on this server beside the local API and the files: syslog and journald. None by default, so what
 * they are made of is loaded where there are any.
 */
export class ServerDoors implements AsyncDisposable {
  readonly #syslog: readonly SyslogSource[];
  readonly #journald: readonly JournaldSource[];

  private constructor(syslog: readonly SyslogSource[], journald: readonly JournaldSource[]) {
    this.#syslog = syslog;
    this.#journald = journald;
  }

  /** Never rejects for want of an address or of journalctl: that is a trouble, and is tried again. */
  static async open({ config, server, random, ...shared }: ServerDoorsOptions): Promise<ServerDoors> {
    const configured = agentsOn(config, server).map(({ agentId }) => agentId as AgentId);
    const parts = { ...shared, server, configured };
    const syslog: SyslogSource[] = [];
    for (const { agentId, onFull, syslog: settings } of syslogOn(config, server)) {
      const { SyslogSource } = await import('./syslog/index.ts');
      syslog.push(await SyslogSource.open({ ...parts, ...settings, onFull, agentId: agentId as AgentId | undefined }));
    }
    const journald: JournaldSource[] = [];
    for (const { agentId, onFull, journald: settings } of journaldOn(config, server)) {
      const { JournaldSource } = await import('./journald/index.ts');
      const own = { ...parts, ...settings, onFull, random, agentId: agentId as AgentId | undefined };
      journald.push(JournaldSource.open(own).start());
    }
    return new ServerDoors(syslog, journald);
  }

  /** What doesn't work as configured, in words. */
  troubles(): string[] {
    return [
      ...this.#syslog.map(({ trouble }) => trouble),
      ...this.#journald.map(({ trouble }) => trouble && `the journal is not followed: ${trouble}`),
    ].filter((trouble): trouble is string => trouble !== undefined);
  }

  /** Takes nothing in any more. Safe twice. */
  async close(): Promise<void> {
    await Promise.all([...this.#syslog, ...this.#journald].map((source) => source.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
