import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseToken } from '../../src/contract/enrolment.ts';
import type { Heartbeat } from '../../src/contract/heartbeat.ts';
import type { AgentId, Epoch, ServerName } from '../../src/contract/ids.ts';
import { emptyLevelCounts } from '../../src/contract/record.ts';
import type { Database } from '../../src/orchestrator/database/database.ts';
import { Orchestrator, type OrchestratorOptions } from '../../src/orchestrator/orchestrator.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLogger } from '../../src/platform/logger.ts';
import { type Archive, openArchive } from '../../src/storage/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts
type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

/** A running orchestrator on a free port, with a home of its own; closed when the test ends, and the database with it. */
export class TestOrchestrator {
  readonly orchestrator: Orchestrator;
  readonly home: string;
  readonly archive: Archive;
  readonly adminKey: string;

  private constructor(orchestrator: Orchestrator, home: string, archive: Archive, adminKey: string) {
    this.orchestrator = orchestrator;
    this.home = home;
    this.archive = archive;
    this.adminKey = adminKey;
  }

  static async open(
    t: Pick<TestContext, 'after'>,
    database: Database,
    options: Partial<OrchestratorOptions> = {},
  ): Promise<TestOrchestrator> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), 'nervesys-home-')));
    const archive =
      options.archive ?? (await openArchive({ type: 'folder', path: join(home, 'archive') }, { clock: systemClock }));
    const release = async () => {
      await archive[Symbol.asyncDispose]();
      await database.close();
      await rm(home, { recursive: true, force: true });
    };
    const orchestrator = await Orchestrator.open({
      home,
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      logger: silentLogger,
      database,
      archive,
      ...options,
    }).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    t.after(async () => {
      await orchestrator.close();
      await release();
    });
    const adminKey = (await readFile(join(home, 'orchestrator', 'admin.key'), 'utf8')).trim();
    return new TestOrchestrator(orchestrator, home, archive, adminKey);
  }

  get url(): string {
    return this.orchestrator.url;
  }

  /** One call. `key`: a key, or null for none; the admin's when left out. A body that isn't text is sent as JSON. */
  async ask(
    method: string,
    path: string,
    options: {
      body?: unknown;
      key?: string | null | undefined;
      headers?: Record<string, string>;
      /** Sent as it is, with no content type of ours. */
      raw?: string;
    } = {},
  ): Promise<Answer> {
    const key = options.key === undefined ? this.adminKey : options.key;
    const headers: Record<string, string> = { ...options.headers };
    if (key !== null) headers['authorization'] = `Bearer ${key}`;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    const body = options.raw ?? (options.body === undefined ? null : JSON.stringify(options.body));
    const response = await fetch(`${this.url}${path}`, { method, headers, body, redirect: 'manual' });
    const text = await response.text();
    let json: Json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  }

  /** Enrols a server with a fresh token; answers its key. */
  async enrol(server: string): Promise<string> {
    const { token } = await this.orchestrator.createToken();
    const body = { secret: parseToken(token)?.secret, server, agent_version: '0.1.0', boot_id: null };
    const answer = await this.ask('POST', '/api/v1/enroll', { key: null, body });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.json.key;
  }

  /** Signs in by a fresh link; answers the cookie as a browser would send it. */
  async signIn(): Promise<string> {
    const { url } = await this.orchestrator.createSignInLink();
    const response = await fetch(url, { redirect: 'manual' });
    return response.headers.get('set-cookie')?.split(';')[0] ?? '';
  }
}

/** A sound heartbeat, some fields replaced. */
export function heartbeat(
  server: string,
  agentId: string,
  replace: Partial<Record<keyof Heartbeat, unknown>> = {},
): Heartbeat {
  return {
    agent_id: agentId as AgentId,
    server: server as ServerName,
    timestamp: new Date().toISOString(),
    status: 'healthy',
    metrics: { cpu_percent: 12.5, ram_percent: 40, disk_percent: 55, buffer_size_mb: 0.2 },
    alerts: [],
    last_action: 'code_review',
    uptime_seconds: 3600,
    last_seen_at: new Date().toISOString(),
    epoch: '0123456789abcdef' as Epoch,
    backlog_records: 3,
    oldest_unarchived_seconds: 20,
    last_archived_at: null,
    lost_records: 0,
    dropped_records: 0,
    config: { running: null, desired: null, error: null },
    agent_version: '0.1.0',
    clock_skew_ms: 0,
    level_counts: emptyLevelCounts(),
    ...replace,
  } as Heartbeat;
}
