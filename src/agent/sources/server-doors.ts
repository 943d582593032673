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
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry: AgentRegistry;
  readonly redaction?: EncodeDefaults['redaction'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const PROTOCOLS = ['udp', 'tcp'] as const;

/**
 * The doors that the configuration opens on this server beside the local API and the files: syslog and journald. None by default, so what
 * they are made of is loaded where there are any.
 *
 * Syslog has no acknowledgement: what comes to a door that is closed and opened again is lost. So each stands by itself, known by its address
 * (a journal by its units), and one that another configuration leaves where it is goes on taking, by other settings.
 */
export class ServerDoors implements AsyncDisposable {
  readonly #options: ServerDoorsOptions;
  readonly #syslog = new Map<string, SyslogSource>();
  readonly #journald = new Map<string, JournaldSource>();
  #closed = false;

  constructor(options: ServerDoorsOptions) {
    this.#options = options;
  }

  /**
   * Opens, changes and closes what this configuration says otherwise. Never rejects for want of an address or of journalctl: that is a trouble,
   * and is tried again.
   */
  async use(config: Config): Promise<void> {
    const { server } = this.#options;
    const configured = agentsOn(config, server).map(({ agentId }) => agentId as AgentId);
    await this.#change(
      this.#syslog,
      syslogOn(config, server).flatMap(({ agentId, onFull, syslog: { udp, tcp, ...reading } }) => {
        const settings = { ...reading, onFull, agentId: agentId as AgentId | undefined, configured };
        return PROTOCOLS.flatMap((protocol) => {
          const address = { udp, tcp }[protocol];
          return address === undefined
            ? []
            : [{ name: `${protocol} ${address.host}:${address.port}`, settings, place: { [protocol]: address } }];
        });
      }),
      async ({ settings, place }) => {
        const { SyslogSource } = await import('./syslog/index.ts');
        return SyslogSource.open({ ...this.#options, ...settings, ...place });
      },
    );
    await this.#change(
      this.#journald,
      journaldOn(config, server).map(({ agentId, onFull, journald: { units, ...reading } }) => ({
        name: JSON.stringify([agentId, units]),
        settings: { ...reading, onFull, agentId: agentId as AgentId | undefined, configured },
        units,
      })),
      async ({ settings, units }) => {
        const { JournaldSource } = await import('./journald/index.ts');
        return JournaldSource.open({ ...this.#options, ...settings, units }).start();
      },
    );
  }

  /** What doesn't work as configured, in words. */
  troubles(): string[] {
    return [
      ...[...this.#syslog.values()].map(({ trouble }) => trouble),
      ...[...this.#journald.values()].map(({ trouble }) => trouble && `the journal is not followed: ${trouble}`),
    ].filter((trouble): trouble is string => trouble !== undefined);
  }

  /** Takes nothing in any more. Safe twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#syslog.values(), ...this.#journald.values()].map((source) => source.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Makes `doors` those that are wanted, by name. What isn't wanted any more is closed first: its address may be wanted otherwise. Of two with one
   * name both are tried, so that somebody is told.
   */
  async #change<S, W extends { readonly name: string; readonly settings: S }, D extends Door<S>>(
    doors: Map<string, D>,
    wanted: readonly W[],
    open: (door: W) => Promise<D>,
  ): Promise<void> {
    const byName = new Map<string, W>();
    for (const one of wanted) byName.set(byName.has(one.name) ? `${one.name} (${byName.size})` : one.name, one);
    const closing = [...doors].filter(([name]) => !byName.has(name));
    for (const [name] of closing) doors.delete(name);
    await Promise.all(closing.map(([, door]) => door.close()));
    for (const [name, one] of byName) {
      if (this.#closed) return;
      const standing = doors.get(name);
      if (standing === undefined) doors.set(name, await open(one));
      else standing.use(one.settings);
    }
  }
}

interface Door<S> extends AsyncDisposable {
  use(settings: S): void;
  close(): Promise<void>;
}
