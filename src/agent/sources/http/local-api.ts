import { chmod } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Heartbeat } from '../../../contract/heartbeat.ts';
import type { AgentId, ServerName } from '../../../contract/ids.ts';
import { parseAgentId } from '../../../contract/ids.ts';
import type { Clock } from '../../../platform/clock.ts';
import { errorCode, NervesysError } from '../../../platform/errors.ts';
import { errorFields, type Logger } from '../../../platform/logger.ts';
import { formatMetrics, METRICS_CONTENT_TYPE, type Metric } from '../../../platform/metrics-text.ts';
import type { EncodedRecord, RecordSink } from '../../buffer/types.ts';
import type { Redaction } from '../../redaction/index.ts';
import type { AgentRegistry } from '../../registry.ts';
import { otlpCounts, otlpMetrics } from '../otlp/otlp-counts.ts';
import type { OtlpDoor } from '../otlp/otlp-door.ts';
import type { Signal } from '../otlp/read-request.ts';
import { type Answer, type DiscardLimits, problemAnswer, sendAnswer } from './answers.ts';
import { BodyBudget, type BodyLease, ClientGone, checkBodyHead, release } from './body.ts';
import { getAgentConfig, getBuffer, getHealth, getHelp, getLogs, postExplain, postFlush, putStatus } from './doors.ts';
import { type AllowedHosts, allowedHosts, refuseForeign } from './guard.ts';
import { listenTcp, listenUnix } from './listen.ts';
import { agentMetrics } from './metrics.ts';
import { type IntakeCounts, postLogs } from './post-logs.ts';

/** What a flush brought to the archive. */
export interface FlushResult {
  readonly objects: readonly string[];
  readonly records: number;
}

/** Where it listens, and by which names it may be asked. */
export interface LocalAddress {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Further names by which clients may ask, as `Host`. */
  readonly hosts?: readonly string[];
  readonly socketPath?: string | undefined;
  /** Permissions of the Unix socket. */
  readonly socketMode?: number;
}

export interface LocalApiOptions extends LocalAddress {
  readonly server: ServerName;
  readonly sink: RecordSink;
  readonly registry: AgentRegistry;
  /** What is taken out of records; absent: all credentials. */
  readonly redaction?: Redaction;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What an AI agent may know of its own configuration; `undefined` when it has none. */
  readonly agentConfig: (agentId: AgentId) => unknown;
  /** Seals and sends; resolves when the archive has everything accepted before; rejects (`NSV_FLUSH_INCOMPLETE`) when it can't. */
  readonly flush: (signal: AbortSignal) => Promise<FlushResult>;
  /** Why the agent doesn't do its work, in words; empty when it does. */
  readonly health: () => readonly string[];
  /** Which revision of the configuration runs, which one is desired, and why it doesn't run; absent: not told. */
  readonly configState?: () => Heartbeat['config'];
  /** What triage makes of a record; nothing is stored or learnt. Absent: there is none. */
  readonly explain?: (record: EncodedRecord) => Promise<unknown>;
  /** What other parts measure, for `GET /metrics`. */
  readonly metrics?: () => readonly Metric[];
  readonly limits?: Partial<LocalApiLimits>;
}

export interface LocalApiLimits {
  /** Of a request's body, as sent and inflated. */
  readonly bodyBytesMax: number;
  /** Of all bodies in memory at once: three of the largest, so that the agent stays lean whatever is sent. */
  readonly bodiesBytesMax: number;
  readonly connectionsMax: number;
  /** For a request's head, and for its whole, to arrive. */
  readonly headMs: number;
  readonly requestMs: number;
  readonly discard: DiscardLimits;
}

const LIMITS_DEFAULT: LocalApiLimits = {
  bodyBytesMax: 16 * 1024 * 1024,
  bodiesBytesMax: 48 * 1024 * 1024,
  connectionsMax: 512,
  headMs: 10_000,
  requestMs: 60_000,
  // Reading and throwing away costs little; a client that sends 1 GB before it reads should still read why it was refused.
  discard: { bytesMax: 2 ** 31, totalMs: 10_000, idleMs: 1_000 },
};
const HOST_DEFAULT = '127.0.0.1';
const SOCKET_MODE_DEFAULT = 0o600;
/** Longer than clients' pools keep idle connections, so that it is they who close, and no request meets a closing connection. */
const KEEP_ALIVE_MS = 65_000;
/** An answer takes milliseconds; what a client still has to send by then it hasn't got an answer to. The archive needs the rest of 10 s. */
const CLOSE_DEADLINE_MS = 3_000;
/** How often slow clients are looked for. */
const CHECK_MS = 2_000;
const HEAD_BYTES_MAX = 16 * 1024;

type Method = 'GET' | 'POST' | 'PUT';
type Door = (call: Call) => Answer | Promise<Answer>;

interface Call {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly lease: BodyLease;
  /** The name in `/agents/<name>/…`. */
  readonly agentId: AgentId | undefined;
  /** Aborts when the client goes away. */
  readonly gone: AbortSignal;
}

/**
 * The agent's local HTTP API (DESIGN 4.4) on 127.0.0.1 and on a Unix socket: where AI agents leave their records and ask about
 * themselves. Every answer to `POST /logs` follows the commit of its records.
 */
export class LocalApi implements AsyncDisposable {
  readonly #options: LocalApiOptions;
  readonly #limits: LocalApiLimits;
  /** Those that listen, and those that only answer what is under way. */
  readonly #servers = new Set<http.Server>();
  #address: LocalAddress;
  #hosts: AllowedHosts;
  #tcp: http.Server | undefined;
  #unix: http.Server | undefined;
  readonly #budget: BodyBudget;
  readonly #counts: IntakeCounts = { requests: 0, repeated: 0, rejectedLines: 0, keysReused: 0, keysTooMany: 0 };
  readonly #otlpCounts = otlpCounts();
  #otlp: Promise<OtlpDoor> | undefined;
  readonly #startedAt: number;
  readonly #doors: Readonly<Record<string, Partial<Record<Method, Door>>>>;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: LocalApiOptions) {
    this.#options = options;
    this.#address = options;
    this.#hosts = allowedHosts(hostOf(options), options.hosts);
    this.#limits = { ...LIMITS_DEFAULT, ...options.limits };
    this.#budget = new BodyBudget(this.#limits.bodiesBytesMax);
    this.#startedAt = options.clock.now();
    this.#doors = this.#openDoors();
  }

  /**
   * Listens, and resolves when requests are taken.
   * @throws NervesysError `NSV_PORT_IN_USE`, `NSV_ALREADY_RUNNING`, `NSV_SETTING_INVALID`
   */
  static async open(options: LocalApiOptions): Promise<LocalApi> {
    const api = new LocalApi(options);
    try {
      api.#tcp = await api.#listenTcp(options);
      api.#unix = await api.#listenUnix(options);
      return api;
    } catch (error) {
      await api.close(0);
      throw error;
    }
  }

  /**
   * Listens elsewhere from now on, at the new place before it leaves the former; what is under way there is answered. Rejects as `open` does,
   * and then it listens where it did.
   */
  async move(to: LocalAddress): Promise<void> {
    if (this.#closing !== undefined) return;
    const from = this.#address;
    const [formerTcp, formerUnix] = [this.#tcp, this.#unix];
    const isOtherSocket = to.socketPath !== from.socketPath;
    const isOtherPort = hostOf(to) !== hostOf(from) || to.port !== from.port;
    if (isOtherPort) this.#tcp = await this.#moveTcp(from, to);
    try {
      if (isOtherSocket) this.#unix = await this.#listenUnix(to);
      else if (this.socketPath !== undefined) await chmod(this.socketPath, to.socketMode ?? SOCKET_MODE_DEFAULT);
    } catch (error) {
      if (isOtherPort) await this.#retire(this.#tcp);
      if (isOtherPort) this.#tcp = formerTcp?.listening === true ? formerTcp : await this.#listenTcp(from);
      throw error;
    }
    this.#address = to;
    this.#hosts = allowedHosts(hostOf(to), to.hosts);
    if (isOtherPort) void this.#retire(formerTcp);
    if (isOtherSocket) void this.#retire(formerUnix);
  }

  get port(): number {
    return (this.#tcp?.address() as AddressInfo | null)?.port ?? 0;
  }

  get url(): string {
    const host = hostOf(this.#address);
    return `http://${host === '0.0.0.0' || host === '::' ? HOST_DEFAULT : host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /** The Unix socket, where there is one. */
  get socketPath(): string | undefined {
    return this.#unix === undefined ? undefined : this.#address.socketPath;
  }

  /** Takes no new requests, lets those being answered finish within `deadlineMs`, then closes every connection. Safe twice. */
  close(deadlineMs: number = CLOSE_DEADLINE_MS): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(deadlineMs: number): Promise<void> {
    const servers = [...this.#servers];
    const closed = servers.map((server) => this.#retire(server));
    if (this.#inFlight > 0) {
      const deadline = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#idle = resolve;
        }),
        this.#options.clock.sleep(deadlineMs, deadline.signal).catch(() => undefined), // stopped: all were answered
      ]);
      deadline.abort();
    }
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  async #listenTcp(address: LocalAddress): Promise<http.Server> {
    const server = this.#createServer(() => this.#hosts);
    try {
      await listenTcp(server, hostOf(address), address.port);
      return server;
    } catch (error) {
      this.#servers.delete(server);
      throw error;
    }
  }

  /** `undefined`: none is wanted, or it can't be had. */
  async #listenUnix({ socketPath, socketMode = SOCKET_MODE_DEFAULT }: LocalAddress): Promise<http.Server | undefined> {
    if (socketPath === undefined) return undefined;
    const server = this.#createServer(() => undefined);
    const listens = await listenUnix(server, socketPath, socketMode, this.#options.logger).catch((error: unknown) => {
      this.#servers.delete(server);
      throw error;
    });
    if (listens) return server;
    this.#servers.delete(server);
    return undefined;
  }

  /** The new address may share the port with the former (another host): then that is left first, and taken again where the new can't be had. */
  async #moveTcp(from: LocalAddress, to: LocalAddress): Promise<http.Server> {
    try {
      return await this.#listenTcp(to);
    } catch (error) {
      if (errorCode(error) !== 'NSV_PORT_IN_USE' || to.port !== this.port) throw error;
      void this.#retire(this.#tcp);
      return await this.#listenTcp(to).catch(async (lasting: unknown) => {
        this.#tcp = await this.#listenTcp(from);
        throw lasting;
      });
    }
  }

  /** Takes no connection any more, answers what is under way; resolves once its last connection is closed. */
  #retire(server: http.Server | undefined): Promise<void> {
    if (server === undefined || !this.#servers.has(server)) return Promise.resolve();
    return new Promise((resolve) => {
      server.close(() => {
        this.#servers.delete(server);
        resolve();
      });
      server.closeIdleConnections();
    });
  }

  #createServer(hosts: () => AllowedHosts | undefined): http.Server {
    const server = http.createServer({
      headersTimeout: this.#limits.headMs,
      requestTimeout: this.#limits.requestMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, this.#limits.headMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEAD_BYTES_MAX,
    });
    server.maxConnections = this.#limits.connectionsMax;
    server.on('request', (request, response) => void this.#serve(server, request, response, hosts(), false));
    server.on('checkContinue', (request, response) => void this.#serve(server, request, response, hosts(), true));
    server.on('drop', () => this.#options.logger.warn('a connection was dropped: too many are open'));
    this.#servers.add(server);
    return server;
  }

  /** One request from its head to its answer; never rejects. */
  async #serve(
    server: http.Server,
    request: IncomingMessage,
    response: ServerResponse,
    hosts: AllowedHosts | undefined,
    waitsForContinue: boolean,
  ): Promise<void> {
    const lease: BodyLease = { budget: this.#budget, bytes: 0 };
    const gone = new AbortController();
    response.on('close', () => {
      // Most requests end well: an error with its stack for each would cost a third of a small one.
      if (!response.writableFinished) gone.abort(new ClientGone('the client closed its connection'));
      this.#inFlight--; // only now is the answer with the operating system, and safe from our closing of the connection
      if (this.#inFlight === 0) this.#idle?.();
    });
    response.on('error', () => undefined); // the client went away; 'close' follows
    this.#inFlight++;
    try {
      const answer = await this.#answer(request, response, hosts, lease, gone.signal, waitsForContinue);
      if (!server.listening) response.shouldKeepAlive = false;
      await sendAnswer(request, response, answer, this.#options.clock, this.#limits.discard);
    } catch (error) {
      if (!(error instanceof ClientGone)) this.#options.logger.error('an answer could not be sent', errorFields(error));
      request.destroy();
    } finally {
      release(lease);
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    hosts: AllowedHosts | undefined,
    lease: BodyLease,
    gone: AbortSignal,
    waitsForContinue: boolean,
  ): Promise<Answer> {
    try {
      if (this.#closing !== undefined) throw new NervesysError('NSV_SHUTTING_DOWN', 'the agent is closing');
      refuseForeign(request.headers, hosts);
      const { door, query, agentId } = this.#findDoor(request);
      if (waitsForContinue) {
        checkBodyHead(request, this.#limits.bodyBytesMax); // refused before the client sends what would be thrown away
        response.writeContinue();
      }
      return await door({ request, query, lease, agentId, gone });
    } catch (error) {
      if (error instanceof ClientGone) throw error;
      if (error instanceof NervesysError) return await refusal(request, error);
      this.#options.logger.error('a request failed unexpectedly', { path: pathOf(request), ...errorFields(error) });
      return await refusal(
        request,
        new NervesysError('NSV_INTERNAL', 'something unexpected failed; the log says what'),
      );
    }
  }

  /** @throws NervesysError `NSV_NOT_FOUND`, `NSV_METHOD_NOT_ALLOWED`, `NSV_BODY_INVALID` */
  #findDoor(request: IncomingMessage): { door: Door; query: URLSearchParams; agentId: AgentId | undefined } {
    const path = pathOf(request);
    const query = new URLSearchParams((request.url ?? '').slice(path.length + 1));
    const match = /^\/agents\/([^/]+)\/(config|status)$/.exec(path);
    const doors = match === null ? this.#doors[path] : this.#doors[`/agents/*/${match[2]}`];
    if (doors === undefined || !path.startsWith('/'))
      throw new NervesysError('NSV_NOT_FOUND', `there is nothing at ${path.slice(0, 200)}`, {
        hint: 'GET / lists the calls.',
      });
    const method = (request.method === 'HEAD' ? 'GET' : request.method) as Method;
    const door = Object.hasOwn(doors, method) ? doors[method] : undefined;
    if (door === undefined) {
      const methods = Object.keys(doors).join(', ');
      throw new NervesysError('NSV_METHOD_NOT_ALLOWED', `${request.method} is not for ${path}; ${methods} is`, {
        facts: { allow: methods },
      });
    }
    return { door, query, agentId: match === null ? undefined : agentIdOf(match[1]!) };
  }

  #openDoors(): Record<string, Partial<Record<Method, Door>>> {
    const options = this.#options;
    const { bodyBytesMax } = this.#limits;
    return {
      __proto__: null as never, // a path like /constructor finds nothing
      '/': { GET: () => getHelp(options) },
      '/logs': {
        GET: ({ query }) => getLogs(query, options),
        POST: ({ request, query, lease }) => postLogs(request, query, options, bodyBytesMax, lease, this.#counts),
      },
      '/v1/logs': { POST: (call) => this.#receiveOtlp('logs', call) },
      '/v1/traces': { POST: (call) => this.#receiveOtlp('traces', call) },
      '/v1/metrics': { POST: (call) => this.#receiveOtlp('metrics', call) },
      '/agents/*/config': { GET: ({ agentId }) => getAgentConfig(agentId!, options) },
      '/agents/*/status': { PUT: ({ request, agentId, lease }) => putStatus(agentId!, request, options, lease) },
      '/buffer': { GET: () => getBuffer(options.sink.stats(), options.health()) },
      '/flush': { POST: ({ query, gone }) => postFlush(query, options, gone) },
      '/triage/explain': { POST: ({ request, lease }) => postExplain(request, options, lease) },
      '/healthz': { GET: () => getHealth(options, this.#startedAt, this.#closing !== undefined) },
      '/metrics': { GET: () => this.#metrics() },
    };
  }

  /** What OTLP needs is loaded with the first request of it: on most servers nobody sends any. */
  async #receiveOtlp(signal: Signal, { request, query, lease }: Call): Promise<Answer> {
    this.#otlp ??= import('../otlp/otlp-door.ts').then(
      ({ OtlpDoor }) => new OtlpDoor(this.#options, this.#limits.bodyBytesMax, this.#otlpCounts, this.#startedAt),
    );
    return (await this.#otlp).receive(signal, request, query, lease);
  }

  #metrics(): Answer {
    const { sink, registry, clock, metrics } = this.#options;
    const own = agentMetrics({
      stats: sink.stats(),
      totals: registry.totals,
      knownAgents: registry.size,
      untracked: registry.untracked,
      ...this.#counts,
      bodyBytes: this.#budget.bytes,
      now: clock.now(),
    });
    return {
      status: 200,
      type: METRICS_CONTENT_TYPE,
      body: formatMetrics([...own, ...otlpMetrics(this.#otlpCounts), ...(metrics?.() ?? [])]),
    };
  }
}

function hostOf({ host = HOST_DEFAULT }: LocalAddress): string {
  return host;
}

/** A problem document, or what OTLP's clients understand at their addresses. */
async function refusal(request: IncomingMessage, error: NervesysError): Promise<Answer> {
  if (!/^\/v1\/(?:logs|traces|metrics)$/.test(pathOf(request))) return problemAnswer(error);
  const { otlpProblemAnswer } = await import('../otlp/otlp-answers.ts');
  return otlpProblemAnswer(request.headers['content-type'], error);
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function agentIdOf(part: string): AgentId {
  let agentId: AgentId | undefined;
  try {
    agentId = parseAgentId(decodeURIComponent(part));
  } catch {
    agentId = undefined; // a broken %-escape
  }
  if (agentId === undefined)
    throw new NervesysError('NSV_BODY_INVALID', 'an agent_id has 1 to 50 characters and no control characters');
  return agentId;
}
