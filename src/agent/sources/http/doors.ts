import type { IncomingMessage } from 'node:http';
import { AGENT_STATUSES, type AgentStatus } from '../../../contract/heartbeat.ts';
import type { AgentId } from '../../../contract/ids.ts';
import { NERVESYS_VERSION } from '../../../contract/version.ts';
import { withDeadline } from '../../../platform/clock.ts';
import { describeError, NervesysError } from '../../../platform/errors.ts';
import { parseDuration } from '../../../platform/quantity.ts';
import type { BufferStats, RecentQuery } from '../../buffer/types.ts';
import { BUILT_IN_REDACTION } from '../../redaction/index.ts';
import type { KnownAgent, StatusReport } from '../../registry.ts';
import { encodeObject, notJson, parseLevel, parseTimestamp } from '../record-encoder.ts';
import { type Answer, jsonAnswer, problemAnswer } from './answers.ts';
import { type BodyLease, readBody } from './body.ts';
import type { LocalApiOptions } from './local-api.ts';

/* The calls of the local API besides POST /logs, one function each (DESIGN 4.4). */

const RECENT_LIMIT_DEFAULT = 100;
const RECENT_LIMIT_MAX = 1_000;
/** A thousand records at their bounds would be 300 MB; what doesn't fit is left out and said. */
const RECENT_BYTES_MAX = 16 * 1024 * 1024;
const STATUS_BODY_BYTES_MAX = 64 * 1024;
/** A message of the largest size, escaped. */
const EXPLAIN_BODY_BYTES_MAX = 512 * 1024;
const DETAIL_LENGTH_MAX = 500;
const FLUSH_TIMEOUT_MS_DEFAULT = 30_000;
const FLUSH_TIMEOUT_MS_MAX = 600_000;

/** `GET /logs?agent_id=&level=&since=&limit=`: the short-term memory, newest first. */
export async function getLogs(query: URLSearchParams, options: LocalApiOptions): Promise<Answer> {
  const records = await options.sink.recent(parseRecentQuery(query, options.clock.now()));
  const parts: string[] = [];
  let bytes = 0;
  for (const record of records) {
    const json = JSON.stringify(record);
    bytes += json.length;
    if (bytes > RECENT_BYTES_MAX) break;
    parts.push(json);
  }
  const cut = parts.length < records.length ? ',"truncated":true' : '';
  return { status: 200, body: `{"records":[${parts.join(',')}]${cut}}\n` };
}

/** @throws NervesysError `NSV_BODY_INVALID` naming the parameter. */
export function parseRecentQuery(query: URLSearchParams, now: number): RecentQuery {
  for (const name of query.keys())
    if (!['agent_id', 'level', 'since', 'limit'].includes(name))
      throw invalid(`unknown parameter "${name.slice(0, 50)}"; known are agent_id, level, since, limit`);
  // `level=` says nothing, as a form's empty field does.
  const given = (name: string) => query.get(name) || undefined;
  const agentId = given('agent_id');
  const levelText = given('level');
  const level = levelText === undefined ? undefined : parseLevel(levelText);
  if (levelText !== undefined && level === undefined)
    throw invalid(`level "${levelText.slice(0, 50)}" is none of DEBUG, INFO, WARN, ERROR, CRITICAL`);
  const sinceText = given('since');
  const since = sinceText === undefined ? undefined : parseSince(sinceText, now);
  if (sinceText !== undefined && since === undefined)
    throw invalid(`since "${sinceText.slice(0, 50)}" is neither a time (2026-01-31T12:00:00Z) nor a duration (10m)`);
  const limit = Number(given('limit') ?? RECENT_LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > RECENT_LIMIT_MAX)
    throw invalid(`limit must be a whole number from 1 to ${RECENT_LIMIT_MAX}`);
  return {
    limit,
    ...(agentId === undefined ? {} : { agentId: agentId as AgentId }),
    ...(level === undefined ? {} : { level }),
    ...(since === undefined ? {} : { since }),
  };
}

function parseSince(text: string, now: number): number | undefined {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return now - durationMs;
  const iso = parseTimestamp(text);
  return iso === undefined ? undefined : Date.parse(iso);
}

/** `GET /agents/<agent_id>/config`. */
export function getAgentConfig(agentId: AgentId, options: LocalApiOptions): Answer {
  const config = options.agentConfig(agentId);
  if (config === undefined) throw new NervesysError('NSV_NOT_FOUND', `no AI agent "${agentId}" is configured here`);
  return jsonAnswer(config);
}

/** `PUT /agents/<agent_id>/status`. */
export async function putStatus(
  agentId: AgentId,
  request: IncomingMessage,
  options: LocalApiOptions,
  lease: BodyLease,
): Promise<Answer> {
  const body = await readBody(request, STATUS_BODY_BYTES_MAX, lease);
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw notJson('PUT status', error);
  }
  // It goes out with the heartbeat, past the records.
  const redactor = (options.redaction ?? BUILT_IN_REDACTION).for(agentId);
  if (
    !options.registry.report(
      agentId,
      parseStatus(value, (text) => redactor.redactText(text)),
    )
  )
    throw new NervesysError('NSV_TOO_BUSY', 'too many AI agents are known on this server to follow one more');
  return jsonAnswer(viewAgent(options.registry.get(agentId)!));
}

/** @throws NervesysError `NSV_BODY_INVALID` naming the field. Texts go through `clean` whole, before they are cut. */
export function parseStatus(value: unknown, clean: (text: string) => string): StatusReport {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('a status is a JSON object');
  const { status, last_action, detail, exit_code, pid } = value as Record<string, unknown>;
  if (!(AGENT_STATUSES as readonly unknown[]).includes(status))
    throw invalid(`"status" must be one of ${AGENT_STATUSES.join(', ')}`);
  const action = optionalText(last_action, 'last_action');
  const reason = optionalText(detail, 'detail');
  if (exit_code !== undefined && exit_code !== null && !Number.isInteger(exit_code))
    throw invalid('"exit_code" must be a whole number');
  if (pid !== undefined && pid !== null && !(Number.isInteger(pid) && (pid as number) > 0))
    throw invalid('"pid" must be a positive whole number');
  return {
    status: status as AgentStatus,
    ...(action === undefined ? {} : { lastAction: clean(action) }),
    ...(reason === undefined ? {} : { detail: clean(reason).slice(0, DETAIL_LENGTH_MAX).toWellFormed() }),
    ...(typeof exit_code === 'number' ? { exitCode: exit_code } : {}),
    ...(typeof pid === 'number' ? { pid } : {}),
  };
}

function optionalText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`"${field}" must be text`);
  return value;
}

function viewAgent(agent: KnownAgent) {
  return {
    agent_id: agent.agentId,
    status: agent.status,
    detail: agent.detail,
    exit_code: agent.exitCode,
    last_action: agent.lastAction,
    last_seen_at: isoOrNull(agent.lastSeenAt),
  };
}

/** `GET /buffer`; `reasons`: what is wrong with this agent, so why it may be that records wait. */
export function getBuffer(stats: BufferStats, reasons: readonly string[] = []): Answer {
  return jsonAnswer({
    epoch: stats.epoch,
    bytes: stats.bytes,
    limit_bytes: stats.limitBytes,
    records: stats.records,
    open_records: stats.openRecords,
    batches: stats.batches.map((batch) => ({
      id: batch.id,
      first: batch.first,
      last: batch.last,
      records: batch.records,
      bytes: batch.bytes,
      key: batch.key,
      sealed_at: isoOrNull(batch.sealedAt),
    })),
    oldest_at: isoOrNull(stats.oldestAt),
    last_archived_at: isoOrNull(stats.lastArchivedAt),
    last_sequence: stats.lastSequence,
    lost_records: stats.lostRecords,
    held: stats.held,
    reasons,
  });
}

/** `POST /flush?timeout=30s`: 200 when the archive has everything that was accepted before the call. */
export async function postFlush(query: URLSearchParams, options: LocalApiOptions, gone: AbortSignal): Promise<Answer> {
  const text = query.get('timeout');
  const timeoutMs = text === null ? FLUSH_TIMEOUT_MS_DEFAULT : parseDuration(text);
  if (timeoutMs === undefined || timeoutMs > FLUSH_TIMEOUT_MS_MAX)
    throw invalid('timeout must be a duration up to 10m, like 30s');
  try {
    const done = await withDeadline(options.clock, timeoutMs, gone, (signal) => options.flush(signal));
    return jsonAnswer({ flushed: true, objects: done.objects, records: done.records });
  } catch (error) {
    const known = error instanceof NervesysError && error.code === 'NSV_FLUSH_INCOMPLETE';
    return problemAnswer(
      known
        ? error
        : new NervesysError('NSV_FLUSH_INCOMPLETE', `not everything is archived: ${describeError(error)}`, {
            ...(error instanceof NervesysError && error.hint !== undefined ? { hint: error.hint } : {}),
          }),
      { flushed: false },
    );
  }
}

/** `GET /healthz`: alive, and whether the agent does its work. */
export function getHealth(options: LocalApiOptions, startedAt: number, closing: boolean): Answer {
  const reasons = closing ? ['the agent is closing'] : [...options.health()];
  const ok = reasons.length === 0;
  const uptimeSeconds = Math.floor((options.clock.now() - startedAt) / 1000);
  return jsonAnswer(
    {
      status: ok ? 'ok' : 'failing',
      reasons,
      server: options.server,
      agent_version: NERVESYS_VERSION,
      uptime_seconds: Math.max(0, uptimeSeconds),
      ...(options.configState === undefined ? {} : { config: options.configState() }),
    },
    ok ? 200 : 503,
  );
}

/** `GET /`: what a person who opens the address should know. */
export function getHelp(options: LocalApiOptions): Answer {
  return {
    status: 200,
    type: 'text/plain; charset=utf-8',
    body: `Nervesys agent ${NERVESYS_VERSION} on ${options.server}

POST /logs                    one JSON object a line, e.g. {"level":"INFO","agent_id":"GROK","message":"hello"}
POST /v1/logs                 OpenTelemetry (OTLP/HTTP); /v1/traces and /v1/metrics too
GET  /logs                    recent records, newest first; ?agent_id= &level= &since=10m &limit=
GET  /agents/<id>/config      what is configured for an AI agent
PUT  /agents/<id>/status      {"status":"healthy","last_action":"code_review"}
GET  /buffer                  what is kept here until it is archived
POST /flush                   seal and send now
POST /triage/explain          {"message":"…"}: what the triage makes of such a line
GET  /healthz, GET /metrics   liveness, Prometheus text
`,
  };
}

/** `POST /triage/explain`: `{"message":"…","agent_id":"GROK","level":"ERROR"}` → what triage makes of such a line. */
export async function postExplain(
  request: IncomingMessage,
  options: LocalApiOptions,
  lease: BodyLease,
): Promise<Answer> {
  const { explain, server, clock, redaction } = options;
  if (explain === undefined) throw new NervesysError('NSV_NOT_FOUND', 'this agent has no triage');
  const body = await readBody(request, EXPLAIN_BODY_BYTES_MAX, lease);
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw notJson('POST triage/explain', error);
  }
  const { message, agent_id, level } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof message !== 'string' || message === '') throw invalid('"message" must be text');
  const record = encodeObject(
    { message, agent_id, level },
    { server, now: clock.now(), ...(redaction && { redaction }) },
  );
  return jsonAnswer(await explain(record));
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function invalid(message: string): NervesysError {
  return new NervesysError('NSV_BODY_INVALID', message);
}
