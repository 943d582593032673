import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuditAnswer, AuditEntry, AuditVerdict } from '../../src/contract/audit.ts';
import type {
  AlertDetail,
  AlertView,
  FleetAgent,
  FleetServer,
  HistoryPoint,
  SilenceView,
  TokenAnswer,
  TokenView,
} from '../../src/contract/fleet.ts';
import type { TemplateView } from '../../src/contract/fleet-templates.ts';
import { problem } from '../../src/contract/problem.ts';
import type { ArchivedRecord } from '../../src/contract/record.ts';
import type {
  CommitView,
  FleetConfig,
  RevisionView,
  RolloutAnswer,
  RolloutView,
  ServerConfigView,
} from '../../src/contract/rollout.ts';
import { SampleDesk } from '../support/sample-desk.ts';
import { answerAlerts } from './fixture-alerts.ts';
import { answerReports } from './fixture-reports.ts';
import { answerTemplates } from './fixture-templates.ts';

/** What the pretend orchestrator tells; tests change it and `send` what changed. */
export interface FixtureData {
  signedIn: boolean;
  agents: FleetAgent[];
  servers: FleetServer[];
  alerts: AlertView[];
  /** What is known of an alert besides, by its id. */
  alertDetails: Record<string, Partial<AlertDetail>>;
  silences: SilenceView[];
  /** What was asked of alerts and silences, `GET alerts?state=open`, `POST alerts/1/resolve {…}`; what stands against an action. */
  alertsAsked: string[];
  onAlert?: (call: string, data: FixtureData) => string | undefined;
  /** In the order in which they are listed. */
  templates: TemplateView[];
  /** What was asked of them, as `alertsAsked`. */
  templatesAsked: string[];
  /** Whom reports are asked of. */
  reports: SampleDesk;
  /** What the archive holds, oldest first. */
  logs: readonly ArchivedRecord[];
  tokens: TokenView[];
  /** What `POST tokens` answers, and what it was asked for. */
  token: Partial<TokenAnswer>;
  tokensAsked: unknown[];
  /** Of the person who is signed in. */
  role: 'viewer' | 'operator' | 'admin';
  /** Oldest first. */
  audit: AuditEntry[];
  auditAsked: string[];
  verdict: AuditVerdict;
  /** What was asked to be revoked, `servers/AIGARDEN01` or `tokens/ab12`. */
  revoked: string[];
  /** What was taken out of service or put back: `retire servers/AIGARDEN01`. */
  moved: string[];
  /** What everybody is to run; absent: an older orchestrator. */
  config?: FleetConfig;
  rollout: RolloutView | null;
  /** What the source holds; absent: an older orchestrator. */
  found?: RolloutAnswer['found'];
  /** The one found last first. */
  revisions: RevisionView[];
  /** What the check has found, by revision. */
  complaints: Record<string, readonly string[]>;
  /** What was asked of the rollout, `pause {…}`; `onSteer` makes what comes of it, or says what stands against it. */
  steered: string[];
  onSteer?: (step: string, data: FixtureData) => string | undefined;
  /** Added to the host's clock, as an orchestrator on another machine would differ. */
  clockOffsetMs: number;
  historyAsked: string[];
  /** Where the built page lies. */
  folder: string;
  /** The history of an agent; an hour of gentle waves when not set. */
  history?: (agentId: string) => HistoryPoint[];
}

export interface FixtureServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly data: FixtureData;
  now(): number;
  /** Sends one event to every open stream. */
  send(name: 'fleet' | 'server' | 'alert' | 'config', value: unknown): void;
  /** Breaks every open stream, as a restart does. */
  breakStreams(): void;
  readonly streams: number;
}

const DASHBOARD_FOLDER = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));
const SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the built page and pretended answers of the API, on a port of its own. */
export async function startFixtureServer(data: Partial<FixtureData> = {}, port = 0): Promise<FixtureServer> {
  const state: FixtureData = {
    signedIn: true,
    agents: [],
    servers: [],
    alerts: [],
    alertDetails: {},
    silences: [],
    alertsAsked: [],
    templates: [],
    templatesAsked: [],
    reports: new SampleDesk(),
    logs: [],
    tokens: [],
    token: {
      token: `nsv1.${'A1b2'.repeat(30)}`,
      url: 'https://nervesys.example.com:7700',
      fingerprint: 'cd'.repeat(32),
      bootstrap_sha256: 'ab'.repeat(32),
    },
    tokensAsked: [],
    role: 'operator',
    audit: [],
    auditAsked: [],
    verdict: { ok: true, verified: 1, head: { seq: 1, sha256: 'ef'.repeat(32) } },
    revoked: [],
    moved: [],
    rollout: null,
    revisions: [],
    complaints: {},
    steered: [],
    clockOffsetMs: 0,
    historyAsked: [],
    folder: DASHBOARD_FOLDER,
    ...data,
  };
  let tries = 0;
  const streams = new Set<ServerResponse>();
  const now = () => Date.now() + state.clockOffsetMs;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  /** As the orchestrator: the first wrong password is refused, the next is held up. */
  async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    tries++;
    const { name, password } = JSON.parse(body);
    const right = name === 'dana' && password === 'five plain words are enough';
    const code = right ? undefined : tries === 1 ? 'NSV_SIGN_IN_REFUSED' : 'NSV_SIGN_IN_BUSY';
    if (code === undefined) {
      state.signedIn = true;
      return void response.writeHead(204).end();
    }
    response.writeHead(tries === 1 ? 401 : 429, { 'content-type': 'application/json', 'retry-after': '4' });
    response.end(JSON.stringify(problem(code, 'no')));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fixture');
    if (!url.pathname.startsWith('/api/')) return sendFile(state.folder, url.pathname, response);
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.method === 'POST' && url.pathname === '/api/v1/session') return signIn(request, response);
    if (!state.signedIn) return void json(problem('NSV_UNAUTHORIZED', 'no session'), 401);
    const call = `${request.method} ${url.pathname.replace('/api/v1/', '')}`;
    if (call === 'GET session') return void json({ type: 'person', name: 'dana', role: state.role });
    if (call === 'GET audit/verdict') return void json(state.verdict);
    if (call === 'GET audit') {
      state.auditAsked.push(url.search);
      return void json(auditPage(state.audit, url.searchParams));
    }
    if (call === 'DELETE session') {
      state.signedIn = false;
      return void response.writeHead(204).end();
    }
    if (call === 'GET fleet') {
      const { servers, agents, config } = state;
      return void json({ now: new Date(now()).toISOString(), servers, agents, config });
    }
    if (call === 'GET rollout') return void json(rolloutAnswer(state, now()));
    if (call === 'GET revisions') return void json({ revisions: state.revisions });
    const revision = state.revisions.find((one) => call === `GET revisions/${one.revision}`);
    if (revision !== undefined)
      return void json({
        ...revision,
        complaints: state.complaints[revision.revision] ?? [],
        files: null,
        rollouts: [],
      });
    const step = /^POST rollout\/(\w+)$/.exec(call)?.[1];
    if (step !== undefined) {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      state.steered.push(`${step} ${body}`);
      if (state.role === 'viewer') return void json(problem('NSV_FORBIDDEN', 'for operators'), 403);
      const against = state.onSteer?.(step, state);
      if (against !== undefined) return void json(problem('NSV_ROLLOUT_STATE', against), 409);
      return void json(rolloutAnswer(state, now()));
    }
    if (/^\w+ (templates|triage|alerts\/\w+\/mark)\b/.test(call)) {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { status, value } = answerTemplates(call, url.searchParams, body, state, now());
      if (status === 204) return void response.writeHead(204).end();
      return void json(value, status);
    }
    if (/^\w+ reports\b/.test(call)) {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { status, value, type } = await answerReports(call, url.searchParams, body, state);
      if (type === undefined) return void json(value, status);
      return void response.writeHead(status, { 'content-type': type }).end(value);
    }
    if (/^\w+ (alerts|silences|logs)\b/.test(call)) {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { status, value } = answerAlerts(call, url.searchParams, body, state, now());
      if (typeof value !== 'string') return void json(value, status);
      return void response.writeHead(status, { 'content-type': 'application/x-ndjson' }).end(value);
    }
    if (call === 'POST tokens') {
      const expiresAt = new Date(now() + 3_600_000).toISOString();
      let body = '';
      for await (const chunk of request) body += String(chunk);
      state.tokensAsked.push(JSON.parse(body));
      return void json({ ...state.token, id: '1', expires_at: expiresAt }, 201);
    }
    if (call === 'GET tokens') return void json({ tokens: state.tokens });
    const moved = /^POST ((?:servers|agents)\/.+)\/(retire|reinstate)$/.exec(call);
    if (moved !== null) {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      state.moved.push(`${moved[2]} ${decodeURIComponent(moved[1]!)} ${body}`.trim());
      return void json({});
    }
    const revoked = /^(?:DELETE (tokens\/.+)|POST (servers\/.+)\/revoke)$/.exec(call);
    if (revoked !== null) {
      const name = decodeURIComponent(revoked[1] ?? revoked[2] ?? '');
      state.revoked.push(name);
      state.tokens = state.tokens.map((one) => (name === `tokens/${one.id}` ? { ...one, state: 'revoked' } : one));
      return void response.writeHead(204).end();
    }
    if (call === 'GET events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': welcome\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    const agent = /^GET agents\/([^/]+)\/history$/.exec(call)?.[1];
    if (agent !== undefined) {
      const agentId = decodeURIComponent(agent);
      state.historyAsked.push(`${url.searchParams.get('server')}/${agentId}`);
      return void json({ points: state.history?.(agentId) ?? waves(agentId, now()) });
    }
    json(problem('NSV_NOT_FOUND', call), 404);
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    data: state,
    now,
    get streams() {
      return streams.size;
    },
    send(name, value) {
      for (const stream of streams) stream.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
    },
    breakStreams() {
      for (const stream of streams) stream.destroy();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve)); // an error says that it was closed before
      server.closeAllConnections();
      await closed;
    },
  };
}

async function sendFile(folder: string, path: string, response: ServerResponse): Promise<void> {
  const file = join(folder, normalize(path === '/' ? '/index.html' : path));
  try {
    const body = await readFile(file);
    response.writeHead(200, {
      'content-type': CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': SECURITY_POLICY,
    });
    response.end(body);
  } catch {
    response.writeHead(404, { 'content-security-policy': SECURITY_POLICY }).end();
  }
}

/** An AI agent that is well; `change` says what is different about it. */
export function makeAgent(change: Partial<FleetAgent> & { readonly agent_id: string }, nowMs = Date.now()): FleetAgent {
  const at = new Date(nowMs - 12_000).toISOString();
  return {
    server: 'AIGARDEN01',
    status: 'healthy',
    state: 'up',
    reason: '',
    metrics: { cpu_percent: 12.4, ram_percent: 41.7, disk_percent: 23.1, buffer_size_mb: 0.42 },
    last_action: 'code_review',
    uptime_seconds: 93_784,
    timestamp: at,
    received_at: at,
    last_seen_at: at,
    backlog_records: 0,
    agent_version: '0.1.0',
    ...change,
  };
}

export function makeServer(server: string, change: Partial<FleetServer> = {}, nowMs = Date.now()): FleetServer {
  return {
    server,
    state: 'up',
    enrolled_at: new Date(nowMs - 86_400_000).toISOString(),
    last_seen_at: new Date(nowMs - 8_000).toISOString(),
    agent_version: '0.1.0',
    agents: 1,
    key_created_at: new Date(nowMs - 86_400_000).toISOString(),
    ...change,
  };
}

export function makeToken(id: string, change: Partial<TokenView> = {}, nowMs = Date.now()): TokenView {
  return {
    id,
    server: null,
    uses: 0,
    uses_max: 1,
    created_by: 'owner',
    created_at: new Date(nowMs - 60_000).toISOString(),
    expires_at: new Date(nowMs + 3_600_000).toISOString(),
    revoked_at: null,
    state: 'open',
    ...change,
  };
}

export function makeAlert(change: Partial<AlertView> & { readonly id: string }, nowMs = Date.now()): AlertView {
  return {
    severity: 'warning',
    kind: 'agent.exited',
    title: 'The program ended with exit code 1',
    server: 'AIGARDEN01',
    agent_id: 'GROK',
    detail: {},
    count: 1,
    first_at: new Date(nowMs - 600_000).toISOString(),
    last_at: new Date(nowMs - 60_000).toISOString(),
    state: 'open',
    acknowledged_by: null,
    acknowledged_at: null,
    resolved_by: null,
    resolved_at: null,
    reopened: 0,
    ...change,
  };
}

/** An entry of the audit log; `change` says what is different about it. */
export function makeEntry(seq: number, change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    seq,
    at: new Date(Date.UTC(2026, 10, 26, 8, 0, seq)).toISOString(),
    actor_type: 'person',
    actor: 'dana',
    action: 'token.created',
    subject: `ab${seq}`,
    address: '203.0.113.9',
    detail: '{}',
    previous_sha256: '0'.repeat(64),
    sha256: 'ef'.repeat(32),
    ...change,
  };
}

export function makeCommit(change: Partial<CommitView> = {}, nowMs = Date.now()): CommitView {
  return {
    sha: 'ab'.repeat(20),
    author: 'Dana Levi',
    subject: 'thresholds: warn at 85 percent of the disk',
    committed_at: new Date(nowMs - 3_600_000).toISOString(),
    signer: 'dana@example.com',
    ...change,
  };
}

export function makeRevision(revision: string, change: Partial<RevisionView> = {}, nowMs = Date.now()): RevisionView {
  return {
    revision,
    source: 'git',
    state: 'replaced',
    reason: null,
    found_at: new Date(nowMs - 3_000_000).toISOString(),
    state_at: new Date(nowMs - 2_400_000).toISOString(),
    commit: makeCommit({}, nowMs),
    ...change,
  };
}

/** A rollout at its second of three stages. */
export function makeRollout(change: Partial<RolloutView> = {}, nowMs = Date.now()): RolloutView {
  return {
    id: '7',
    revision: 'abc123def456',
    previous: '0123456789ab',
    state: 'rolling',
    stage: 2,
    stages: ['10%', '50%', '100%'],
    started_at: new Date(nowMs - 900_000).toISOString(),
    stage_at: new Date(nowMs - 240_000).toISOString(),
    next_at: new Date(nowMs + 360_000).toISOString(),
    hold: null,
    findings: [],
    reason: null,
    ended_by: null,
    ended_at: null,
    ...change,
  };
}

/** The fleet's part: `desired`, and what is under way. The page counts by itself who runs what. */
export function makeConfig(desired: string | null, rollout: RolloutView | null = null): FleetConfig {
  return { desired, rollout, servers: 0, running: [], refused: [], refused_more: 0 };
}

/** As the orchestrator: who is reached is told apart by what each server was told, or runs what everybody is to run. */
function rolloutAnswer({ config, found, rollout, servers }: FixtureData, nowMs: number): RolloutAnswer {
  return {
    now: new Date(nowMs).toISOString(),
    config: config ?? makeConfig(null),
    ...(found === undefined ? {} : { found }),
    rollout,
    servers: servers.map(
      ({ server, config: own }): ServerConfigView => ({
        server,
        desired: own?.desired ?? config?.desired ?? null,
        running: own?.running ?? null,
        error: own?.error ?? null,
      }),
    ),
  };
}

/** As the orchestrator: newest first, from `before` on, only what was asked for. */
function auditPage(entries: readonly AuditEntry[], query: URLSearchParams): AuditAnswer {
  const limit = Number(query.get('limit'));
  const before = Number(query.get('before') ?? Number.POSITIVE_INFINITY);
  const actions = query.get('actions')?.split(',');
  const text = query.get('text') ?? '';
  const found = entries
    .filter((one) => one.seq < before && (actions?.includes(one.action) ?? true) && JSON.stringify(one).includes(text))
    .reverse();
  const last = found[limit - 1];
  return {
    entries: found.slice(0, limit),
    head: { seq: entries.length, sha256: 'ef'.repeat(32) },
    ...(last === undefined || last.seq === 1 ? {} : { next: last.seq }),
  };
}

/** An hour of vitals, one a minute, different for each name. */
function waves(agentId: string, nowMs: number): HistoryPoint[] {
  const seed = [...agentId].reduce((sum, character) => sum + character.charCodeAt(0), 0);
  return Array.from({ length: 60 }, (_, minute) => {
    const angle = (minute + seed) / 6;
    return {
      at: Math.floor(nowMs / 1000) - (60 - minute) * 60,
      cpu_percent: 22 + 14 * Math.sin(angle) + 8 * Math.sin(angle * 3.7 + seed),
      ram_percent: 48 + 6 * Math.sin(angle / 3 + seed),
      disk_percent: 23 + minute / 60,
      buffer_size_mb: 0.3 + ((minute + seed) % 10) * 0.12,
    };
  });
}
