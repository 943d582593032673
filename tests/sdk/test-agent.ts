import type { TestContext } from 'node:test';
import type { LogBuffer } from '../../src/agent/buffer/buffer.ts';
import { AgentRegistry } from '../../src/agent/registry.ts';
import { LocalApi, type LocalApiLimits } from '../../src/agent/sources/http/local-api.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { httpRequest } from '../../src/platform/http-request.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { openBuffer, SERVER } from '../support/local-api.ts';
import { tempDir } from '../support/temp-dir.ts';

/** The agent's real door over a real buffer; it can be stopped and started again in the same place, on the same port. */
export class TestAgent {
  readonly #dir: string;
  readonly #limits: Partial<LocalApiLimits>;
  #port = 0;
  #open: { readonly api: LocalApi; readonly buffer: LogBuffer; readonly registry: AgentRegistry } | undefined;

  private constructor(dir: string, limits: Partial<LocalApiLimits>) {
    this.#dir = dir;
    this.#limits = limits;
  }

  static async start(t: TestContext, limits: Partial<LocalApiLimits> = {}): Promise<TestAgent> {
    const agent = new TestAgent(await tempDir(t), limits);
    t.after(() => agent.stop());
    return agent.start();
  }

  async start(): Promise<this> {
    const buffer = openBuffer(this.#dir);
    const registry = new AgentRegistry({ clock: systemClock });
    const api = await LocalApi.open({
      server: SERVER,
      sink: buffer,
      registry,
      clock: systemClock,
      logger: silentLogger,
      port: this.#port,
      socketPath: `${this.#dir}/agent.sock`,
      agentConfig: () => undefined,
      flush: async () => ({ objects: [], records: 0 }),
      health: () => [],
      limits: this.#limits,
    });
    this.#port = api.port;
    this.#open = { api, buffer, registry };
    return this;
  }

  async stop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.api.close(0);
    await open?.buffer.close();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get socketPath(): string {
    return `${this.#dir}/agent.sock`;
  }

  get registry(): AgentRegistry {
    return this.#open!.registry;
  }

  /** The AI agent's last records, at most a thousand, oldest first. */
  async records(agentId = 'GROK'): Promise<ArchivedRecord[]> {
    const query = new URLSearchParams({ agent_id: agentId, limit: '1000' });
    const response = await httpRequest({ method: 'GET', url: `${this.url}/logs?${query}` });
    return (JSON.parse(response.body.toString()).records as ArchivedRecord[]).reverse();
  }
}
