import { createHash } from 'node:crypto';
import type { Heartbeat } from '../src/contract/heartbeat.ts';
import type { AgentId, Epoch, ServerName } from '../src/contract/ids.ts';
import type { Database } from '../src/orchestrator/database/database.ts';
import { percentile } from './figures.ts';
import { WireClient } from './wire-client.ts';

/** AI agents on one server. */
export const AGENTS_PER_SERVER = 5;
const ROWS_AT_ONCE = 5_000;

/** A fleet whose names all have one length, so that a request is made by writing into the one before it. */
export class SimulatedServers {
  readonly agents: number;
  readonly servers: number;
  readonly #keys: string[];

  constructor(agents: number) {
    this.agents = agents;
    this.servers = Math.ceil(agents / AGENTS_PER_SERVER);
    this.#keys = Array.from({ length: this.servers }, (_, index) =>
      createHash('sha256').update(`bench ${index}`).digest('base64url'),
    );
  }

  serverOf(agent: number): string {
    return `SERVER${String(Math.floor(agent / AGENTS_PER_SERVER)).padStart(6, '0')}`;
  }

  agentIdOf(agent: number): string {
    return `AGENT${agent % AGENTS_PER_SERVER}`;
  }

  keyOf(agent: number): string {
    return this.#keys[Math.floor(agent / AGENTS_PER_SERVER)]!;
  }

  /** Writes all of it into an empty fleet, as if each had joined and beaten a minute ago. */
  async join(database: Database): Promise<void> {
    const now = new Date();
    await database.query(
      `INSERT INTO enrolment_tokens (id, secret_sha256, uses_max, uses, created_by, created_at, expires_at)
       VALUES ('bench', repeat('0', 64), NULL, 0, 'bench', $1, $1) ON CONFLICT DO NOTHING`,
      [now],
    );
    for (let from = 0; from < this.servers; from += ROWS_AT_ONCE) {
      const keys = this.#keys.slice(from, from + ROWS_AT_ONCE);
      const names = keys.map((_, index) => this.serverOf((from + index) * AGENTS_PER_SERVER));
      await database.query(
        `INSERT INTO servers (server, enrolled_at, last_seen_at, agent_version, next_judged_at)
         SELECT name, $2, $2, '0.1.0', $2::timestamptz + interval '3 minutes' FROM unnest($1::text[]) AS name ON CONFLICT DO NOTHING`,
        [names, now],
      );
      await database.query(
        `INSERT INTO agent_keys (key_sha256, server, token_id, created_at)
         SELECT key, name, 'bench', $3 FROM unnest($1::text[], $2::text[]) AS both_of (key, name) ON CONFLICT DO NOTHING`,
        [keys.map((key) => createHash('sha256').update(key).digest('hex')), names, now],
      );
    }
    await database.query('VACUUM ANALYZE servers');
    await database.query('VACUUM ANALYZE agent_keys');
  }
}

/** A sound beat of one of them; everything that differs from agent to agent and beat to beat has the same length in each. */
export function sampleBeat(server: string, agentId: string, at: number): Heartbeat {
  return {
    agent_id: agentId as AgentId,
    server: server as ServerName,
    timestamp: new Date(at).toISOString(),
    status: 'healthy',
    metrics: { cpu_percent: 12.5, ram_percent: 40.3, disk_percent: 55.1, buffer_size_mb: 0.2 },
    alerts: [],
    last_action: 'code_review',
    uptime_seconds: 360_000,
    last_seen_at: new Date(at).toISOString(),
    epoch: '0123456789abcdef' as Epoch,
    backlog_records: 30,
    oldest_unarchived_seconds: 20,
    last_archived_at: new Date(at).toISOString(),
    lost_records: 0,
    dropped_records: 0,
    config: { running: 'abc123def456', desired: 'abc123def456', error: null },
    agent_version: '0.1.0',
    clock_skew_ms: 12,
    level_counts: { DEBUG: 0, INFO: 118, WARN: 2, ERROR: 1, CRITICAL: 0 },
  };
}

export interface Measured {
  readonly count: number;
  readonly refused: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A request for each call, of the connection with this index. */
export type NextRequest = (client: WireClient, connection: number) => () => Buffer;

/** Sends requests over so many connections, one after the other on each, for a time. */
export async function measure(
  url: string,
  connections: number,
  durationMs: number,
  next: NextRequest,
): Promise<Measured> {
  const clients = await Promise.all(Array.from({ length: connections }, () => WireClient.connect(url)));
  const times: number[] = [];
  let refused = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + durationMs;
  await Promise.all(
    clients.map(async (client, connection) => {
      const request = next(client, connection);
      while (performance.now() < endsAt) {
        const sentAt = performance.now();
        const { status, body } = await client.send(request());
        times.push(performance.now() - sentAt);
        if (status !== 200 || body.includes('"accepted":0,"rejected":[{')) refused++;
      }
      client.close();
    }),
  );
  const elapsedMs = performance.now() - startedAt;
  times.sort((a, b) => a - b);
  return {
    count: times.length,
    refused,
    perSecond: times.length / (elapsedMs / 1000),
    p50Ms: percentile(times, 50),
    p99Ms: percentile(times, 99),
  };
}

/** One beat a request, the AI agents in turn. */
export function beats(fleet: SimulatedServers): NextRequest {
  let turn = 0;
  const startedAt = Date.now();
  return (client) => {
    const body = Buffer.from(
      JSON.stringify({ heartbeats: [sampleBeat(fleet.serverOf(0), fleet.agentIdOf(0), startedAt)] }),
    );
    const key = `Authorization: Bearer ${fleet.keyOf(0)}\r\n`;
    const request = client.request('/api/v1/heartbeats', body, key, 'application/json');
    const places = (text: string) => [request.indexOf(text), text.length] as const;
    const [keyAt] = places(fleet.keyOf(0));
    const [serverAt] = places(fleet.serverOf(0));
    const [agentAt] = places(fleet.agentIdOf(0));
    const [timeAt] = places(new Date(startedAt).toISOString());
    return () => {
      const agent = turn % fleet.agents;
      // Of a small fleet, an AI agent beats more often than the clock ticks: its beats are dated one after the other.
      const at = Math.max(Date.now(), startedAt + Math.floor(turn / fleet.agents));
      turn++;
      request.write(fleet.keyOf(agent), keyAt, 'latin1');
      request.write(fleet.serverOf(agent), serverAt, 'latin1');
      request.write(fleet.agentIdOf(agent), agentAt, 'latin1');
      request.write(new Date(at).toISOString(), timeAt, 'latin1');
      return request;
    };
  };
}

/** All AI agents of a server in one request, as agents send them; the servers in turn. */
export function serverBeats(fleet: SimulatedServers): NextRequest {
  let turn = 0;
  const startedAt = Date.now();
  const agents = Math.min(fleet.agents, AGENTS_PER_SERVER);
  return (client) => {
    const heartbeats = Array.from({ length: agents }, (_, index) =>
      sampleBeat(fleet.serverOf(0), fleet.agentIdOf(index), startedAt),
    );
    const key = `Authorization: Bearer ${fleet.keyOf(0)}\r\n`;
    const body = Buffer.from(JSON.stringify({ heartbeats }));
    const request = client.request('/api/v1/heartbeats', body, key, 'application/json');
    const keyAt = request.indexOf(fleet.keyOf(0));
    const serversAt = placesOf(request, `"server":"${fleet.serverOf(0)}`).map((at) => at + '"server":"'.length);
    const timesAt = placesOf(request, '"timestamp":"').map((at) => at + '"timestamp":"'.length);
    return () => {
      const server = turn % fleet.servers;
      const agent = server * AGENTS_PER_SERVER;
      const time = new Date(Math.max(Date.now(), startedAt + Math.floor(turn / fleet.servers))).toISOString();
      turn++;
      request.write(fleet.keyOf(agent), keyAt, 'latin1');
      for (const at of serversAt) request.write(fleet.serverOf(agent), at, 'latin1');
      for (const at of timesAt) request.write(time, at, 'latin1');
      return request;
    };
  };
}

function placesOf(request: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = request.indexOf(text); at !== -1; at = request.indexOf(text, at + 1)) places.push(at);
  return places;
}

/** The same address and key, and nothing in it: what HTTP, the key and the answer cost without a beat. */
export function emptyBeats(fleet: SimulatedServers): NextRequest {
  return (client) => {
    const key = `Authorization: Bearer ${fleet.keyOf(0)}\r\n`;
    const request = client.request('/api/v1/heartbeats', Buffer.from('{"heartbeats":[]}'), key, 'application/json');
    return () => request;
  };
}

/** The cheapest route that the server has. */
export const liveness: NextRequest = (client) => {
  const request = client.get('/healthz');
  return () => request;
};
